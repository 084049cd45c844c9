import { type FacetId, type InstanceName, instanceOf } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { FacetRequirement } from "../domain/manifest.ts";
import type { DeploymentOrder } from "../domain/policy.ts";
import type { Edge } from "./edge.ts";
import { canOverlap, type Moves } from "./moves.ts";
import { orderEdges } from "./start-order.ts";
import { offeredVersion, type InRange, type WiredFacet, type WiredPlugin, type WiredSet } from "./wiring.ts";

/** What giving up a constraint costs, in the order in which constraints are given up. */
export const COST = {
  /** Never given up. */
  hard: 0,
  /** A facet is held back for a while, or an order that was asked for is not kept. */
  soft: 1,
  /** Two versions run side by side for a while, and both take memory. */
  sideBySide: 2,
  /** An adapter runs for a while. */
  adapter: 3,
} as const;

/** `first` may not come after `second`: they come in this order, or at once. Both are indices of moves. */
export interface Constraint {
  readonly first: number;
  readonly second: number;
  readonly cost: (typeof COST)[keyof typeof COST];
  readonly reason: Reason;
}

export type Reason =
  /** What `consumer` requires on one side of its move, `provider` does not have on the other side of its own. */
  | {
      readonly kind: "requirement";
      readonly consumer: WiredFacet;
      readonly requirement: FacetRequirement;
      readonly provider: FacetId;
      /** What the provider has there; `undefined` where it is not there at all. */
      readonly instead: string | undefined;
      /** What could give the consumer what it requires, on top of what is there instead. */
      readonly adapter: AdapterFacet | undefined;
    }
  | {
      readonly kind: "conflict";
      readonly plugin: Candidate;
      readonly other: Candidate;
      readonly range: string;
    }
  | { readonly kind: "order"; readonly rule: string }
  | { readonly kind: "overlap"; readonly plugin: InstanceName };

/** A facet that can stand between an old consumer and a new provider. */
export interface AdapterFacet {
  readonly candidate: Candidate;
  readonly facet: FacetId;
}

export interface ConstraintsInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  readonly order: DeploymentOrder;
  readonly inRange: InRange;
  /** Looks for an adapter that offers what an old requirement wants on top of a new provider. */
  readonly adapterFor: (requirement: FacetRequirement, provider: WiredFacet) => AdapterFacet | undefined;
}

/**
 * What may not come before what.
 *
 * A facet needs the providers that it is bound to, before its move those of the base and after it those of the
 * next set. Bindings are decided, so every constraint is between two moves, which is what makes the order exact:
 * strongly connected moves are the smallest groups, and longest paths the fewest waves.
 */
export const constraintsOn = (moves: Moves, input: ConstraintsInput): readonly Constraint[] =>
  [
    ...overlapConstraints(moves),
    ...versionConstraints(moves, input),
    ...requirementConstraints("before", moves, input),
    ...requirementConstraints("after", moves, input),
    ...conflictConstraints(moves, input),
    ...orderConstraints(moves, input),
  ].filter(({ first, second }) => first !== second);

/** The successor comes first; that the predecessor goes at once with it may be given up. */
const overlapConstraints = ({ overlaps }: Moves): Constraint[] =>
  [...overlaps].flatMap(([plugin, { arrive, leave }]) => {
    const reason = { kind: "overlap", plugin } as const;
    return [
      { first: arrive, second: leave, cost: COST.hard, reason },
      { first: leave, second: arrive, cost: COST.sideBySide, reason },
    ];
  });

/** A version that stands alone does not run beside one that stands side by side with others, unless both allow it. */
function versionConstraints({ leaves, arrives }: Moves, { base, next }: ConstraintsInput): Constraint[] {
  const versionsOf = Map.groupBy(next.plugins, ([, { candidate }]) => candidate.manifest.name);
  return [...base.plugins].flatMap(([plugin, old]) =>
    (versionsOf.get(old.candidate.manifest.name) ?? []).flatMap(([instance, young]) => {
      if (instance === plugin || (canOverlap(old.candidate) && canOverlap(young.candidate))) return [];
      return movesOf(old, leaves).flatMap((first) =>
        movesOf(young, arrives).map((second) => ({
          first,
          second,
          cost: COST.hard,
          reason: { kind: "overlap", plugin } as const,
        })),
      );
    }),
  );
}

/**
 * What is required before the consumer's move stays until then, unless the provider's next version does as well;
 * what is required after it is there first, unless the provider's version before does as well. A facet that does
 * not move has one binding on both sides, so that both meet what it requires.
 */
