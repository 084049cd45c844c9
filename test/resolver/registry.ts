import type { BundleManifest } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { Host } from "../../src/domain/host.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import { PLUGIN_API_VERSION, type FacetRequirement } from "../../src/domain/manifest.ts";
import { resolve, type ResolveOutcome, type ResolveRequest } from "../../src/resolver/resolve.ts";

export const HOST: Host = { api: "3.1.0", node: "24.21.0", platform: "linux-x64" };

export const named = (name: string): PluginName => `@tradsys/${name}` as PluginName;

type Options = Partial<Pick<FacetRequirement, "when" | "optional" | "cardinality">>;

/** `needs("md-normaliser", "^2")`: a plugin by name. */
export const needs = (name: string, range: string, options: Options = {}): FacetRequirement => ({
  plugin: named(name),
  range,
  when: "start",
  optional: false,
  cardinality: "one",
  ...options,
});

/** `needsPort("market-data", "^2")`: whoever provides it. */
export const needsPort = (port: string, range: string, options: Options = {}): FacetRequirement => ({
  port,
  range,
  when: "start",
  optional: false,
  cardinality: "one",
  ...options,
});

export interface FacetSketch {
  readonly provides?: Readonly<Record<string, string>>;
  readonly requires?: readonly FacetRequirement[];
  readonly exclusive?: readonly string[];
}

/** `plugin("calendar 2026.2.0", { provides: {…} })`: a candidate with one facet `main`, or with those given. */
export function plugin(
  id: string,
  facets: FacetSketch | { readonly facets: Readonly<Record<string, FacetSketch>> } = {},
  manifest: Partial<BundleManifest> = {},
): Candidate {
  const [name = "", version = ""] = id.split(" ");
  const sketches = "facets" in facets ? facets.facets : { main: facets };
  const full: BundleManifest = {
    apiVersion: PLUGIN_API_VERSION,
    kind: "strategy",
    name: named(name),
    version,
    description: "",
    license: "Apache-2.0",
    entry: "src/plugin.ts",
    hostApi: "^3.0.0",
    node: ">=24",
    platforms: ["any"],
    facets: Object.fromEntries(
      Object.entries(sketches).map(([facet, { provides = {}, requires = [], exclusive }]) => [
        facet,
        { provides, requires, ...(exclusive ? { exclusive } : {}) },
      ]),
    ),
    conflicts: [],
    singleton: "none",
    multiVersion: false,
    activation: "critical",
    criticality: "critical",
    isolation: "inline",
    resources: { memoryMiB: 64, startTimeoutMs: 1000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
    priority: 50,
    permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
    config: { schema: {}, defaults: {} },
    metrics: [],
    hostProvided: [],
    capabilities: {},
    files: {},
    build: { esbuild: "0.28.2", options: sha256(""), inputs: sha256("") },
    ...manifest,
  };
  const content = sha256(JSON.stringify(full));
  return { manifest: full, content, blob: sha256(content), size: 1, envelopes: [] };
}

/** `asks({ "risk-core": "^4" })` as a deployment's requirements. */
export const asks = (ranges: Readonly<Record<string, string>>): ResolveRequest["requirements"] =>
  Object.entries(ranges).map(([name, range]) => ({ name: named(name), range }));

/** Resolves a deployment on {@link HOST}, with nothing locked unless `more` says so. */
export const resolveFrom = (
  candidates: readonly Candidate[],
  ranges: Readonly<Record<string, string>>,
  more: Partial<ResolveRequest> = {},
): ResolveOutcome =>
  resolve({
    requirements: asks(ranges),
    candidates,
    host: HOST,
    prefer: new Map(),
    stepBudget: 100_000,
    ...more,
  });

/** The versions of an answer by short name; throws where there is none. */
export function versionsOf(outcome: ResolveOutcome): Readonly<Record<string, string>> {
  if (outcome.kind !== "resolved") throw new Error(`not resolved: ${JSON.stringify(outcome)}`);
  return Object.fromEntries(
    outcome.plugins.map(({ candidate: { manifest } }) => [
      manifest.name.replace("@tradsys/", ""),
      manifest.version,
    ]),
  );
}
