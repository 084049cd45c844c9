import { canonical, type Json } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest, FacetId, PluginName } from "../domain/ids.ts";
import type { Binding, Candidate, Lock } from "../domain/lock.ts";
import type { Manifest } from "../domain/manifest.ts";
import {
  GENERATION_API_VERSION,
  PLAN_API_VERSION,
  type Generation,
  type GenerationPlugin,
  type Plan,
} from "../domain/plan.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { TrustPolicy } from "../domain/trust.ts";
import { changesBetween } from "./changes.ts";
import { cycleAlong, type Cycle } from "./cycle.ts";
import { facetGraph } from "./graph.ts";
import { closedPath, orderIntoWaves } from "./order.ts";

export interface PlanInput {
  readonly lock: Lock;
  /** The locked candidates. */
  readonly manifests: ReadonlyMap<PluginName, Candidate>;
  /** One for each locked plugin: its defaults with the deployment's overrides, validated. */
  readonly configs: ReadonlyMap<PluginName, { readonly [key: string]: Json }>;
  /** What the deployment wants of each plugin's isolation, where it says so. */
  readonly isolations: ReadonlyMap<PluginName, Manifest["isolation"]>;
  readonly trust: TrustPolicy;
  /** What is active; null where nothing is. */
  readonly base: { readonly digest: Digest; readonly generation: Generation } | null;
}

/**
 * Works out what activation will do: the next generation, the order of its facets, and what changes.
 *
 * Equal input gives an equal plan, in whatever order the input lists things.
 *
 * @returns The plan, or the cycle that keeps facets from ever starting.
 * @throws {TradsysError} `LOCK_STALE` where the lock and the manifests disagree.
 */
export function planDeployment(input: PlanInput): Result<Plan, Cycle> {
  const { lock, manifests, trust, base } = input;
  const { facets, edges } = facetGraph(lock, manifests);
  const edgesFrom = Map.groupBy(edges, ({ from }) => from);
  const needs = new Map(facets.map(({ id }) => [id, new Set(edgesFrom.get(id)?.map(({ to }) => to))]));
  const { waves: unsorted, stuck } = orderIntoWaves(needs);
  if (stuck.size > 0) return err(cycleAlong(closedPath(needs, stuck), edges));

  const priorities = new Map(facets.map(({ id, candidate }) => [id, candidate.manifest.priority]));
  const priorityOf = (id: FacetId) => priorities.get(id) ?? 0;
  const waves = unsorted.map((wave) =>
    // The second sort is stable: names decide among equal priorities.
    wave.toSorted().toSorted((a, b) => priorityOf(a) - priorityOf(b)),
  );
  const bindingsOf = Map.groupBy(lock.bindings, ({ facet }) => facet);
  const generation: Generation = {
    apiVersion: GENERATION_API_VERSION,
    deployment: lock.deployment,
    host: lock.host,
    trust,
    plugins: lock.plugins
      .map(({ name }) => name)
      .toSorted()
      .map((name) => toGenerationPlugin(given(manifests, name), input)),
    facets: waves.flat().map((id) => ({
      id,
      after: [...given(needs, id)].toSorted(),
      ports: portsOf(bindingsOf.get(id) ?? []),
    })),
  };
  return ok({
    apiVersion: PLAN_API_VERSION,
    base: base?.digest ?? null,
    next: sha256(canonical(generation)),
    changes: changesBetween(base?.generation.plugins ?? [], generation.plugins),
    waves,
    generation,
  });
}

function toGenerationPlugin(
  { manifest, content, blob, envelopes }: Candidate,
  { configs, isolations }: PlanInput,
): GenerationPlugin {
  const { name, version, releaseEpoch } = manifest;
  const isolation = isolations.get(name);
  return {
    name,
    version,
    content,
    blob,
    envelopes,
    ...(releaseEpoch !== undefined && { releaseEpoch }),
    config: given(configs, name),
    ...(isolation && { isolation }),
  };
}

/** A facet may require one port in several ranges: it gets all that any of them binds. */
function portsOf(bindings: readonly Binding[]): Readonly<Record<string, readonly FacetId[]>> {
  const ports = bindings.filter(({ requirement }) => requirement.startsWith("port:"));
  return Object.fromEntries(
    [...Map.groupBy(ports, ({ requirement }) => requirement.slice("port:".length))].map(([port, bound]) => [
      port,
      [...new Set(bound.flatMap(({ providers }) => providers))].toSorted(),
    ]),
  );
}

/** What the caller promised to pass. */
function given<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new TypeError(`nothing was given for ${String(key)}`);
  return value;
}