function requirementConstraints(
  side: "before" | "after",
  moves: Moves,
  input: ConstraintsInput,
): Constraint[] {
  const { inRange } = input;
  const [own, other] = side === "before" ? [input.base, input.next] : [input.next, input.base];
  const presence = side === "before" ? moves.leaves : moves.arrives;
  const constraints: Constraint[] = [];
  for (const consumer of own.facets.values()) {
    const turn = presence.get(consumer.id) ?? moves.rebinds.get(consumer.id);
    if (turn === undefined) continue;
    for (const { requirement, providers } of consumer.wires) {
      for (const provider of providers) {
        const move = presence.get(provider);
        if (move === undefined) continue;
        const isOwn = instanceOf(provider) === instanceOf(consumer.id);
        const instead = offeredVersion(requirement, provider, other);
        if (!isOwn && inRange(requirement.range, instead)) continue;

        const there = side === "before" && !isOwn ? other.facets.get(provider) : undefined;
        const adapter = there && input.adapterFor(requirement, there);
        const cost = requirement.when === "enable" ? COST.soft : adapter ? COST.adapter : COST.hard;
        const reason = { kind: "requirement", consumer, requirement, provider, instead, adapter } as const;
        const [first, second] = side === "before" ? [turn, move] : [move, turn];
        constraints.push({ first, second, cost, reason });
      }
    }
  }
  return constraints;
}

/** What is there before goes before what it does not run beside comes. */
function conflictConstraints(
  { leaves, arrives }: Moves,
  { base, next, inRange }: ConstraintsInput,
): Constraint[] {
  const pairs = [
    ...refusals(base, next, inRange).map(({ by, other, reason }) => ({ old: by, young: other, reason })),
    ...refusals(next, base, inRange).map(({ by, other, reason }) => ({ old: other, young: by, reason })),
  ];
  return pairs.flatMap(({ old, young, reason }) =>
    movesOf(old, leaves).flatMap((first) =>
      movesOf(young, arrives).map((second) => ({ first, second, cost: COST.hard, reason })),
    ),
  );
}

const movesOf = ({ facets }: WiredPlugin, moves: ReadonlyMap<FacetId, number>): number[] => [
  ...new Set(facets.flatMap(({ id }) => moves.get(id) ?? [])),
];

interface Refused {
  readonly by: WiredPlugin;
  readonly other: WiredPlugin;
  readonly reason: Extract<Reason, { kind: "conflict" }>;
}

/** Who in one set does not accept whom in the other: a conflict, or an optional plugin out of range. */
function refusals(from: WiredSet, to: WiredSet, inRange: InRange): Refused[] {
  const versionsOf = Map.groupBy(to.plugins.values(), ({ candidate }) => candidate.manifest.name);
  return [...from.plugins.values()].flatMap((by) => {
    const { name: own, conflicts, facets } = by.candidate.manifest;
    const statements = conflicts.map(({ plugin: name, range }) => ({ name, range, refuses: true }));
    for (const { requires } of Object.values(facets)) {
      for (const requirement of requires) {
        if (!requirement.optional || !("plugin" in requirement)) continue;
        statements.push({ name: requirement.plugin, range: requirement.range, refuses: false });
      }
    }
    return statements.flatMap(({ name, range, refuses }) =>
      (versionsOf.get(name) ?? []).flatMap((other): Refused[] => {
        if (name === own || inRange(range, other.candidate.manifest.version) !== refuses) return [];
        return [
          { by, other, reason: { kind: "conflict", plugin: by.candidate, other: other.candidate, range } },
        ];
      }),
    );
  });
}

/**
 * The deployment's order, as far as it is about what starts and what stops. Between plugins that are replaced it is
 * a wish: nothing changes at once for the sake of an order.
 */
function orderConstraints(
  { list, leaves, arrives }: Moves,
  { base, next, order }: ConstraintsInput,
): Constraint[] {
  const constraint = (
    { origin }: Edge,
    [first, second]: readonly [number | undefined, number | undefined],
    kind: "start" | "stop",
  ): Constraint[] => {
    if (origin.kind !== "order" || first === undefined || second === undefined) return [];
    const isHard = list[first]?.kind === kind && list[second]?.kind === kind;
    if (kind === "stop" && !isHard) return [];
    const reason = { kind: "order", rule: origin.rule } as const;
    return [{ first, second, cost: isHard ? COST.hard : COST.soft, reason }];
  };
  return [
    ...orderEdges(next, order).flatMap((edge) =>
      constraint(edge, [arrives.get(edge.to), arrives.get(edge.from)], "start"),
    ),
    ...orderEdges(base, order).flatMap((edge) =>
      constraint(edge, [leaves.get(edge.from), leaves.get(edge.to)], "stop"),
    ),
  ];
}
