import { type FacetId, type InstanceName, instanceOf } from "../domain/ids.ts";
import type { GenerationFacet } from "../domain/plan.ts";
import { componentsOf } from "./digraph.ts";
import type { Edge } from "./edge.ts";

/** Facets that wait for one another, so that none can ever start. */
export interface Cycle {
  readonly kind: "cycle";
  /** Each waits for the next; the first is repeated at the end. */
  readonly path: readonly FacetId[];
  /** Everything that makes a facet of the path wait for its next, in the order of the path. */
  readonly edges: readonly Edge[];
}

/** A cycle among facets that cannot start. */
export function cycleIn(stuck: readonly FacetId[], edges: readonly Edge[]): Cycle {
  const needs = new Map(stuck.map((id): [FacetId, Set<FacetId>] => [id, new Set()]));
  for (const { from, to } of edges) if (needs.has(to)) needs.get(from)?.add(to);
  const path = closedPath(needs);
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
export function findPluginCycle(facets: readonly GenerationFacet[]): readonly InstanceName[] | undefined {
  const needs = new Map<InstanceName, Set<InstanceName>>();
  for (const { id, after } of facets) {
    const plugin = instanceOf(id);
    const others = after.map(instanceOf).filter((other) => other !== plugin);
    needs.set(plugin, (needs.get(plugin) ?? new Set()).union(new Set(others)));
  }
  const path = closedPath(needs);
  return path.length > 0 ? path : undefined;
}

/**
 * A closed path: each waits for the next, the smallest comes first and again at the end. Empty where nothing
 * waits for itself. Equal graphs give equal paths, whatever their order.
 */
function closedPath<Id extends string>(needs: ReadonlyMap<Id, ReadonlySet<Id>>): readonly Id[] {
  const ids = [...needs.keys()].toSorted();
  const numbers = new Map(ids.map((id, number) => [id, number]));
  const edges = ids.flatMap((id) =>
    [...(needs.get(id) ?? [])].map((other) => [numbers.get(id), numbers.get(other)]),
  );
  const { of } = componentsOf({
    size: ids.length,
    from: edges.map(([from = 0]) => from),
    to: edges.map(([, to = 0]) => to),
  });
  const partOf = (id: Id): number | undefined => of[numbers.get(id) ?? -1];
  const onward = (id: Id): Id | undefined =>
    [...(needs.get(id) ?? [])].filter((other) => partOf(other) === partOf(id)).toSorted()[0];

  // In a component, every node that leads anywhere inside leads back to itself.
  const walked: Id[] = [];
  let next = ids.find((id) => onward(id) !== undefined);
  while (next !== undefined && !walked.includes(next)) {
    walked.push(next);
    next = onward(next);
  }
  const loop = walked.slice(walked.findIndex((id) => id === next));
  const smallest = loop.toSorted()[0];
  const start = loop.indexOf(smallest ?? (loop[0] as Id));
  return loop.length === 0 ? [] : [...loop.slice(start), ...loop.slice(0, start + 1)];
}
