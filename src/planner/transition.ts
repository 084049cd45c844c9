import type { FacetId, PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import { targetOf } from "../domain/manifest.ts";
import type { DeploymentOrder } from "../domain/policy.ts";
import { pluginOf } from "./cycle.ts";
import { orderEdges } from "./start-order.ts";
import { offeredVersion, type InRange, type Wire, type WiredFacet, type WiredSet } from "./wiring.ts";

/** Something that happens once on the way from one set to another. */
export type Move =
  | { readonly kind: "start" | "stop" | "rebind"; readonly plugin: PluginName; readonly facet: FacetId }
  /** A plugin's successor starts, and its predecessor stops: one move, unless both may run side by side. */
  | { readonly kind: "replace" | "arrive" | "leave"; readonly plugin: PluginName; readonly facet?: never };

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

/** `first` may not come after `second`: they come in this order, or at once. */
export interface Constraint {
  readonly first: number;
  readonly second: number;
  readonly cost: (typeof COST)[keyof typeof COST];
  readonly reason: Reason;
}

export type Reason =
  /** The requirement of `consumer`, as it is before or after its own move, is not met by both versions of `provider`. */
  | {
      readonly kind: "requirement";
      readonly consumer: WiredFacet;
      readonly side: "before" | "after";
      readonly wire: Wire;
      readonly provider: FacetId;
      /** What the provider has instead, on the other side of its move. */
      readonly instead: string | undefined;
      readonly adapter?: AdapterFacet;
    }
  | {
      readonly kind: "conflict";
      readonly plugin: Candidate;
      readonly other: Candidate;
      readonly range: string;
    }
  | { readonly kind: "order"; readonly rule: string }
  | { readonly kind: "overlap"; readonly plugin: PluginName };

/** A facet that can stand between an old consumer and a new provider. */
export interface AdapterFacet {
  readonly candidate: Candidate;
  readonly facet: FacetId;
}

/** All moves between two sets, and all that limits their order. */
export interface Transition {
  readonly moves: readonly Move[];
  readonly constraints: readonly Constraint[];
}

export interface TransitionInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  /** Plugins of both sets that are not the same in both: in content or configuration. */
  readonly replaced: ReadonlySet<PluginName>;
  readonly order: DeploymentOrder;
  readonly inRange: InRange;
  /** Whether two versions of a plugin that allow it may run side by side for a while. */
  readonly mayOverlap: boolean;
  /** Looks for an adapter that offers what an old requirement wants on top of a new provider. */
  readonly adapterFor: (wire: Wire, provider: WiredFacet) => AdapterFacet | undefined;
}

/**
 * Writes down what may not come before what.
 *
 * A facet needs the providers that it is bound to, before its move those of the base and after it those of the
 * next set. Bindings are decided, so every constraint is between two moves, which is what makes the order exact:
 * strongly connected moves are the smallest groups, and longest paths the fewest waves.
 */
export function transitionBetween(input: TransitionInput): Transition {
  const { base, next, replaced, order, inRange, adapterFor } = input;
  const moves: Move[] = [];
  const constraints: Constraint[] = [];
  const add = (move: Move): number => moves.push(move) - 1;

  const leaves = new Map<FacetId, number>();
  const arrives = new Map<FacetId, number>();
  const rebinds = new Map<FacetId, number>();
  for (const name of replaced) {
    const [old, successor] = [base.plugins.get(name), next.plugins.get(name)];
    if (!old || !successor) continue;
    const overlaps = input.mayOverlap && [old, successor].every(({ candidate }) => canOverlap(candidate));
    const arrival = add({ kind: overlaps ? "arrive" : "replace", plugin: name });
    const leave = overlaps ? add({ kind: "leave", plugin: name }) : arrival;
    for (const { id } of old.facets) leaves.set(id, leave);
    for (const { id } of successor.facets) arrives.set(id, arrival);
    if (!overlaps) continue;
    const reason = { kind: "overlap", plugin: name } as const;
    constraints.push(
      { first: arrival, second: leave, cost: COST.hard, reason },
      { first: leave, second: arrival, cost: COST.sideBySide, reason },
    );
  }
  for (const { id, wires } of next.facets.values()) {
    const plugin = pluginOf(id);
    const before = base.facets.get(id);
    if (!base.plugins.has(plugin)) arrives.set(id, add({ kind: "start", plugin, facet: id }));
    else if (before && !replaced.has(plugin) && isReboundBetween(before.wires, wires)) {
      rebinds.set(id, add({ kind: "rebind", plugin, facet: id }));
    }
  }
  for (const id of base.facets.keys()) {
    const plugin = pluginOf(id);
    if (!next.plugins.has(plugin)) leaves.set(id, add({ kind: "stop", plugin, facet: id }));
  }

  const constrain = (constraint: Constraint): void => {
    if (constraint.first !== constraint.second) constraints.push(constraint);
  };
  const require = (consumer: WiredFacet, side: "before" | "after", own: number | undefined): void => {
    if (own === undefined) return;
    const other = side === "before" ? next : base;
    for (const wire of consumer.wires) {
      for (const provider of wire.providers) {
        // On its own side the provider is there; the question is whether the other side's would do as well.
        const move = (side === "before" ? leaves : arrives).get(provider);
        if (move === undefined) continue;
        const there = other.facets.get(provider);
        const isOwn = pluginOf(provider) === consumer.candidate.manifest.name;
        const instead = offeredVersion(wire.requirement, provider, other);
        if (!isOwn && inRange(wire.requirement.range, instead)) continue;
        const adapter = side === "before" && there && !isOwn ? adapterFor(wire, there) : undefined;
        const reason = {
          kind: "requirement",
          consumer,
          side,
          wire,
          provider,
          instead,
          ...(adapter && { adapter }),
        } as const;
        const lazy = wire.requirement.when === "enable" ? COST.soft : undefined;
        const cost = lazy ?? (adapter ? COST.adapter : COST.hard);
        const [first, second] = side === "before" ? [own, move] : [move, own];
        constrain({ first, second, cost, reason });
      }
    }
  };
  // A facet that does not move has the same bindings on both sides, so that both meet what it requires.
  for (const consumer of base.facets.values()) {
    require(consumer, "before", leaves.get(consumer.id) ?? rebinds.get(consumer.id));
  }
  for (const consumer of next.facets.values()) {
    require(consumer, "after", arrives.get(consumer.id) ?? rebinds.get(consumer.id));
  }

  const movesOf = (facets: ReadonlyMap<FacetId, number>, candidate: Candidate, set: WiredSet): number[] => [
    ...new Set(set.plugins.get(candidate.manifest.name)?.facets.flatMap(({ id }) => facets.get(id) ?? [])),
  ];
  for (const { leaving, arriving, reason } of incompatiblePairs(input)) {
    for (const first of movesOf(leaves, leaving, base)) {
      for (const second of movesOf(arrives, arriving, next))
        constrain({ first, second, cost: COST.hard, reason });
    }
  }

  for (const { from, to, origin } of orderEdges(next, order)) {
    const [first, second] = [arrives.get(to), arrives.get(from)];
    if (origin.kind !== "order" || first === undefined || second === undefined) continue;
    const starts = [first, second].every((move) => moves[move]?.kind === "start");
    const cost = starts ? COST.hard : COST.soft;
    constrain({ first, second, cost, reason: { kind: "order", rule: origin.rule } });
  }
  for (const { from, to, origin } of orderEdges(base, order)) {
    const [first, second] = [leaves.get(from), leaves.get(to)];
    if (origin.kind !== "order" || first === undefined || second === undefined) continue;
    if (![first, second].every((move) => moves[move]?.kind === "stop")) continue;
    constrain({ first, second, cost: COST.hard, reason: { kind: "order", rule: origin.rule } });
  }
  return { moves, constraints };
}

