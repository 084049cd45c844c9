import type { TradsysError } from "../domain/errors.ts";
import { byInstance, instanceOf, type FacetId } from "../domain/ids.ts";
import type { GenerationFacet } from "../domain/plan.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import { reasonAgainst } from "./lifecycle/facet-state.ts";
import type { Facets } from "./lifecycle/facets.ts";

type Activation = "critical" | "background" | "lazy";
type BootFailure = "abort" | "degrade" | "skip";

/** The most urgent first. */
const URGENCY: readonly Activation[] = ["critical", "background", "lazy"];

/**
 * When each facet starts: as its plugin says, or earlier where a facet waits for it that starts earlier.
 *
 * @param facets In an order that respects `after`.
 */
export function activationClasses(
  facets: readonly GenerationFacet[],
  plugins: readonly VerifiedPlugin[],
): ReadonlyMap<Activation, readonly FacetId[]> {
  const own = byInstance(plugins);
  const urgency = new Map<FacetId, number>(
    facets.map(({ id }) => [
      id,
      URGENCY.indexOf(own.get(instanceOf(id))?.bundle.manifest.activation ?? "critical"),
    ]),
  );
  const of = (id: FacetId): number => urgency.get(id) ?? 0;
  for (const { id, after } of facets.toReversed()) {
    for (const needed of after) urgency.set(needed, Math.min(of(needed), of(id)));
  }
  const ids = facets.map(({ id }) => id);
  return Map.groupBy(ids, (id) => URGENCY[of(id)] ?? "critical");
}

/**
 * Failures that must stop the whole start; the one that kept the longest path from starting comes first.
 *
 * `abort` stops it. `skip` leaves the plugin out, and what it blocks is judged by its own policy. `degrade` also
 * leaves out what it blocks, whatever that says.
 */
export function fatalFailures(facets: Facets, plugins: readonly VerifiedPlugin[]): readonly TradsysError[] {
  const members = byInstance(plugins);
  const policy = (id: FacetId): BootFailure => policyOf(members.get(instanceOf(id)));
  const troubled = new Map(facets.troubled());
  const isForgiven = (id: FacetId): boolean => {
    if (policy(id) !== "abort") return true;
    for (let state = troubled.get(id); state?.state === "blocked"; state = troubled.get(state.by)) {
      if (policy(state.by) === "degrade") return true;
    }
    return false;
  };
  return [...troubled].flatMap(([id, state]) => (isForgiven(id) ? [] : (reasonAgainst(id, state) ?? [])));
}

/** Whether a process without this plugin is not ready. */
export const mustServe = (plugin: VerifiedPlugin): boolean => policyOf(plugin) === "abort";

const policyOf = (plugin: VerifiedPlugin | undefined): BootFailure => {
  const { onBootFailure, criticality } = plugin?.bundle.manifest ?? {};
  return onBootFailure ?? (criticality === "optional" ? "skip" : "abort");
};
