/** Real roots: tiny signed bundles in a real store, and generations that run them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { applyPlan, type Activated, type Activation } from "../../src/activation/activate.ts";
import { packBundle } from "../../src/build/pack.ts";
import { CODE_FILE, type BundleManifest, type OpenBundle } from "../../src/domain/bundle.ts";
import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { Digest, FacetId, PluginName } from "../../src/domain/ids.ts";
import type { Generation, GenerationPlugin, Plan } from "../../src/domain/plan.ts";
import type { TrustPolicy } from "../../src/domain/trust.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { publish } from "../../src/store/publish.ts";
import { manifest } from "../bundle/sample.ts";
import { planBetween } from "./switch.ts";

const { privatePem, publicPem } = generateKey();
const signer = localSigner(privatePem);

/** Trusts the one key of this test run. */
export const trust: TrustPolicy = {
  apiVersion: "tradsys/trust/v1",
  keys: [{ name: "ci", role: "builder", publicKey: publicPem }],
  threshold: { builder: 1 },
  revoked: { keys: [], digests: [] },
};

/** An empty folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tradsys-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What a test says about a plugin; everything else is made up. */
export interface Sample {
  /** `risk` becomes `@acme/risk`. */
  readonly name: string;
  readonly version?: string;
  /** The whole module. */
  readonly code?: string;
  /** Provided ports by facet. */
  readonly facets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly manifest?: Partial<Omit<BundleManifest, "files">>;
  readonly config?: GenerationPlugin["config"];
}

export const pluginName = (name: string): PluginName => `@acme/${name}` as PluginName;

/** `risk#main` becomes `@acme/risk#main`. */
export const facet = (id: string): FacetId => `@acme/${id}` as FacetId;

/** A module whose `activate` has this body. */
export const activating = (body: string): string =>
  `module.exports.default = { activate(context) { ${body} } };\n`;

/** Packs, signs and publishes a plugin into the store of a root. */
export async function publishSample(root: string, sample: Sample): Promise<GenerationPlugin> {
  const { name, version = "1.0.0", facets = { main: {} }, config = {} } = sample;
  const code = sample.code ?? activating("return { main: {} };");
  // No state, which most versions could not take over from each other.
  const { state: _, ...stateless } = manifest({
    name: pluginName(name),
    version,
    facets: Object.fromEntries(
      Object.entries(facets).map(([id, provides]) => [id, { provides, requires: [] }]),
    ),
    conflicts: [],
  });
  const packed = await packBundle(
    { ...stateless, ...sample.manifest },
    new Map([[CODE_FILE, Buffer.from(code)]]),
  );
  return { ...(await publishSigned(root, packed)), config };
}

/** Signs a bundle with the key that is trusted here and publishes it. */
export async function publishSigned(
  root: string,
  { bytes, ...bundle }: OpenBundle & { readonly bytes: Buffer },
): Promise<Omit<GenerationPlugin, "config">> {
  const envelopes = [await signBundle(bundle, signer, { role: "builder" })];
  await publish(nodeFiles, rootPaths(root).store, { bytes, bundle, envelopes });
  const {
    content,
    blob,
    manifest: { name, version, releaseEpoch },
  } = bundle;
  return {
    name,
    version,
    content,
    blob,
    envelopes: envelopes.map(sha256),
    ...(releaseEpoch !== undefined && { releaseEpoch }),
  };
}

/** What a facet waits for and is bound to, in short names. */
export interface Wiring {
  readonly after?: readonly string[];
  readonly ports?: Readonly<Record<string, readonly string[]>>;
}

/** A generation that starts these facets in this order, each `<plugin>#<facet>`. */
export function generationOf(
  plugins: readonly GenerationPlugin[],
  facets: Readonly<Record<string, Wiring>>,
  policy: TrustPolicy = trust,
): Generation {
  return {
    apiVersion: "tradsys/generation/v1",
    deployment: "desk",
    host: { api: "3.1.0", node: "24.15.0", platform: "linux-x64" },
    trust: policy,
    plugins,
    facets: Object.entries(facets).map(([id, { after = [], ports = {} }]) => ({
      id: facet(id),
      after: after.map(facet),
      ports: Object.fromEntries(Object.entries(ports).map(([port, ids]) => [port, ids.map(facet)])),
    })),
  };
}

/** A generation that runs one plugin with one facet, `main`. */
export async function oneOf(root: string, sample: Sample): Promise<Generation> {
  return generationOf([await publishSample(root, sample)], { [`${sample.name}#main`]: {} });
}

/** Every generation that a test has named, so that a plan can be told what it starts from by digest. */
const known = new Map<Digest, Generation>();

export function digestOf(generation: Generation): Digest {
  const digest = sha256(canonical(generation));
  known.set(digest, generation);
  return digest;
}

/** A sound plan that takes this way, by default in one switch. */
export function planFrom(
  base: Digest | null,
  generation: Generation,
  told: Partial<Pick<Plan, "author" | "waves">> = {},
): Plan {
  digestOf(generation);
  return { ...planBetween(base === null ? null : (known.get(base) ?? null), generation, told), base };
}

/** A fixed clock: keys of the tests have no period, so that only equal bytes depend on it. */
export const activation = (root: string, files: Files = nodeFiles, day = "2026-03-15"): Activation => ({
  files,
  root,
  now: () => new Date(`${day}T12:00:00Z`),
  actor: "tester",
});

/** Applies generations one after the other, from an empty root. */
export async function applyAll(
  root: string,
  ...generations: readonly Generation[]
): Promise<(Activated & { readonly to: Digest })[]> {
  const done: (Activated & { readonly to: Digest })[] = [];
  for (const generation of generations) {
    const plan = planFrom(done.at(-1)?.to ?? null, generation);
    done.push({ ...(await applyPlan(plan, activation(root))), to: plan.next });
  }
  return done;
}