/** Two instances of a plugin that keeps state would each go their own way with it. */
const canOverlap = ({ manifest }: Candidate): boolean =>
  manifest.multiVersion && manifest.singleton === "none" && manifest.state === undefined;

/** A plugin that is needed by name is whoever has the name; only the providers of ports are bound one by one. */
const isReboundBetween = (before: readonly Wire[], after: readonly Wire[]): boolean =>
  before.some(({ requirement, providers }, i) => {
    const now = after[i]?.providers ?? [];
    return (
      "port" in requirement &&
      (now.length !== providers.length || now.some((provider, place) => provider !== providers[place]))
    );
  });

interface IncompatiblePair {
  /** Is there before, and must be gone when `arriving` comes. */
  readonly leaving: Candidate;
  readonly arriving: Candidate;
  readonly reason: Reason;
}

/** Plugins of the base and the next set of which one refuses the other. */
const incompatiblePairs = ({ base, next, inRange }: TransitionInput): IncompatiblePair[] => [
  ...refusals(base, next, inRange).map((reason) => ({
    leaving: reason.plugin,
    arriving: reason.other,
    reason,
  })),
  ...refusals(next, base, inRange).map((reason) => ({
    leaving: reason.other,
    arriving: reason.plugin,
    reason,
  })),
];

/** Who in one set does not accept whom in the other: a conflict, or an optional plugin out of range. */
function refusals(from: WiredSet, to: WiredSet, inRange: InRange): Extract<Reason, { kind: "conflict" }>[] {
  return [...from.plugins.values()].flatMap(({ candidate: plugin }) => {
    const { name: own, conflicts, facets } = plugin.manifest;
    const statements = conflicts.map(({ plugin: name, range }) => ({ name, range, refuses: true }));
    for (const { requires } of Object.values(facets)) {
      for (const requirement of requires) {
        if (!requirement.optional || !("plugin" in requirement)) continue;
        statements.push({ name: requirement.plugin, range: requirement.range, refuses: false });
      }
    }
    return statements.flatMap(({ name, range, refuses }) => {
      const other = to.plugins.get(name)?.candidate;
      if (!other || name === own || inRange(range, other.manifest.version) !== refuses) return [];
      return [{ kind: "conflict", plugin, other, range } as const];
    });
  });
}

/** What a constraint is about, for a person. */
export function explainReason(reason: Reason): string {
  switch (reason.kind) {
    case "requirement": {
      const { consumer, wire, provider, instead } = reason;
      const { name, version } = consumer.candidate.manifest;
      const has = instead === undefined ? `without ${provider}` : `and ${pluginOf(provider)} has ${instead}`;
      return `${name} ${version} needs ${targetOf(wire.requirement)} ${wire.requirement.range}, ${has}`;
    }
    case "conflict": {
      const [a, b] = [reason.plugin.manifest, reason.other.manifest];
      return `${a.name} ${a.version} does not run beside ${b.name} ${b.version}`;
    }
    case "order":
      return reason.rule;
    case "overlap":
      return `two versions of ${reason.plugin} do not run side by side`;
    default:
      return reason satisfies never;
  }
}
