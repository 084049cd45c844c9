import { readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { readJournal } from "../../src/activation/journal.ts";
import { rootStatus } from "../../src/activation/status.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { Digest } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { generationFolder, rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import {
  activation,
  applyAll,
  digestOf,
  generationOf,
  oneOf,
  planFrom,
  publishSample,
  temporaryFolder,
  trust,
} from "../support/root.ts";

const active = async (root: string): Promise<Digest | undefined> =>
  (await rootStatus(nodeFiles, root)).active?.digest;

const events = async (root: string): Promise<string[]> =>
  (await readJournal(nodeFiles, rootPaths(root).journal)).map(({ action, event }) => `${action} ${event}`);

/** A root with three versions of a plugin, and a generation for each. */
async function threeReleases() {
  const root = await temporaryFolder();
  const first = await oneOf(root, { name: "risk", version: "1.0.0" });
  const second = await oneOf(root, { name: "risk", version: "2.0.0" });
  const third = await oneOf(root, { name: "risk", version: "3.0.0" });
  return { root, first, second, third };
}

it("makes a plan's generation the current one and writes down who asked for it", async () => {
  const { root, first } = await threeReleases();
  expect(await rootStatus(nodeFiles, root)).toEqual({
    active: null,
    generations: [],
    last: null,
    interrupted: false,
    halfWay: null,
  });
  const digest = digestOf(first);
  expect(await applyPlan(planFrom(null, first), activation(root))).toEqual({
    from: null,
    to: digest,
    changed: true,
    warnings: [],
  });
  const status = await rootStatus(nodeFiles, root);
  expect(status).toMatchObject({
    active: { digest, generation: first },
    generations: [digest],
    last: { event: "finished", action: "apply", from: null, to: digest, actor: "tester", seq: 2 },
    interrupted: false,
  });
  expect(status.last?.at).toBe("2026-03-15T12:00:00.000Z");
  expect(await readlink(rootPaths(root).current)).toBe(generationFolder(digest));
});

it("does nothing when the generation is active already, whatever the plan started from", async () => {
  const { root, first } = await threeReleases();
  await applyAll(root, first);
  const before = await readFile(rootPaths(root).journal);
  const digest = digestOf(first);
  expect(await applyPlan(planFrom(null, first), activation(root))).toEqual({
    from: digest,
    to: digest,
    changed: false,
    warnings: [],
  });
  expect(await readFile(rootPaths(root).journal)).toEqual(before);
});

it("refuses a plan that starts from what is not active any more", async () => {
  const { root, first, second, third } = await threeReleases();
  await applyAll(root, first, second);
  await expect(applyPlan(planFrom(digestOf(first), third), activation(root))).rejects.toMatchObject({
    code: "PLAN_STALE",
    message: `the plan starts from generation ${digestOf(first)}, and generation ${digestOf(second)} is active`,
  });
  await expect(applyPlan(planFrom(null, third), activation(root))).rejects.toThrow(
    "the plan starts from an empty root",
  );
  expect(await active(root)).toBe(digestOf(second));
});

it("refuses a plan that was edited", async () => {
  const { root, first } = await threeReleases();
  const plan = planFrom(null, first);
  const edited = { ...plan, generation: { ...first, deployment: "other" } };
  await expect(applyPlan(edited, activation(root))).rejects.toMatchObject({ code: "PLAN_INVALID" });
  expect(await events(root)).toEqual([]);
});

it("goes back one generation at a time, and no further than to the first", async () => {
  const { root, first, second, third } = await threeReleases();
  await applyAll(root, first, second, third);
  expect(await rollBack(undefined, activation(root))).toEqual({
    from: digestOf(third),
    to: digestOf(second),
    changed: true,
    warnings: [],
  });
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(digestOf(first));
  await expect(rollBack(undefined, activation(root))).rejects.toMatchObject({
    code: "GENERATION_MISSING",
    message: "there is no generation before the current one",
  });
  expect((await rootStatus(nodeFiles, root)).generations).toHaveLength(3);
});

it("goes back along the way it came, also where one generation was applied twice", async () => {
  const { root, first, second } = await threeReleases();
  await applyAll(root, first, second, first);
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(digestOf(second));
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(digestOf(first));
  await expect(rollBack(undefined, activation(root))).rejects.toMatchObject({ code: "GENERATION_MISSING" });
});

it("goes to the generation that is named, forwards too", async () => {
  const { root, first, second, third } = await threeReleases();
  await applyAll(root, first, second, third);
  await rollBack(digestOf(first), activation(root));
  expect(await active(root)).toBe(digestOf(first));
  await rollBack(digestOf(third), activation(root));
  expect(await active(root)).toBe(digestOf(third));
  expect(await rollBack(digestOf(third), activation(root))).toMatchObject({ changed: false });
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(digestOf(first));
});

