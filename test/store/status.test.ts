import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { PluginName } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { garbageIn } from "../../src/store/collect.ts";
import { publish } from "../../src/store/publish.ts";
import { yank } from "../../src/store/yank.ts";
import { packed } from "../bundle/sample.ts";
import { list, put, readAll, readIndexJson, root, versions } from "./folder.ts";

const { bytes, ...bundle } = packed();
const { name } = bundle.manifest;

const publishOn = (published: string, envelopes: readonly string[] = []) =>
  publish(nodeFiles, root, { bytes, bundle, envelopes, published });
const takeBack = (reason: string | undefined, version = "4.2.0") =>
  yank(nodeFiles, root, { name, version, reason });

it("remembers the day on which a version was first published", async () => {
  const { candidate } = await publishOn("2026-03-15");
  expect(candidate).toMatchObject({ published: "2026-03-15" });
  await publishOn("2026-04-01", ["signed later\n"]);
  expect(await list()).toMatchObject([{ published: "2026-03-15", envelopes: [expect.any(String)] }]);
});

it("reads a store whose versions have no day, and dates them when they are published again", async () => {
  await put();
  expect((await list())[0]).not.toHaveProperty("published");
  await publishOn("2026-04-01");
  expect(await list()).toMatchObject([{ published: "2026-04-01" }]);
});

it("takes a version back with a reason, and gives it back as it was", async () => {
  await publishOn("2026-03-15", ["an envelope\n"]);
  const before = await readIndexJson();
  expect(await takeBack("rounds wrongly")).toBe(true);
  expect(await takeBack("rounds wrongly")).toBe(false);
  expect(await list()).toMatchObject([{ yanked: "rounds wrongly", published: "2026-03-15" }]);
  // Whoever publishes it again has not given it back.
  await publishOn("2026-05-01");
  expect(await list()).toMatchObject([{ yanked: "rounds wrongly", published: "2026-03-15" }]);
  expect(await takeBack(undefined)).toBe(true);
  expect(await readIndexJson()).toEqual(before);
  expect(await readAll()).toEqual(await versions());
});

it("takes back what nobody dated, and what it does not hold not", async () => {
  await put();
  const before = await readIndexJson();
  await takeBack("broken");
  expect(await list()).toMatchObject([{ yanked: "broken" }]);
  await takeBack(undefined);
  expect(await readIndexJson()).toEqual(before);
  await expect(takeBack("broken", "9.9.9")).rejects.toMatchObject({ code: "PLUGIN_UNKNOWN" });
});

it("is in the state of the last word on each version, whatever came before", async () => {
  const words = fc.array(
    fc.record({
      version: fc.constantFrom("1.0.0", "2.0.0"),
      reason: fc.constantFrom(undefined, "one", "two"),
    }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(words, async (said) => {
      for (const version of ["1.0.0", "2.0.0"]) {
        await put({ version, name: "@acme/said" as PluginName });
        await yank(nodeFiles, root, { name: "@acme/said" as PluginName, version, reason: undefined });
      }
      for (const word of said) await yank(nodeFiles, root, { ...word, name: "@acme/said" as PluginName });
      const expected = ["1.0.0", "2.0.0"].map(
        (version) => said.findLast((word) => word.version === version)?.reason,
      );
      expect((await list()).map(({ yanked }) => yanked)).toEqual(expected);
      // What was said before is garbage, and what holds is not.
      for (const file of await garbageIn(nodeFiles, root, new Set())) await nodeFiles.remove(file);
      expect((await list()).map(({ yanked }) => yanked)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});
