import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { auditJournal, type CheckpointFile } from "../../src/activation/audit.ts";
import { openJournal, readJournal } from "../../src/activation/journal.ts";
import { canonical } from "../../src/domain/canonical.ts";
import { CHECKPOINT_API_VERSION } from "../../src/domain/checkpoint.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { EMPTY_FLOOR, type TrustPolicy } from "../../src/domain/trust.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { CHECKPOINT } from "../../src/signing/checkpoint.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signDocument } from "../../src/signing/signed-document.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { activation, applyAll, digestOf, oneOf, planFrom, temporaryFolder, trust } from "../support/root.ts";

const { privatePem, publicPem } = generateKey();
const auditor = localSigner(privatePem);
const policy: TrustPolicy = {
  ...trust,
  keys: [...trust.keys, { name: "auditor", role: "release", publicKey: publicPem }],
};

/** A root with a history of its own, and its journal. */
async function lived() {
  const root = await temporaryFolder();
  const first = await oneOf(root, { name: "risk", version: "1.0.0" });
  const second = await oneOf(root, { name: "risk", version: "2.0.0" });
  await applyAll(root, first, second);
  await rollBack(undefined, activation(root));
  await applyPlan(planFrom(digestOf(first), second), activation(root));
  return { root, journal: rootPaths(root).journal };
}

async function vouched(root: string, told: { seq?: number; at?: string } = {}): Promise<CheckpointFile> {
  const entries = await readJournal(nodeFiles, rootPaths(root).journal);
  const { seq = entries.length, at = "2026-03-16T08:00:00.000Z" } = told;
  const digest = entries[seq - 1]?.digest ?? sha256("");
  const document = { apiVersion: CHECKPOINT_API_VERSION, seq, digest, at } as const;
  return { file: `${seq}.json`, text: await signDocument(CHECKPOINT, document, auditor) };
}

const audit = (root: string, checkpoints: readonly CheckpointFile[] = [], by: TrustPolicy = policy) =>
  auditJournal(nodeFiles, root, { policy: by, floor: EMPTY_FLOOR, checkpoints });

const findings = async (...given: Parameters<typeof audit>): Promise<string[]> =>
  (await audit(...given)).diagnostics.map(({ code, message }) => `${code} ${message}`);

it("finds nothing in a journal that was left alone, and says who vouched for it", async () => {
  const { root } = await lived();
  expect(await audit(root, [await vouched(root), await vouched(root, { seq: 4 })])).toMatchObject({
    entries: 8,
    head: expect.stringMatching(/^sha256:/),
    vouched: [
      { seq: 8, key: "auditor" },
      { seq: 4, key: "auditor" },
    ],
    diagnostics: [],
  });
});

it("finds a change in every region of a journal: each byte, each cut, each line", async () => {
  const { root, journal } = await lived();
  const good = await readFile(journal);
  const lineOf = (at: number): number => good.subarray(0, at).toString().split("\n").length;
  // Every byte that is not one of a hexadecimal digest, and one of each digest: their digits are alike.
  const isDigit = (at: number): boolean => /^[0-9a-f]{3}$/.test(good.toString("latin1", at - 1, at + 2));
  for (const at of [...good.keys()].filter((each) => !isDigit(each) || each % 16 === 0)) {
    const bad = Buffer.from(good);
    bad.writeUInt8(good.readUInt8(at) ^ (1 << (at % 7)), at);
    await writeFile(journal, bad);
    const [first] = (await audit(root)).diagnostics;
    expect(first, `byte ${at}`).toMatchObject({
      code: "JOURNAL_DAMAGED",
      location: { start: { line: lineOf(at) } },
    });
  }
});

it("finds what was cut off at the end, since something else is active", async () => {
  const { root, journal } = await lived();
  const good = await readFile(journal);
  for (let length = good.length - 1; length > 0; length -= 37) {
    await writeFile(journal, good.subarray(0, length));
    expect(await findings(root), `${length} bytes`).not.toEqual([]);
  }
  const lines = good.toString().split("\n");
  await writeFile(journal, `${lines.slice(0, 6).join("\n")}\n`);
  expect(await findings(root)).toEqual([
    expect.stringMatching(/^JOURNAL_DAMAGED the journal ends with .* active, and/),
  ]);
  // With the link changed too, only a checkpoint tells.
  await writeFile(journal, `${lines.slice(0, 4).join("\n")}\n`);
  expect(await findings(root)).toEqual([]);
  await writeFile(journal, good);
  const checkpoint = await vouched(root);
  await writeFile(journal, `${lines.slice(0, 4).join("\n")}\n`);
  expect(await findings(root, [checkpoint])).toEqual([
    "JOURNAL_DAMAGED the journal had 8 entries when auditor vouched for it on 2026-03-16T08:00:00.000Z, and has 4: it was cut short",
  ]);
});

