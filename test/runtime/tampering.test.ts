import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import type { TradsysError } from "../../src/domain/errors.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { generationFolder, rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import { listCandidates } from "../../src/store/read.ts";
import {
  activating,
  applyAll,
  digestOf,
  generationOf,
  publishSample,
  temporaryFolder,
} from "../support/root.ts";

/** A root whose one plugin tells the test that its code was run. */
async function activeRoot({ padding = "", keepsPack = false } = {}) {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, {
    name: "sample",
    manifest: { hostProvided: ["recorder"] },
    code: `require("recorder")("loaded");${activating("return { main: {} };")}//${padding}`,
  });
  const generation = generationOf([plugin], { "sample#main": {} });
  await applyAll(root, generation);
  const { store, host } = rootPaths(root);
  // Without its pack a start reads the store.
  if (!keepsPack) await rm(host, { recursive: true });
  const digest = digestOf(generation);
  return {
    root,
    digest,
    bundle: blobPath(store, plugin.blob),
    envelope: blobPath(store, plugin.envelopes[0] ?? plugin.blob),
    generation: rootPaths(root).generation(digest),
    current: rootPaths(root).current,
  };
}

/** What becomes of a start: `ran`, or the refusal, if nothing was run. */
async function started(root: string): Promise<string> {
  let runs = 0;
  try {
    const runtime = await startRuntime({ root, hostModules: { recorder: () => void (runs += 1) } });
    await runtime.stop();
    return "ran";
  } catch (error) {
    if (runs > 0) return "ran and failed";
    const { code, diagnostics } = error as TradsysError;
    const [{ message, location } = { message: "" }] = diagnostics;
    return `${code} ${location?.file}: ${message}`;
  }
}

/** Flips one bit at each position in turn, on the disk, and collects the distinct outcomes. */
async function flipping<T>(
  file: string,
  positions: Iterable<number>,
  outcomeOf: () => Promise<T>,
): Promise<Set<T>> {
  await using handle = await open(file, "r+");
  const original = await handle.readFile();
  const outcomes = new Set<T>();
  for (const at of positions) {
    const byte = original.readUInt8(at);
    await handle.write(Buffer.of(byte ^ (1 << (at % 8))), 0, 1, at);
    outcomes.add(await outcomeOf());
    await handle.write(Buffer.of(byte), 0, 1, at);
  }
  return outcomes;
}

/** `expected sha256:…, found sha256:…` differs for every flip. */
const withoutDigests = (outcome: string): string => outcome.replaceAll(/(?<=: .*)sha256:[0-9a-f]{64}/g, "…");

const everyByte = async (file: string): Promise<Iterable<number>> => (await readFile(file)).keys();

it("runs nothing of a bundle or an envelope of which any byte was changed, and names plugin and file", async () => {
  const { root, bundle, envelope } = await activeRoot();
  const outcome = async (): Promise<string> => withoutDigests(await started(root));
  expect(await outcome()).toBe("ran");
  expect(await flipping(bundle, await everyByte(bundle), outcome)).toEqual(
    new Set([
      `BLOB_DIGEST_MISMATCH ${bundle}: the bundle of @acme/sample@1.0.0: the store is damaged: expected …, found …`,
    ]),
  );
  expect(await flipping(envelope, await everyByte(envelope), outcome)).toEqual(
    new Set([
      `BLOB_DIGEST_MISMATCH ${envelope}: an envelope of @acme/sample@1.0.0: the store is damaged: expected …, found …`,
    ]),
  );
  expect(await outcome()).toBe("ran");
});

it("runs nothing of a large bundle that was changed at any of 2000 places", async () => {
  const { root, bundle } = await activeRoot({ padding: randomBytes(150_000).toString("base64") });
  const { length } = await readFile(bundle);
  expect(length).toBeGreaterThan(100_000);
  // A fixed walk over the file: the step shares no factor with most lengths, so places differ.
  const places = Array.from({ length: 2000 }, (_, i) => (i * 7919 + 13) % length);
  const outcome = async (): Promise<string> => (await started(root)).slice(0, 20);
  expect(await flipping(bundle, places, outcome)).toEqual(new Set(["BLOB_DIGEST_MISMATCH"]));
});

