import { byText } from "../domain/by-text.ts";
import type { FacetId } from "../domain/ids.ts";
import { STAGES, type DeploymentOrder } from "../domain/policy.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { breakCycles } from "./break-cycles.ts";
import { cycleIn, type Cycle } from "./cycle.ts";
import { levelsOf } from "./digraph.ts";
import type { Edge, OrderRule } from "./edge.ts";
import type { WiredSet } from "./wiring.ts";

/** Facets in an order in which they can start. */
export interface OrderedFacets {
  /** Each facet is in the first wave in which all it waits for is ready. */
  readonly waves: readonly (readonly FacetId[])[];
  readonly after: ReadonlyMap<FacetId, readonly FacetId[]>;
  /** What does not wait, so that others can start: the facet starts, and is enabled only when the provider is ready. */
  readonly held: readonly Edge[];
}

/**
 * Orders facets by what they require of each other and what the deployment says. Where they wait for each
 * other, requirements that only have to be met before a facet is enabled do not keep it from starting.
 *
 * Equal sets give equal orders: priority, then name decide within a wave.
 */
export function orderFacets(set: WiredSet, order: DeploymentOrder = {}): Result<OrderedFacets, Cycle> {
  const edges = [...requiredEdges(set), ...orderEdges(set, order)];
  const ids = [...set.facets.keys()];
  const numbers = new Map(ids.map((id, number) => [id, number]));
  const graph = (kept: readonly Edge[]) => ({
    size: ids.length,
    from: kept.map(({ to }) => numbers.get(to) ?? 0),
    to: kept.map(({ from }) => numbers.get(from) ?? 0),
  });
  const isHeld = new Set(
    breakCycles({
      ...graph(edges),
      cost: edges.map(({ origin }) => Number(origin.kind === "wire" && origin.requirement.when === "enable")),
      unit: Int32Array.from(ids.keys()),
    }),
  );
  const kept = isHeld.size > 0 ? edges.filter((_, edge) => !isHeld.has(edge)) : edges;
  const levels = levelsOf(graph(kept));
  if (levels.includes(-1))
    return err(
      cycleIn(
        ids.filter((_, facet) => levels[facet] === -1),
        kept,
      ),
    );

  const after = new Map<FacetId, Set<FacetId>>(ids.map((id) => [id, new Set()]));
  for (const { from, to } of kept) after.get(from)?.add(to);
  const waves: FacetId[][] = [];
  for (const id of ids.toSorted(byPriority(set))) (waves[levels[numbers.get(id) ?? 0] ?? 0] ??= []).push(id);
  return ok({
    waves,
    after: new Map(after.entries().map(([id, needed]) => [id, [...needed].toSorted()])),
    held: edges.filter((_, edge) => isHeld.has(edge)),
  });
}

/** Lower priorities first, then by name. */
const byPriority =
  ({ facets }: WiredSet) =>
  (a: FacetId, b: FacetId): number =>
    (facets.get(a)?.candidate.manifest.priority ?? 0) - (facets.get(b)?.candidate.manifest.priority ?? 0) ||
    byText(a, b);

function requiredEdges({ facets }: WiredSet): Edge[] {
  const edges: Edge[] = [];
  for (const { id: from, wires } of facets.values()) {
    for (const origin of wires) for (const to of origin.providers) edges.push({ from, to, origin });
  }
  return edges;
}

/** What a deployment says of the order. Members that are not deployed, or in both places, say nothing. */
export function orderEdges(set: WiredSet, { stages = {}, rules = [] }: DeploymentOrder): Edge[] {
  const membersOf = (names: readonly string[]): FacetId[] => names.flatMap((name) => facetsNamed(set, name));

  const filled = STAGES.map((stage) => ({ stage, members: membersOf(stages[stage] ?? []) })).filter(
    ({ members }) => members.length > 0,
  );
  const staged = filled.slice(1).flatMap(({ stage, members }, i) => {
    const before = filled[i];
    const origin: OrderRule = {
      kind: "order",
      rule: `stage ${stage} comes after stage ${before?.stage}`,
      pointer: `/order/stages/${stage}`,
    };
    return members.flatMap((from) => (before?.members ?? []).map((to): Edge => ({ from, to, origin })));
  });
  const ruled = rules.flatMap(({ start, after = [], before = [] }, i) => {
    const origin: OrderRule = { kind: "order", rule: `rule for ${start}`, pointer: `/order/rules/${i}` };
    return membersOf([start]).flatMap((facet) => [
      ...membersOf(after).map((to): Edge => ({ from: facet, to, origin })),
      ...membersOf(before).map((from): Edge => ({ from, to: facet, origin })),
    ]);
  });
  return [...staged, ...ruled].filter(({ from, to }) => from !== to);
}

/** A facet by its id, or all facets of a plugin by its name, in whichever versions. */
const facetsNamed = ({ facets }: WiredSet, name: string): FacetId[] =>
  facets.has(name as FacetId)
    ? [name as FacetId]
    : [...facets.values()].flatMap(({ id, candidate }) => (candidate.manifest.name === name ? id : []));
