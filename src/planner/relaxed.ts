import { byText } from "../domain/by-text.ts";
import type { FacetId } from "../domain/ids.ts";
import { targetOf } from "../domain/manifest.ts";
import type { Relaxation } from "../domain/plan.ts";
import { COST, type AdapterFacet, type Constraint } from "./constraints.ts";
import type { Moves } from "./moves.ts";
import type { Schedule } from "./schedule.ts";

/** A facet that is started, or still there, while something that it needs to act is not. */
export interface Hold {
  readonly facet: FacetId;
  readonly requirement: string;
  readonly provider: FacetId;
  /** First and last wave in which the facet must not act. */
  readonly from: number;
  readonly to: number;
}

/** A lazy constraint that was given up matters where the schedule does not happen to keep it. */
export const holdsOf = ({ broken, waveOf, groupOf }: Schedule): readonly Hold[] =>
  broken.flatMap(({ first, second, cost, reason }): Hold[] => {
    if (cost !== COST.soft || reason.kind !== "requirement" || groupOf[first] === groupOf[second]) return [];
    const [from, to] = [waveOf[second] ?? 0, waveOf[first] ?? 0];
    const { consumer, requirement, provider } = reason;
    return from <= to ? [{ facet: consumer.id, requirement: targetOf(requirement), provider, from, to }] : [];
  });

/** An adapter in use: from the move of the provider until the last old consumer has moved. */
export interface Bridge {
  readonly adapter: AdapterFacet;
  /** The move that it comes with. */
  readonly provider: number;
  /** The moves after which it goes. */
  readonly consumers: readonly number[];
  readonly broken: readonly Constraint[];
}

export function bridgesOf({ broken }: Schedule): readonly Bridge[] {
  const uses = broken.flatMap((constraint) => {
    const { cost, reason } = constraint;
    const adapter = cost === COST.adapter && reason.kind === "requirement" ? reason.adapter : undefined;
    return adapter ? [{ adapter, constraint }] : [];
  });
  const bridges = Map.groupBy(uses, ({ adapter, constraint }) => `${adapter.facet} ${constraint.second}`);
  return [...bridges.values()].flatMap((list) => {
    const [use] = list;
    if (!use) return [];
    const constraints = list.map(({ constraint }) => constraint);
    const consumers = constraints.map(({ first }) => first);
    return [{ adapter: use.adapter, provider: use.constraint.second, consumers, broken: constraints }];
  });
}

/** All that was given up on the way, for whoever reads the plan. */
export function relaxations(
  { overlaps }: Moves,
  { groupOf }: Schedule,
  { holds, bridges }: { readonly holds: readonly Hold[]; readonly bridges: readonly Bridge[] },
): readonly Relaxation[] {
  const all: Relaxation[] = [
    ...holds.map(
      ({ facet, requirement, provider }) => ({ kind: "held", facet, requirement, provider }) as const,
    ),
    ...[...overlaps].flatMap(([plugin, { arrive, leave }]) =>
      groupOf[arrive] === groupOf[leave] ? [] : [{ kind: "side-by-side", plugin } as const],
    ),
    ...bridges.flatMap(({ adapter: { facet: adapter }, broken }) =>
      broken.flatMap(({ reason }) => {
        if (reason.kind !== "requirement") return [];
        const { consumer, requirement, provider } = reason;
        return [
          {
            kind: "adapter",
            adapter,
            facet: consumer.id,
            requirement: targetOf(requirement),
            provider,
          } as const,
        ];
      }),
    ),
  ];
  return [...new Map(all.map((each) => [JSON.stringify(each), each]))]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([, relaxation]) => relaxation);
}
