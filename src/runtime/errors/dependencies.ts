import { type FacetId, pluginOf } from "../../domain/ids.ts";
import type { GenerationFacet } from "../../domain/plan.ts";

/** What each facet needs of others: those it waits for, and those whose ports it uses. */
export type Dependencies = ReadonlyMap<FacetId, readonly FacetId[]>;

export const dependenciesOf = (facets: readonly GenerationFacet[]): Dependencies =>
  new Map(
    facets.map(({ id, after, ports }) => [
      id,
      [...new Set([...after, ...Object.values(ports).flat()])].filter((needed) => needed !== id),
    ]),
  );

/** All that a facet needs, directly or not: the nearest first, and among equals in the order of the generation. */
export function needsOf(facet: FacetId, dependencies: Dependencies): readonly FacetId[] {
  const found = new Set<FacetId>([facet]);
  for (const each of found) for (const needed of dependencies.get(each) ?? []) found.add(needed);
  found.delete(facet);
  return [...found];
}

/** Facets of one plugin share its thread, and its fate. */
export const isSamePlugin = (a: FacetId, b: FacetId): boolean => pluginOf(a) === pluginOf(b);
