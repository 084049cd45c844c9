import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { list, put, readAll, root, versions } from "./folder.ts";

const publisher = fileURLToPath(new URL("publisher.ts", import.meta.url));
const run = (...args: readonly string[]) => promisify(execFile)(process.execPath, [publisher, root, ...args]);

it("loses nothing when processes publish at once", async () => {
  const wanted = ["1.0.0", "2.0.0", "3.0.0", "4.0.0"];
  await Promise.all(wanted.map((version) => run(version)));
  expect(await versions()).toEqual(wanted.map((version) => `@tradsys/risk-core@${version}`));
  expect((await list()).map(({ envelopes }) => envelopes.length)).toEqual([1, 1, 1, 1]);
});

it("tells a second publisher in the same process to wait", async () => {
  const outcomes = await Promise.allSettled([put({ version: "1.0.0" }), put({ version: "2.0.0" })]);
  const refused = outcomes.filter(({ status }) => status === "rejected");
  expect(refused).toEqual([expect.objectContaining({ reason: expect.objectContaining({ code: "BUSY" }) })]);
  expect(await versions()).toHaveLength(1);
});

it("holds the old or the new set, whenever a publisher is killed", async () => {
  await put({ version: "1.0.0" });
  const steps = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
  const survived: string[] = [];
  for (const step of steps) {
    const outcome = await run("2.0.0", step).then(
      () => "done",
      (error: { signal?: string }) => error.signal,
    );
    if (outcome === "done") survived.push(step);
    expect(await readAll()).toHaveLength(outcome === "done" ? 2 : 1);
  }
  // Six blobs, the layout and the index: with eight writes done, there is nothing left to die before.
  expect(survived).toEqual(["8"]);
});
