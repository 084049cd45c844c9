import { parseFacetId, type FacetId, type PluginName } from "../domain/ids.ts";
import type { GenerationFacet } from "../domain/plan.ts";
import type { Edge } from "./graph.ts";
import { closedPath, orderIntoWaves } from "./order.ts";

/** Facets that wait for one another, so that none can ever start. */
export interface Cycle {
  readonly kind: "cycle";
  /** Each waits for the next; the first is repeated at the end. */
  readonly path: readonly FacetId[];
  /** Everything that makes a facet of the path wait for its next, in the order of the path. */
  readonly edges: readonly Edge[];
}

/** The cycle along a closed path. */
export function cycleAlong(path: readonly FacetId[], edges: readonly Edge[]): Cycle {
  const steps = path.slice(1).map((to, step) => ({ from: path[step], to }));
  return {
    kind: "cycle",
    path,
    edges: steps.flatMap(({ from, to }) => edges.filter((edge) => edge.from === from && edge.to === to)),
  };
}

/**
 * The plugins of a cycle that a set has only as long as one does not look at facets. That is no error: an
 * exchange feeds risk, and only its order entry waits for risk.
 */
export function findPluginCycle(facets: readonly GenerationFacet[]): readonly PluginName[] | undefined {
  const needs = new Map<PluginName, Set<PluginName>>();
  for (const { id, after } of facets) {
    const plugin = pluginOf(id);
    const others = after.map(pluginOf).filter((other) => other !== plugin);
    needs.set(plugin, new Set([...(needs.get(plugin) ?? []), ...others]));
  }
  const { stuck } = orderIntoWaves(needs);
  return stuck.size > 0 ? closedPath(needs, stuck) : undefined;
}

function pluginOf(id: FacetId): PluginName {
  const parsed = parseFacetId(id);
  if (!parsed) throw new TypeError(`${id} is not a facet id`);
  return parsed.plugin;
}
