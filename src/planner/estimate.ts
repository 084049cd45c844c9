import { byText } from "../domain/by-text.ts";
import type { FacetId } from "../domain/ids.ts";
import type { StartOrder } from "../domain/plan.ts";
import type { OrderedFacets } from "./start-order.ts";
import type { WiredSet } from "./wiring.ts";

/** Milliseconds that each facet took to become ready, from runs that were measured. */
export type Measured = ReadonlyMap<FacetId, number>;

/** How long each facet takes to start, and what the whole start cannot be faster than. */
export function estimateStart(
  set: WiredSet,
  { waves, after }: Pick<OrderedFacets, "waves" | "after">,
  measured: Measured,
): StartOrder {
  const ids = waves.flat();
  const estimates = new Map(
    ids.map((id) => [
      id,
      measured.get(id) ?? set.facets.get(id)?.candidate.manifest.resources.startTimeoutMs ?? 0,
    ]),
  );
  const { path, ms } = longestPath(ids, { after, estimates });
  return {
    waves,
    estimatesMs: Object.fromEntries([...estimates].toSorted(([a], [b]) => byText(a, b))),
    criticalPath: path,
    criticalPathMs: ms,
  };
}

/**
 * The chain of facets that takes longest.
 *
 * @param ids In an order that respects `after`; what is not among them is ready.
 */
export function longestPath(
  ids: readonly FacetId[],
  {
    after,
    estimates,
  }: {
    readonly after: ReadonlyMap<FacetId, readonly FacetId[]>;
    readonly estimates: ReadonlyMap<FacetId, number>;
  },
): { readonly path: readonly FacetId[]; readonly ms: number } {
  const ends = new Map<FacetId, { readonly ms: number; readonly previous: FacetId | undefined }>();
  let last: FacetId | undefined;
  for (const id of ids) {
    let [begin, previous]: [number, FacetId | undefined] = [0, undefined];
    for (const needed of after.get(id) ?? []) {
      const end = ends.get(needed);
      if (end && (previous === undefined || end.ms > begin)) [begin, previous] = [end.ms, needed];
    }
    ends.set(id, { ms: begin + (estimates.get(id) ?? 0), previous });
    if (last === undefined || (ends.get(id)?.ms ?? 0) > (ends.get(last)?.ms ?? 0)) last = id;
  }
  const path: FacetId[] = [];
  const ms = last === undefined ? 0 : (ends.get(last)?.ms ?? 0);
  for (; last !== undefined; last = ends.get(last)?.previous) path.unshift(last);
  return { path, ms };
}
