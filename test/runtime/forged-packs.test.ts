import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Script } from "node:vm";

import { expect, it } from "vitest";

import { asFunction, FUNCTION_HEAD } from "../../src/domain/bundle.ts";
import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Generation, GenerationPlugin } from "../../src/domain/plan.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { readPublicKey } from "../../src/signing/keys.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { blobPath } from "../../src/store/layout.ts";
import { openPack, writePack } from "../../src/store/pack.ts";
import { raiseTrustFloor } from "../../src/store/trust-floor.ts";
import { compileAhead } from "../support/compile-ahead.ts";
import {
  activating,
  applyAll,
  generationOf,
  pluginName,
  publishSample,
  temporaryFolder,
  trust,
} from "../support/root.ts";

const keyId = readPublicKey(trust.keys[0]?.publicKey ?? "").id;

/** Over all files together. */
const MUTATIONS = 12_000;

const saying = (word: string): string => activating(`require("recorder")("${word}"); return { main: {} };`);

/** A root with one plugin, which says `good` when it runs; its pack and its compiled code are there. */
async function preparedRoot(code = saying("good")) {
  const root = await temporaryFolder();
  const manifest = { hostProvided: ["recorder"] };
  const plugin = await publishSample(root, { name: "sample", manifest, code });
  await applyAll(root, generationOf([plugin], { "sample#main": {} }));
  const { digest, plugins } = await preload({ root });
  const compiled = await compileAhead(root, { digest, plugins });
  expect(compiled).toBe(1);
  const { host, store, generation } = rootPaths(root);
  return {
    root,
    digest,
    codeDigest: plugins[0]?.bundle.manifest.files["dist/plugin.js"]?.sha256 ?? "",
    files: {
      pack: join(host, "plugins.pack"),
      compiled: join(host, "code.pack"),
      key: join(host, "key"),
      generation: generation(digest),
      bundle: blobPath(store, plugin.blob),
      envelope: blobPath(store, plugin.envelopes[0] ?? plugin.blob),
    },
  };
}

/** Starts a root and tells what ran, and what of it came out of the packs. */
async function started(root: string, files: Files = nodeFiles) {
  const said: string[] = [];
  try {
    const runtime = await startRuntime({
      root,
      files,
      hostModules: { recorder: (word: string) => void said.push(word) },
    });
    const { pack, codeCache } = runtime.report;
    await runtime.stop();
    return { said, pack, hits: codeCache.hits };
  } catch (error) {
    return { said, refused: error instanceof TradsysError ? error.code : "a bug" };
  }
}

/** The disk, but for these files. */
const seeing = (changed: ReadonlyMap<string, Buffer>): Files => ({
  ...nodeFiles,
  read: async (path, maxBytes) => changed.get(path) ?? nodeFiles.read(path, maxBytes),
});

/** Numbers below a bound, the same in every run. @see Marsaglia, "Xorshift RNGs" */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Another byte string: a bit, a byte, a stretch, two stretches swapped, cut off, longer. */
function mutate(original: Buffer, below: (bound: number) => number): Buffer {
  const bytes = Buffer.from(original);
  const at = below(bytes.length);
  const [to, length] = [below(bytes.length), 1 + below(16)];
  switch (below(6)) {
    case 0:
      bytes.writeUInt8(below(256), at);
      break;
    case 1:
      bytes.fill(below(256), at, Math.min(at + length, bytes.length));
      break;
    case 2:
      original.copy(bytes, to, at, at + length);
      original.copy(bytes, at, to, to + length);
      break;
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes, original.subarray(at, at + length)]);
    default:
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8)), at);
  }
  return bytes;
}

