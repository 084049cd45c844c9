import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { nodeFiles } from "../../src/platform/files.ts";
import { temporaryFolder } from "../support/root.ts";

it("makes a file once, however many try at the same time, and leaves nothing else behind", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "deep/key");
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, i) => nodeFiles.create(path, `writer ${i}`, 0o600)),
  );
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, "utf8")).toBe(`writer ${made.indexOf(true)}`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "deep"))).toEqual(["key"]);
});