it("runs nothing of a generation of which any byte was changed, and names it", async () => {
  const { root, generation, digest } = await activeRoot();
  const outcome = async (): Promise<string> => (await started(root)).replace(/hashes to .*/, "hashes to …");
  expect(await flipping(generation, await everyByte(generation), outcome)).toEqual(
    new Set([`GENERATION_DAMAGED ${generation}: generation ${digest} was changed: its file hashes to …`]),
  );
  expect(await outcome()).toBe("ran");
});

it("runs nothing when any letter of the link to the current generation was changed", async () => {
  const { root, current, digest } = await activeRoot();
  const target = generationFolder(digest);
  const outcomes = new Set<string>();
  for (const at of target.split("").keys()) {
    const bytes = Buffer.from(target);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await rm(current);
    await symlink(bytes, current);
    outcomes.add((await started(root)).split(" ")[0] ?? "");
  }
  // A letter beyond `f` is no digest; another digit names a generation that does not exist.
  expect(outcomes).toEqual(new Set(["GENERATION_DAMAGED", "GENERATION_MISSING"]));
  await rm(current);
  await symlink(target, current);
  expect(await started(root)).toBe("ran");
});

it("runs nothing of what was cut off, made longer, emptied, removed or replaced", async () => {
  const { root, bundle, envelope, generation } = await activeRoot();
  const other = await publishSample(root, { name: "other" });
  for (const file of [bundle, envelope, generation]) {
    const good = await readFile(file);
    const changes: (() => Promise<void>)[] = [
      () => truncate(file, good.length - 1),
      () => writeFile(file, Buffer.concat([good, Buffer.of(0)])),
      () => truncate(file, 0),
      () => rm(file),
      async () => {
        await link(blobPath(rootPaths(root).store, other.blob), `${file}.new`);
        await rename(`${file}.new`, file);
      },
    ];
    for (const change of changes) {
      await change();
      expect(await started(root)).toMatch(
        /^(?:BLOB_DIGEST_MISMATCH|BLOB_MISSING|GENERATION_DAMAGED|GENERATION_MISSING) /,
      );
      await expect(preload({ root })).rejects.toHaveProperty("diagnostics.0.location.file", file);
      await nodeFiles.write(file, good);
    }
  }
  expect(await started(root)).toBe("ran");
});

it("does not need what the store says about a bundle, and planning refuses it where it was changed", async () => {
  const { root, bundle, envelope } = await activeRoot();
  const { store } = rootPaths(root);
  const blobs = (await nodeFiles.list(`${store}/blobs/sha256`)).map((hex) => `${store}/blobs/sha256/${hex}`);
  // Two image manifests, the bundle's configuration, and the empty configuration of the envelope's image.
  const described = blobs.filter((file) => file !== bundle && file !== envelope);
  expect(described).toHaveLength(4);
  const listed = (): Promise<string> =>
    listCandidates(nodeFiles, store).then(
      () => "listed",
      ({ code, diagnostics }: TradsysError) => `${code} ${diagnostics[0]?.location?.file}`,
    );
  const outcomes = new Set<string>();
  for (const file of described) {
    const found = await flipping(file, await everyByte(file), listed);
    for (const outcome of found) outcomes.add(outcome);
    expect(await flipping(file, [0], () => started(root))).toEqual(new Set(["ran"]));
  }
  const refused = described.filter((file) => outcomes.has(`BLOB_DIGEST_MISMATCH ${file}`));
  // The two bytes of an empty configuration are the only ones that nobody reads.
  expect(refused).toHaveLength(3);
});
