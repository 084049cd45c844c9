import { applyPlan } from "../../../src/activation/activate.ts";
import { packBundle } from "../../../src/build/pack.ts";
import { CODE_FILE } from "../../../src/domain/bundle.ts";
import { sha256 } from "../../../src/domain/digest.ts";
import { facetId, type PluginName } from "../../../src/domain/ids.ts";
import type { Manifest } from "../../../src/domain/manifest.ts";
import type { Generation, GenerationPlugin } from "../../../src/domain/plan.ts";
import { nodeFiles } from "../../../src/platform/files.ts";
import { generateKey, localSigner } from "../../../src/signing/keys.ts";
import { signBundle } from "../../../src/signing/sign.ts";
import { rootPaths } from "../../../src/store/generations.ts";
import { publish } from "../../../src/store/publish.ts";
/** An activated root with signed plugins of a benchmark. */
import { planBetween } from "../../../test/support/switch.ts";

/** A plugin whose one facet, `main`, provides the port `account`. */
interface BenchPlugin {
  readonly name: string;
  readonly isolation: Manifest["isolation"];
  /** Body of `activate`. */
  readonly code: string;
  readonly isStateful?: boolean;
  /** Plugins whose `account` it is bound to. */
  readonly uses?: readonly string[];
}

const nameOf = (name: string): PluginName => `@bench/${name}` as PluginName;
const facetOf = (name: string) => facetId(nameOf(name), "main");

export async function activateRoot(root: string, plugins: readonly BenchPlugin[]): Promise<void> {
  const { privatePem, publicPem } = generateKey();
  const signer = localSigner(privatePem);
  const published: GenerationPlugin[] = [];
  for (const { name, isolation, code, isStateful = false } of plugins) {
    const text = `module.exports.default = { activate(context) { ${code} } };`;
    const { bytes, ...bundle } = await packBundle(
      { ...manifestOf(name, isolation), ...(isStateful && { state: STATE }) },
      new Map([[CODE_FILE, Buffer.from(text)]]),
    );
    const envelopes = [await signBundle(bundle, signer, { role: "builder" })];
    await publish(nodeFiles, rootPaths(root).store, { bytes, bundle, envelopes });
    const { content, blob, manifest } = bundle;
    const { version } = manifest;
    published.push({
      name: manifest.name,
      version,
      content,
      blob,
      envelopes: envelopes.map(sha256),
      config: {},
    });
  }
  const generation: Generation = {
    apiVersion: "tradsys/generation/v1",
    deployment: "bench",
    host: { api: "3.1.0", node: "24.15.0", platform: "linux-x64" },
    trust: {
      apiVersion: "tradsys/trust/v1",
      keys: [{ name: "bench", role: "builder", publicKey: publicPem }],
      threshold: { builder: 1 },
      revoked: { keys: [], digests: [] },
    },
    plugins: published.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    facets: plugins.map(({ name, uses = [] }) => ({
      id: facetOf(name),
      after: uses.map(facetOf),
      ports: { account: uses.map(facetOf) },
    })),
  };
  await applyPlan(planBetween(null, generation), {
    files: nodeFiles,
    root,
    now: () => new Date(),
    actor: "bench",
  });
}

const STATE = { schemaVersion: 1, canRestoreFrom: "*" };

const manifestOf = (name: string, isolation: Manifest["isolation"]) => ({
  apiVersion: "tradsys/plugin/v1" as const,
  kind: "strategy" as const,
  name: nameOf(name),
  version: "1.0.0",
  description: "",
  license: "Apache-2.0",
  entry: "src/index.ts",
  hostApi: "^3.0.0",
  node: ">=24.15",
  platforms: ["any"],
  facets: { main: { provides: { account: "1.0.0" }, requires: [] } },
  conflicts: [],
  singleton: "none" as const,
  multiVersion: false,
  activation: "critical" as const,
  criticality: "critical" as const,
  isolation,
  resources: { memoryMiB: 256, startTimeoutMs: 30_000, drainTimeoutMs: 1000, stopTimeoutMs: 5000 },
  priority: 50,
  permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
  config: { schema: { type: "object" }, defaults: {} },
  metrics: [],
  hostProvided: [],
  capabilities: {},
  build: { esbuild: "0.28.2", options: sha256("options"), inputs: sha256("inputs") },
});