it("finds a journal that was written anew from some entry on, by a checkpoint", async () => {
  const { root, journal } = await lived();
  const checkpoint = await vouched(root, { seq: 5 });
  const entries = await readJournal(nodeFiles, journal);
  await nodeFiles.remove(journal);
  const forged = await openJournal(nodeFiles, journal);
  for (const { seq: _, previous: __, digest: ___, ...record } of entries) {
    await forged.append({ ...record, actor: "somebody else" });
  }
  expect(await findings(root)).toEqual([]);
  expect(await findings(root, [checkpoint])).toEqual([
    expect.stringContaining("entry 5 of the journal is not the one that auditor vouched for"),
  ]);
});

it("believes no checkpoint of a stranger, of a revoked key, or from after a key's time", async () => {
  const { root } = await lived();
  const checkpoint = await vouched(root);
  const bounded = policy.keys.map((key) =>
    key.name === "auditor" ? { ...key, notAfter: "2026-03-16" } : key,
  );
  expect(await findings(root, [checkpoint], { ...policy, keys: bounded })).toEqual([]);
  const late = await vouched(root, { at: "2026-03-17T00:00:00.000Z" });
  expect(await findings(root, [late], { ...policy, keys: bounded })).toEqual([
    "CHECKPOINT_INVALID the checkpoint of auditor does not count: it was valid until 2026-03-16",
  ]);
  expect(await findings(root, [checkpoint], trust)).toEqual([expect.stringContaining("CHECKPOINT_INVALID")]);
  const revoked = { ...policy, revoked: { keys: [{ name: "auditor", reason: "stolen" }], digests: [] } };
  expect(await findings(root, [checkpoint], revoked)).toEqual([
    expect.stringContaining("it is revoked: stolen"),
  ]);
  expect(await findings(root, [{ file: "x", text: "{}" }])).toEqual([
    expect.stringContaining("CHECKPOINT_INVALID"),
  ]);
});

it("keeps entries in order by their numbers when the clock is set back, and tells of it", async () => {
  const { root } = await lived();
  const first = await oneOf(root, { name: "risk", version: "1.0.0" });
  const back = { ...activation(root), now: () => new Date("2026-03-01T00:00:00Z") };
  await rollBack(digestOf(first), back);
  const { diagnostics } = await audit(root);
  expect(diagnostics).toMatchObject([
    { code: "CLOCK_SET_BACK", severity: "warning", location: { start: { line: 9 } } },
  ]);
  expect((await readJournal(nodeFiles, rootPaths(root).journal)).map(({ seq }) => seq)).toHaveLength(10);
});

it("tells of a line that a crash cut off, which the next change takes away", async () => {
  const { root, journal } = await lived();
  await appendFile(journal, '{"action":"apply","actor"');
  expect(await findings(root)).toEqual(["JOURNAL_DAMAGED line 9 of the journal is cut off"]);
  await rollBack(undefined, activation(root));
  expect(await findings(root)).toEqual([]);
  await truncate(journal, 0);
  expect(await findings(root)).toEqual([expect.stringContaining("the journal ends with nothing active")]);
});

it("reads the journal of version 0.1.0, and refuses a line of a later one by its number", async () => {
  const { journal } = await lived();
  await nodeFiles.remove(journal);
  const old = {
    action: "apply",
    from: null,
    to: sha256("x"),
    actor: "tester",
    at: "2026-03-15T12:00:00.000Z",
  };
  let previous = sha256("");
  const line = (record: object, seq: number): string => {
    const body = { ...record, seq, previous };
    previous = sha256(canonical(body));
    return `${canonical({ ...body, digest: previous })}\n`;
  };
  const lines = [
    { ...old, event: "started" },
    { ...old, event: "interrupted" },
  ].map((each, i) => line(each, i + 1));
  await writeFile(journal, lines.join(""));
  expect((await readJournal(nodeFiles, journal)).map(({ event }) => event)).toEqual([
    "started",
    "interrupted",
  ]);
  await appendFile(journal, line({ ...old, event: "teleported" }, 3));
  await expect(readJournal(nodeFiles, journal)).rejects.toMatchObject({
    code: "API_VERSION_UNKNOWN",
    diagnostics: [{ location: { start: { line: 3 } } }],
  });
});