it("has nothing to go back to where nothing was applied", async () => {
  const root = await temporaryFolder();
  await expect(rollBack(undefined, activation(root))).rejects.toMatchObject({ code: "GENERATION_MISSING" });
  const unknown = digestOf(generationOf([], {}));
  await expect(rollBack(unknown, activation(root))).rejects.toMatchObject({
    code: "GENERATION_MISSING",
    message: `there is no generation ${unknown}`,
  });
});

it("changes nothing when a bundle was tampered with, and names it", async () => {
  const { root, first } = await threeReleases();
  const [good, bad] = [
    await publishSample(root, { name: "good" }),
    await publishSample(root, { name: "bad" }),
  ];
  const generation = generationOf([bad, good], { "good#main": {}, "bad#main": {} });
  await applyAll(root, first);
  const file = blobPath(rootPaths(root).store, bad.blob);
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  await writeFile(file, bytes);

  const before = await events(root);
  await expect(applyPlan(planFrom(digestOf(first), generation), activation(root))).rejects.toMatchObject({
    code: "BLOB_DIGEST_MISMATCH",
    message: expect.stringContaining("the bundle of @acme/bad@1.0.0"),
    diagnostics: [{ location: { file } }],
  });
  expect(await events(root)).toEqual(before);
  expect(await active(root)).toBe(digestOf(first));
  expect((await rootStatus(nodeFiles, root)).generations).toEqual([digestOf(first)]);
});

it("tells of every bundle that does not pass, not only of the first", async () => {
  const root = await temporaryFolder();
  const plugins = [await publishSample(root, { name: "a" }), await publishSample(root, { name: "b" })];
  for (const { blob } of plugins) await rm(blobPath(rootPaths(root).store, blob));
  const plan = planFrom(null, generationOf(plugins, { "a#main": {}, "b#main": {} }));
  await expect(applyPlan(plan, activation(root))).rejects.toMatchObject({
    code: "BLOB_MISSING",
    diagnostics: [
      { message: expect.stringContaining("@acme/a@1.0.0") },
      { message: expect.stringContaining("@acme/b@1.0.0") },
    ],
  });
});

it("refuses what the policy revokes and what nobody signed", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "risk" });
  const facets = { "risk#main": {} };
  const revoked = { ...trust, revoked: { keys: [], digests: [{ digest: plugin.content, reason: "CVE" }] } };
  await expect(
    applyPlan(planFrom(null, generationOf([plugin], facets, revoked)), activation(root)),
  ).rejects.toMatchObject({ code: "NOT_TRUSTED", message: expect.stringContaining("is revoked: CVE") });

  const unsigned = generationOf([{ ...plugin, envelopes: [] }], facets);
  await expect(applyPlan(planFrom(null, unsigned), activation(root))).rejects.toMatchObject({
    code: "NOT_SIGNED",
    message: "@acme/risk@1.0.0 is not signed; it needs 1 more builder signature, by ci",
  });
  expect(await active(root)).toBeUndefined();
});

it("refuses a generation that names another version than the bundle holds", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "risk" });
  const generation = generationOf([{ ...plugin, version: "9.9.9" }], { "risk#main": {} });
  await expect(applyPlan(planFrom(null, generation), activation(root))).rejects.toMatchObject({
    code: "BUNDLE_MODIFIED",
    message: expect.stringContaining("the bundle of @acme/risk@9.9.9 is another one: @acme/risk@1.0.0"),
  });
});

it("lets one of two appliers work at a time", async () => {
  const { root, first, second } = await threeReleases();
  const outcomes = await Promise.allSettled(
    [first, second].map((generation) => applyPlan(planFrom(null, generation), activation(root))),
  );
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes).toContainEqual({ status: "rejected", reason: expect.objectContaining({ code: "BUSY" }) });
});

it("does not follow a link to what is no generation", async () => {
  const { root, first } = await threeReleases();
  await applyAll(root, first);
  const { current } = rootPaths(root);
  for (const target of [
    "generations/nowhere",
    digestOf(first).slice(7),
    "/etc",
    `../${generationFolder(digestOf(first))}`,
  ]) {
    await rm(current);
    await symlink(target, current);
    await expect(rootStatus(nodeFiles, root)).rejects.toMatchObject({
      code: "GENERATION_DAMAGED",
      diagnostics: [{ location: { file: current } }],
    });
  }
});

it("goes back from a generation whose file was damaged", async () => {
  const { root, first, second } = await threeReleases();
  await applyAll(root, first, second);
  await writeFile(rootPaths(root).generation(digestOf(second)), "{}");
  await expect(rootStatus(nodeFiles, root)).rejects.toMatchObject({ code: "GENERATION_DAMAGED" });
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(digestOf(first));
});

it("does not read a generation of another format, nor what is none at all", async () => {
  const root = await temporaryFolder();
  for (const text of ['{"apiVersion":"tradsys/generation/v2"}', "null", "not JSON"]) {
    const digest = sha256(text);
    await nodeFiles.write(rootPaths(root).generation(digest), text);
    await expect(rollBack(digest, activation(root))).rejects.toMatchObject({ code: "API_VERSION_UNKNOWN" });
  }
});
