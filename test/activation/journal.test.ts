import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { openJournal, readJournal } from "../../src/activation/journal.ts";
import type { JournalRecord } from "../../src/activation/record.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { TradsysError } from "../../src/domain/errors.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { temporaryFolder } from "../support/root.ts";

const record = (event: "started" | "finished" | "interrupted", actor = "tester"): JournalRecord => ({
  event,
  action: "apply",
  from: null,
  to: sha256("generation"),
  actor,
  at: "2026-03-15T12:00:00.000Z",
});

async function written(...records: readonly JournalRecord[]): Promise<string> {
  const path = join(await temporaryFolder(), "journal.jsonl");
  const journal = await openJournal(nodeFiles, path);
  for (const each of records) await journal.append(each);
  return path;
}

const eventsIn = async (path: string): Promise<string[]> =>
  (await readJournal(nodeFiles, path)).map(({ event }) => event);

it("has one canonical line for each record, chained from the first to the last", async () => {
  const path = await written(record("started"), record("finished"));
  const [first, second] = await readJournal(nodeFiles, path);
  expect(first).toEqual({
    ...record("started"),
    seq: 1,
    previous: sha256(""),
    digest: expect.stringMatching(/^sha256:/),
  });
  expect(second).toMatchObject({ event: "finished", seq: 2, previous: first?.digest });
  const lines = (await readFile(path, "utf8")).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^\{"action":"apply","actor":"tester","at":/);
});

it("is empty where there is none", async () => {
  expect(await readJournal(nodeFiles, join(await temporaryFolder(), "none"))).toEqual([]);
});

/** How much of a journal is read, or which line of it is refused. */
const judged = (path: string): Promise<string> =>
  readJournal(nodeFiles, path).then(
    ({ length }) => `${length} entries`,
    (error: TradsysError) => `line ${error.diagnostics[0]?.location?.start?.line}`,
  );

it("finds every byte that is changed, wherever it is", async () => {
  const path = await written(record("started"), record("finished", 'ö "quoted" }'), record("started"));
  const good = await readFile(path);
  const ends = [...good.keys()].filter((at) => good[at] === 10);
  for (const at of good.keys()) {
    const bad = Buffer.from(good);
    bad.writeUInt8(good.readUInt8(at) ^ (1 << (at % 8)), at);
    await writeFile(path, bad);
    const line = ends.filter((end) => end < at).length + 1;
    // Without its end the last line cannot be told from one that a crash cut off.
    const expected = at === good.length - 1 ? "2 entries" : `line ${line}`;
    expect(await judged(path), `byte ${at}`).toBe(expected);
  }
});

it("finds lines that are missing, repeated or in another order", async () => {
  const path = await written(record("started"), record("finished"), record("started", "another"));
  const [a, b, c] = (await readFile(path, "utf8")).split("\n");
  for (const lines of [
    [b, c],
    [a, c],
    [a, a],
    [b, a, c],
    [a, b, b],
    [a, "", b],
    ["null"],
    ['{"actor":"\\ud800"}'],
  ]) {
    await writeFile(path, lines.map((line) => `${line}\n`).join(""));
    await expect(readJournal(nodeFiles, path)).rejects.toMatchObject({
      code: "JOURNAL_DAMAGED",
      message: expect.stringMatching(/^line \d of the journal is not what was written$/),
    });
  }
});

it("leaves out a last line that a crash cut off, and mends it before it goes on", async () => {
  const path = await written(record("started"), record("finished"));
  const whole = await readFile(path);
  const second = whole.indexOf("\n") + 1;
  for (let length = second; length < whole.length; length++) {
    await writeFile(path, whole);
    await truncate(path, length);
    expect(await eventsIn(path)).toEqual(["started"]);
    const journal = await openJournal(nodeFiles, path);
    expect(await readFile(path)).toEqual(whole.subarray(0, second));
    await journal.append(record("interrupted"));
    expect(await eventsIn(path)).toEqual(["started", "interrupted"]);
  }
});