it(`runs nothing but what was signed after each of ${MUTATIONS} changes to packs, key, generation, bundle and envelope`, async () => {
  const { root, files } = await preparedRoot();
  expect(await started(root)).toEqual({ said: ["good"], pack: "used", hits: 1 });
  const below = numbers(20_260_315);
  const outcomes = new Map<string, number>();
  // Bundle and envelope are read only where the pack is not there.
  const withoutPack = [[files.pack, Buffer.of()]] as const;
  const targets = [
    [files.pack, []],
    [files.compiled, []],
    [files.compiled, []],
    [files.key, []],
    [files.generation, []],
    [files.bundle, withoutPack],
    [files.envelope, withoutPack],
  ] as const;
  const originals = new Map(
    await Promise.all(targets.map(async ([file]) => [file, await readFile(file)] as const)),
  );
  for (let i = 0; i < MUTATIONS; i++) {
    const [file, hidden] = targets[i % targets.length] ?? [files.pack, []];
    const original = originals.get(file) ?? Buffer.of();
    const changed = mutate(original, below);
    if (changed.equals(original)) continue;
    const { said, refused, pack, hits } = await started(root, seeing(new Map([...hidden, [file, changed]])));
    const name = Object.entries(files).find(([, path]) => path === file)?.[0];
    const outcome = `${name}: said ${said.join() || "nothing"}, ${refused ?? `pack ${pack}, ${hits} hits`}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // A pack that was changed is made up for from the store, which is verified anew; compiled code by compiling.
  expect(new Set(outcomes.keys())).toEqual(
    new Set([
      "pack: said good, pack rejected, 1 hits",
      "compiled: said good, pack used, 0 hits",
      "key: said good, pack rejected, 0 hits",
      "key: said good, pack missing, 0 hits",
      "generation: said nothing, GENERATION_DAMAGED",
      "bundle: said nothing, BLOB_DIGEST_MISMATCH",
      "envelope: said nothing, BLOB_DIGEST_MISMATCH",
    ]),
  );
  expect([...outcomes.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(10_000);
}, 180_000);

const wrapped = (code: string): string => asFunction(Buffer.from(code)).toString("utf8");

/** Runs code as the loader does. */
function runIn(script: Script, module: { exports: object }, require: (name: string) => unknown): void {
  const wrapper = script.runInThisContext() as (...timers: unknown[]) => (...given: unknown[]) => void;
  wrapper(setTimeout, setInterval, setImmediate)(module.exports, require, module);
}

/** What V8 compiles of code, after it ran. */
function compiledFrom(code: string): Buffer {
  const script = new Script(wrapped(code));
  const module = { exports: {} as { default?: { activate(): void } } };
  runIn(script, module, () => () => undefined);
  module.exports.default?.activate();
  return script.createCachedData();
}

it("runs no compiled code that somebody else made of other code of equal length, which V8 itself would run", async () => {
  const { root, files, codeDigest } = await preparedRoot();
  const evil = compiledFrom(saying("evil"));
  const believed = new Script(wrapped(saying("good")), { cachedData: evil });
  const said: string[] = [];
  const module = { exports: {} as { default?: { activate(): void } } };
  const recorder = (): unknown => (word: string) => void said.push(word);
  runIn(believed, module, recorder);
  module.exports.default?.activate();
  expect({ rejected: believed.cachedDataRejected, said }).toEqual({ rejected: false, said: ["evil"] });

  const { node, v8 } = process.versions;
  const purpose = `tradsys/code/v1 node ${node} v8 ${v8} ${process.arch} ${FUNCTION_HEAD}`;
  const bodies = new Map([[codeDigest, evil]]);
  await writeFile(files.compiled, writePack(null, bodies, { key: Buffer.alloc(32), purpose }));
  expect(await started(root)).toEqual({ said: ["good"], pack: "used", hits: 0 });

  // Only whoever has the key of this host can do it, and they could as well change the program. V8 remembers within
  // a process what it compiled, so this is code that the process has not seen.
  const unseen = await preparedRoot(`${saying("good")}// unseen`);
  const key = await readFile(unseen.files.key);
  const forged = new Map([[unseen.codeDigest, compiledFrom(`${saying("evil")}// unseen`)]]);
  await writeFile(unseen.files.compiled, writePack(null, forged, { key, purpose }));
  expect(await started(unseen.root)).toMatchObject({ said: ["evil"] });
});

it("takes no pack for another generation, another purpose or another Node.js", async () => {
  const { root, files, digest } = await preparedRoot();
  const key = await readFile(files.key);
  const pack = await readFile(files.pack);
  const open = (purpose: string): boolean => openPack(pack, { key, purpose }) !== undefined;
  expect(open(`tradsys/plugins/v1 ${digest} ${FUNCTION_HEAD}`)).toBe(true);
  expect(open(`tradsys/plugins/v1 ${sha256("another")} ${FUNCTION_HEAD}`)).toBe(false);
  expect(open(`tradsys/code/v1 ${digest}`)).toBe(false);
  await writeFile(files.compiled, pack);
  expect(await started(root)).toMatchObject({ said: ["good"], hits: 0 });
});

it("takes no pack in which another version left code in the form that it compiled", async () => {
  const { root, files, digest, codeDigest } = await preparedRoot();
  const key = await readFile(files.key);
  const { head } = openPack(await readFile(files.pack), {
    key,
    purpose: `tradsys/plugins/v1 ${digest} ${FUNCTION_HEAD}`,
  }) ?? { head: null };
  const otherHead = "(function (exports, require, module) {";
  const code = Buffer.from(`${otherHead}${saying("good")}\n})`);
  for (const purpose of [`tradsys/plugins/v1 ${digest}`, `tradsys/plugins/v1 ${digest} ${otherHead}`]) {
    await writeFile(files.pack, writePack(head, new Map([[codeDigest, code]]), { key, purpose }));
    expect(await started(root)).toMatchObject({ said: ["good"], pack: "rejected" });
  }
});

it("believes nothing in a folder that others may enter, or that is a link", async () => {
  const { root, files } = await preparedRoot();
  const { host } = rootPaths(root);
  await chmod(host, 0o750);
  expect(await started(root)).toEqual({ said: ["good"], pack: "missing", hits: 0 });
  await chmod(host, 0o700);
  expect(await started(root)).toMatchObject({ pack: "used", hits: 1 });
  expect((await stat(files.key)).mode & 0o777).toBe(0o600);
  expect((await stat(host)).mode & 0o777).toBe(0o700);
});

it("starts from the store where there is no folder of this host, and makes it while it runs", async () => {
  const { root } = await preparedRoot();
  await rm(rootPaths(root).host, { recursive: true });
  expect(await started(root)).toEqual({ said: ["good"], pack: "missing", hits: 0 });

  const runtime = await startRuntime({ root, hostModules: { recorder: () => undefined }, upkeepAfterMs: 1 });
  await expect
    .poll(() => started(root), { timeout: 20_000, interval: 100 })
    .toMatchObject({ pack: "used", hits: 1 });
  await runtime.stop();
});

it.each([
  ["the bundle", ({ content }: GenerationPlugin) => ({ revokedDigests: { [content]: "leaks keys" } })],
  ["its file", ({ blob }: GenerationPlugin) => ({ revokedDigests: { [blob]: "leaks keys" } })],
  ["the key", () => ({ revokedKeys: { [keyId]: "lost" } })],
  ["the release epoch", () => ({ epochs: { [pluginName("sample")]: 2 } })],
])(
  "asks again at every start from a pack whether it may run: not after %s was revoked",
  async (_, lesson) => {
    const root = await temporaryFolder();
    const plugin = await publishSample(root, { name: "sample" });
    await applyAll(root, generationOf([plugin], { "sample#main": {} }));
    const runtime = await startRuntime({ root });
    expect(runtime.report.pack).toBe("used");
    await runtime.stop();
    await raiseTrustFloor(nodeFiles, root, (floor) => ({ ...floor, ...lesson(plugin) }));
    await expect(startRuntime({ root })).rejects.toMatchObject({ code: "NOT_TRUSTED" });
  },
);

it("starts nothing from a pack while what the root has learned cannot be read", async () => {
  const { root } = await preparedRoot();
  await writeFile(rootPaths(root).trustFloor, "{}");
  expect(await started(root)).toEqual({ said: [], refused: "TRUST_FLOOR_DAMAGED" });
});

it("lets a pack speak only for the policy that its generation has", async () => {
  const root = await temporaryFolder();
  const plugin = await publishSample(root, { name: "sample" });
  const good = generationOf([plugin], { "sample#main": {} });
  await applyAll(root, good);
  // Whoever writes a generation by hand gets another digest, for which no pack was sealed.
  const revoking: Generation = {
    ...good,
    trust: { ...trust, revoked: { keys: [], digests: [{ digest: plugin.content, reason: "leaks keys" }] } },
  };
  const text = canonical(revoking);
  const digest: Digest = sha256(text);
  await nodeFiles.write(rootPaths(root).generation(digest), text);
  await nodeFiles.switchLink(rootPaths(root).current, join("generations", digest.slice("sha256:".length)));
  await expect(startRuntime({ root })).rejects.toMatchObject({ code: "NOT_TRUSTED" });
});
