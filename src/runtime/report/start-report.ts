import type { FacetId } from "../../domain/ids.ts";
import type { GenerationFacet } from "../../domain/plan.ts";
import type { CacheCounts } from "../loading/load.ts";
import type { Span } from "./timeline.ts";

/** Facts about one start, for a report or a log. Times are milliseconds since the call. */
export interface StartReport {
  /** Until every plugin was known to be one that may run. */
  readonly verifyMs: number;
  /** Until every critical facet was ready. */
  readonly readyMs: number;
  /** From the first start to ready, by facet. Grows while background and lazy plugins start. */
  readonly facets: ReadonlyMap<FacetId, number>;
  /** Whether the plugins came out of this host's pack; else why every bundle was verified anew. */
  readonly pack: "used" | "missing" | "rejected";
  readonly codeCache: CacheCounts & { readonly state: "used" | "missing" | "rejected" };
  /** What was done when, by plugin and facet. */
  readonly spans: readonly Span[];
  /** The facets that decided when the process was ready, in the order in which they started. */
  readonly criticalPath: readonly FacetId[];
}

/**
 * The chain that decided when everything was ready: the facet that was ready last, of those before it the one that
 * was ready last, and so on.
 */
export function criticalPath(
  facets: readonly Pick<GenerationFacet, "id" | "after">[],
  readyAfterMs: ReadonlyMap<FacetId, number>,
): FacetId[] {
  const byId = new Map(facets.map((facet) => [facet.id, facet]));
  const lastOf = (ids: readonly FacetId[]): FacetId | undefined =>
    ids
      .filter((id) => readyAfterMs.has(id))
      .toSorted((a, b) => (readyAfterMs.get(b) ?? 0) - (readyAfterMs.get(a) ?? 0))[0];
  const path: FacetId[] = [];
  for (let id = lastOf([...byId.keys()]); id !== undefined; id = lastOf(byId.get(id)?.after ?? []))
    path.push(id);
  return path.toReversed();
}
