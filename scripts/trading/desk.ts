import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { applyPlan } from "../../src/activation/activate.ts";
import { buildPlugin } from "../../src/build/build-plugin.ts";
import { openBundle } from "../../src/bundle/open.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import { effectiveConfig } from "../../src/manifest/config.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { toLock } from "../../src/resolver/lock.ts";
import { resolve } from "../../src/resolver/resolve.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { publish } from "../../src/store/publish.ts";
import { listCandidates } from "../../src/store/read.ts";

/** A plugin of a desk: its folder, and what its deployment says of it. */
export interface DeskPlugin {
  /** Absolute path of the folder that holds `plugin.yaml`. */
  readonly folder: string;
  readonly config?: NonNullable<Parameters<typeof effectiveConfig>[1]>;
  readonly isolation?: Manifest["isolation"];
}

const HOST = { api: "3.1.0", node: process.versions.node, platform: `${process.platform}-${process.arch}` };

/** Builds, signs, publishes, resolves, plans and applies plugins: a root that `startRuntime` can start. */
export async function activateDesk(root: string, plugins: readonly DeskPlugin[]): Promise<void> {
  const { privatePem, publicPem } = generateKey();
  const signer = localSigner(privatePem);
  const given = new Map<string, DeskPlugin>();
  for (const plugin of plugins) {
    const manifest = await manifestOf(plugin.folder);
    given.set(manifest.name, plugin);
    const { bytes, fileName } = await buildPlugin(manifest, plugin.folder, nodeFiles);
    const bundle = openBundle(bytes, { file: fileName });
    const envelopes = [await signBundle(bundle, signer, { role: "builder" })];
    await publish(nodeFiles, rootPaths(root).store, { bytes, bundle, envelopes });
  }
  const candidates = await listCandidates(nodeFiles, rootPaths(root).store);
  const deployment = {
    apiVersion: "tradsys/deployment/v1" as const,
    name: "desk",
    description: "",
    trust: "trust.yaml",
    plugins: candidates.map(({ manifest: { name } }) => ({ name, range: "*", config: {}, instances: {} })),
  };
  const resolved = resolve({
    requirements: deployment.plugins,
    candidates,
    host: HOST,
    prefer: new Map(),
    stepBudget: 100_000,
  });
  if (resolved.kind !== "resolved") throw new Error(`the plugins do not fit: ${resolved.kind}`);
  const settings = await Promise.all(
    candidates.map(async ({ manifest }) => {
      const plugin = given.get(manifest.name);
      const config = await effectiveConfig(manifest, plugin?.config ?? {});
      if (!config.ok) throw new Error(`the configuration of ${manifest.name} is not valid`);
      return [
        manifest.name,
        { config: config.value, ...(plugin?.isolation && { isolation: plugin.isolation }) },
      ] as const;
    }),
  );
  const planned = planDeployment({
    lock: toLock(deployment, HOST, resolved),
    manifests: new Map(candidates.map((candidate) => [candidate.manifest.name, candidate])),
    given: new Map(settings),
    trust: {
      apiVersion: "tradsys/trust/v1",
      keys: [{ name: "desk", role: "builder", publicKey: publicPem }],
      threshold: { builder: 1 },
      revoked: { keys: [], digests: [] },
    },
    base: null,
    request: { author: "desk", at: new Date() },
  });
  if (!planned.ok) throw new Error("the plugins wait for each other");
  await applyPlan(planned.value, { files: nodeFiles, root, now: () => new Date(), actor: "desk" });
}

async function manifestOf(folder: string): Promise<Manifest> {
  const file = join(folder, "plugin.yaml");
  const parsed = parsePlugin(await readFile(file, "utf8"), file);
  if (!parsed.ok) throw new Error(`${file}: ${parsed.error.map(({ message }) => message).join("; ")}`);
  return parsed.value.value;
}

/** The folder of a plugin of this repository. */
export const samplePlugin = (name: string): string =>
  join(import.meta.dirname, "../../manifests/plugins", name);
