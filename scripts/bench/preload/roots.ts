import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";

import { applyPlan } from "../../../src/activation/activate.ts";
import { packBundle } from "../../../src/build/pack.ts";
import { CODE_FILE, type BundleManifest } from "../../../src/domain/bundle.ts";
import { sha256 } from "../../../src/domain/digest.ts";
import type { FacetId, PluginName } from "../../../src/domain/ids.ts";
import type { Generation, GenerationPlugin } from "../../../src/domain/plan.ts";
import { nodeFiles } from "../../../src/platform/files.ts";
import { preload } from "../../../src/runtime/preload.ts";
import { generateKey, localSigner } from "../../../src/signing/keys.ts";
import { signBundle } from "../../../src/signing/sign.ts";
import { rootPaths } from "../../../src/store/generations.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { compileAhead } from "../../../test/support/compile-ahead.ts";
/** Folders to start from: plugins in every form that the hosts load, and an activated root. */
import { planBetween } from "../../../test/support/switch.ts";
import { sourcesOf } from "./generate.ts";

const { privatePem, publicPem } = generateKey();
const signer = localSigner(privatePem);

const manifestOf = (name: PluginName, activation: "critical" | "lazy"): Omit<BundleManifest, "files"> => ({
  apiVersion: "tradsys/plugin/v1",
  kind: "indicator",
  name,
  version: "1.0.0",
  description: "Made up for a benchmark",
  license: "Apache-2.0",
  entry: "src/index.ts",
  hostApi: "^3.0.0",
  node: ">=24.15",
  platforms: ["any"],
  facets: { main: { provides: {}, requires: [] } },
  conflicts: [],
  singleton: "none",
  multiVersion: false,
  activation,
  criticality: "important",
  isolation: "inline",
  resources: { memoryMiB: 16, startTimeoutMs: 30_000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
  priority: 50,
  permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
  config: { schema: { type: "object" }, defaults: {} },
  metrics: [],
  hostProvided: [],
  capabilities: {},
  build: { esbuild: "0.28.2", options: sha256("options"), inputs: sha256("inputs") },
});

interface Made {
  readonly folder: string;
  readonly count: number;
  readonly bytes: number;
  readonly activation?: "critical" | "lazy";
}

/** Writes plugins as ES modules, as CommonJS and as a raw pack, and activates the same plugins as signed bundles. */
export async function makePlugins({ folder, count, bytes, activation = "critical" }: Made): Promise<void> {
  const root = join(folder, "root");
  const { store } = rootPaths(root);
  for (const form of ["mjs", "cjs"]) mkdirSync(join(folder, form), { recursive: true });
  const plugins: GenerationPlugin[] = [];
  const raw: [name: string, source: Buffer, compiled: Buffer][] = [];
  for (let i = 0; i < count; i++) {
    const { esm, cjs } = sourcesOf(i, bytes);
    writeFileSync(join(folder, "mjs", `p${i}.mjs`), esm);
    writeFileSync(join(folder, "cjs", `p${i}.cjs`), cjs);
    raw.push(rawEntry(`p${i}`, cjs));

    const name = `@bench/p${i}` as PluginName;
    const { bytes: packed, ...bundle } = await packBundle(
      manifestOf(name, activation),
      new Map([[CODE_FILE, Buffer.from(cjs)]]),
    );
    const envelope = await signBundle(bundle, signer, { role: "builder" });
    // What a start reads of a store; an index of 500 plugins takes minutes to build up one by one.
    await nodeFiles.write(blobPath(store, bundle.blob), packed);
    await nodeFiles.write(blobPath(store, sha256(envelope)), envelope);
    const { content, blob } = bundle;
    plugins.push({ name, version: "1.0.0", content, blob, envelopes: [sha256(envelope)], config: {} });
  }
  writeRaw(join(folder, "raw.pack"), raw);
  await activate(root, plugins);
}

/** Compiles ahead, as a process does that has been running for a while. */
export async function warmUp(folder: string): Promise<number> {
  const root = join(folder, "root");
  return compileAhead(root, await preload({ root }));
}

async function activate(root: string, plugins: readonly GenerationPlugin[]): Promise<void> {
  const generation: Generation = {
    apiVersion: "tradsys/generation/v1",
    deployment: "bench",
    host: { api: "3.1.0", node: process.versions.node, platform: "linux-x64" },
    trust: {
      apiVersion: "tradsys/trust/v1",
      keys: [{ name: "ci", role: "builder", publicKey: publicPem }],
      threshold: { builder: 1 },
      revoked: { keys: [], digests: [] },
    },
    plugins,
    facets: plugins.map(({ name }) => ({ id: `${name}#main` as FacetId, after: [], ports: {} })),
  };
  await applyPlan(planBetween(null, generation), {
    files: nodeFiles,
    root,
    now: () => new Date(),
    actor: "bench",
  });
}

/** Source and what V8 compiled of it after it had been activated. */
function rawEntry(name: string, cjs: string): [string, Buffer, Buffer] {
  const source = `(function (exports, require, module) {${cjs}\n})`;
  const script = new Script(source, { filename: name });
  const module = { exports: {} as { default?: { activate(): void } } };
  (script.runInThisContext() as (exports: object, require: undefined, module: object) => void)(
    module.exports,
    undefined,
    module,
  );
  module.exports.default?.activate();
  return [name, Buffer.from(source), script.createCachedData()];
}

function writeRaw(file: string, entries: readonly [string, Buffer, Buffer][]): void {
  const index = Buffer.from(
    JSON.stringify(entries.map(([name, source, compiled]) => [name, source.length, compiled.length])),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  writeFileSync(
    file,
    Buffer.concat([length, index, ...entries.flatMap(([, source, compiled]) => [source, compiled])]),
  );
}
