import { sha256 } from "../../src/domain/digest.ts";
import { facetId, type Digest, type FacetId, type PluginName } from "../../src/domain/ids.ts";
import type { Candidate, Lock } from "../../src/domain/lock.ts";
import {
  PLUGIN_API_VERSION,
  targetOf,
  type FacetRequirement,
  type Manifest,
} from "../../src/domain/manifest.ts";
import type { Digraph } from "../../src/planner/digraph.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";

/** Numbers between 0 and 1 that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

export function randomDigraph(size: number, edges: number): Digraph {
  const random = numbers(7);
  const [from, to] = [new Int32Array(edges), new Int32Array(edges)];
  for (let edge = 0; edge < edges; edge++) {
    const later = 1 + Math.floor(random() * (size - 1));
    from[edge] = Math.floor(random() * later);
    to[edge] = later;
  }
  return { size, from, to };
}

interface UpgradeShape {
  readonly plugins: number;
  readonly requirements: number;
  readonly changedShare: number;
}

/** An upgrade in which about half of the requirements between changed plugins accept only one side. */
export function largeUpgrade({ plugins, requirements, changedShare }: UpgradeShape) {
  const random = numbers(11);
  const changes = Array.from({ length: plugins }, () => random() < changedShare);
  const needs = Array.from({ length: plugins }, (): { on: number; strict: number }[] => []);
  for (let i = 0; i < requirements; i++) {
    const from = 1 + Math.floor(random() * (plugins - 1));
    needs[from]?.push({ on: Math.floor(random() * from), strict: random() });
  }
  const side = (isAfter: boolean) =>
    Array.from({ length: plugins }, (_, i): Candidate => {
      const version = changes[i] && isAfter ? "2.0.0" : "1.0.0";
      const requires = (needs[i] ?? []).map(({ on, strict }): FacetRequirement => {
        const isBound = changes[i] && changes[on] && (isAfter ? strict < 0.3 : strict > 0.7);
        const range = isBound ? (isAfter ? "^2" : "^1") : ">=1";
        return { port: `port-${on}`, range, when: "start", optional: false, cardinality: "one" };
      });
      return candidate({ name: nameOf(i), version, port: `port-${i}`, requires });
    });
  const [before, after] = [side(false), side(true)];
  const first = inputFor(before, null);
  const planned = planDeployment(first);
  if (!planned.ok) throw new Error(planned.error.kind);
  const base = {
    digest: planned.value.next,
    generation: planned.value.generation,
    manifests: first.manifests,
  };
  const versions = new Map<Digest, Manifest>(
    [...before, ...after].map(({ content, manifest }) => [content, manifest]),
  );
  return { ...inputFor(after, base), base, versions };
}

const nameOf = (i: number): PluginName => `@bench/p${i}` as PluginName;

function candidate(sketch: {
  readonly name: PluginName;
  readonly version: string;
  readonly port: string;
  readonly requires: readonly FacetRequirement[];
}): Candidate {
  const { name, version, port, requires } = sketch;
  const content = sha256(`${name} ${version} ${JSON.stringify(requires)}`);
  return {
    content,
    blob: content,
    size: 1,
    envelopes: [],
    manifest: {
      apiVersion: PLUGIN_API_VERSION,
      kind: "indicator",
      name,
      version,
      description: "",
      license: "Apache-2.0",
      entry: "src/index.ts",
      hostApi: "^3.0.0",
      node: ">=24",
      platforms: ["any"],
      facets: { main: { provides: { [port]: version }, requires } },
      conflicts: [],
      singleton: "none",
      multiVersion: false,
      activation: "critical",
      criticality: "critical",
      isolation: "inline",
      resources: { memoryMiB: 16, startTimeoutMs: 1000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
      priority: 50,
      permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
      config: { schema: {}, defaults: {} },
      metrics: [],
      hostProvided: [],
      capabilities: {},
      files: {},
      build: { esbuild: "0.28.2", options: content, inputs: content },
    },
  };
}

function inputFor(candidates: readonly Candidate[], base: PlanInput["base"]): PlanInput {
  const lock: Lock = {
    apiVersion: "tradsys/lock/v1",
    deployment: "bench",
    host: { api: "3.1.0", node: "24.21.0", platform: "linux-x64" },
    inputs: sha256(""),
    optimal: true,
    plugins: candidates.map(({ manifest, content, blob }) => ({
      name: manifest.name,
      version: manifest.version,
      content,
      blob,
      requiredBy: ["deployment"],
    })),
    bindings: candidates.flatMap(({ manifest }) =>
      (manifest.facets["main"]?.requires ?? []).map((requirement) => ({
        facet: facetId(manifest.name, "main"),
        requirement: targetOf(requirement),
        range: requirement.range,
        providers: [providerOf(requirement)],
      })),
    ),
  };
  return {
    lock,
    manifests: new Map(candidates.map((each) => [each.manifest.name, each])),
    given: new Map(candidates.map((each) => [each.manifest.name, { config: {} }])),
    trust: { apiVersion: "tradsys/trust/v1", keys: [], threshold: {}, revoked: { keys: [], digests: [] } },
    base,
    request: { author: "bench", at: new Date("2026-03-14T12:00:00Z") },
  };
}

const providerOf = (requirement: FacetRequirement): FacetId =>
  facetId(nameOf(Number("port" in requirement ? requirement.port.slice("port-".length) : 0)), "main");
