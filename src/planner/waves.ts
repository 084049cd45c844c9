import type { FacetId, PluginName } from "../domain/ids.ts";
import { targetOf } from "../domain/manifest.ts";
import type { Change, Relaxation, Step, StepGroup, StepVersion, Wave } from "../domain/plan.ts";
import type { DrainPolicy } from "../domain/policy.ts";
import { longestPath } from "./estimate.ts";
import { reasonOf } from "./group-reason.ts";
import { schedule } from "./schedule.ts";
import { COST, type AdapterFacet, type Constraint, type Move, type Transition } from "./transition.ts";
import type { WiredPlugin, WiredSet } from "./wiring.ts";

export interface WavesInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  readonly transition: Transition;
  readonly changes: readonly Change[];
  /** Facets in start order: of the base as it was started, and of the next set. */
  readonly baseOrder: readonly FacetId[];
  readonly nextOrder: readonly FacetId[];
  readonly after: ReadonlyMap<FacetId, readonly FacetId[]>;
  readonly estimates: ReadonlyMap<FacetId, number>;
  readonly drain: Readonly<Record<string, DrainPolicy>>;
}

/** The way from one set to another, step by step. */
export interface Rollout {
  readonly waves: readonly Wave[];
  readonly relaxed: readonly Relaxation[];
  readonly adapters: readonly AdapterFacet[];
}

/** Turns scheduled moves into steps that say all that activation needs to know. */
export function rollOut(input: WavesInput): Rollout {
  const { moves, constraints } = input.transition;
  const { waves, waveOf, groupOf, broken } = schedule(input.transition);
  const given = new Set(broken);
  const inside = Map.groupBy(
    constraints.filter((each) => !given.has(each) && groupOf[each.first] === groupOf[each.second]),
    ({ first }) => groupOf[first],
  );
  const bridges = bridgesOf(broken);
  const bridgesIn = Map.groupBy(bridges, ({ provider }) => groupOf[provider]);
  const toSteps = stepMaker(input);

  const groups = waves.map((wave) =>
    wave.map((members): StepGroup => {
      const group = groupOf[members[0] ?? 0];
      const own = members.flatMap((move) => moves[move] ?? []);
      const steps = [
        ...toSteps(own),
        ...(bridgesIn.get(group) ?? []).map(({ adapter }) => adapterStep("start", adapter)),
      ];
      const isAtomic = new Set(own.map(({ plugin }) => plugin)).size > 1;
      return isAtomic ? { steps, because: reasonOf(inside.get(group) ?? [], moves) } : { steps };
    }),
  );
  for (const { adapter, consumers } of bridges) {
    const end = Math.max(...consumers.map((move) => waveOf[move] ?? 0)) + 1;
    (groups[end] ??= []).push({ steps: [adapterStep("stop", adapter)] });
  }
  const rank = rankOf(input);
  const estimateOf = estimator(input);
  const sorted = groups.map((wave) => wave.toSorted((a, b) => compare(rank(a), rank(b))));
  const held = heldFacets(broken, { waveOf, groupOf });
  const memory = memoryOf(
    input,
    sorted,
    bridges.map(({ adapter }) => adapter),
  );
  return {
    waves: sorted.map((wave, number) => ({
      groups: wave,
      held: [
        ...new Set(held.flatMap(({ facet, from, to }) => (from <= number && number <= to ? [facet] : []))),
      ].toSorted(),
      memoryMiB: memory[number] ?? 0,
      estimateMs: Math.max(0, ...wave.map(estimateOf)),
    })),
    relaxed: relaxations(input, { moves, groupOf, held, bridges }),
    adapters: [...new Map(bridges.map(({ adapter }) => [adapter.facet, adapter])).values()],
  };
}

type Rank = readonly [priority: number, plugin: string, facet: string];

const compare = (a: Rank, b: Rank): number =>
  a[0] - b[0] || (a[1] < b[1] ? -1 : Number(a[1] > b[1])) || (a[2] < b[2] ? -1 : 1);

/** Groups of a wave are independent; they are told, and begun, by priority and then by name. */
const rankOf =
  ({ base, next }: WavesInput) =>
  ({ steps }: StepGroup): Rank => {
    const ranks = steps.map(({ plugin, start, stop }): Rank => {
      const placed = next.plugins.get(plugin) ?? base.plugins.get(plugin);
      return [placed?.candidate.manifest.priority ?? 0, plugin, start[0] ?? stop[0] ?? ""];
    });
    return ranks.toSorted(compare)[0] ?? [0, "", ""];
  };

function stepMaker({ base, next, changes, baseOrder, nextOrder, drain }: WavesInput) {
  const places = (order: readonly FacetId[]) => new Map(order.map((id, place) => [id, place]));
  const [started, starts] = [places(baseOrder), places(nextOrder)];
  const place = (order: ReadonlyMap<FacetId, number>) => (a: FacetId, b: FacetId) =>
    (order.get(a) ?? 0) - (order.get(b) ?? 0);
  const oneWay = new Set(
    changes.flatMap((change) => ("state" in change && change.state !== undefined ? [change.plugin] : [])),
  );

  const step = (
    action: Step["action"],
    plugin: PluginName,
    parts: { stop: FacetId[]; start: FacetId[] },
  ): Step => {
    const [from, to] = [base.plugins.get(plugin), next.plugins.get(plugin)];
    return {
      action,
      plugin,
      ...(from && action !== "start" && action !== "rebind" && { from: versionOf(from) }),
      ...(to && action !== "stop" && { to: versionOf(to) }),
      stop: parts.stop.toSorted(place(started)).toReversed(),
      start: parts.start.toSorted(place(starts)),
      ...(parts.stop.length > 0 && from && { drain: drain[plugin] ?? drainOf(from) }),
      ...(oneWay.has(plugin) && parts.start.length > 0 && { oneWay: true as const }),
    };
  };
  const all = (set: WiredSet, plugin: PluginName): FacetId[] =>
    set.plugins.get(plugin)?.facets.map(({ id }) => id) ?? [];

  /** The steps of one group, one for each plugin and kind of move. */
  return (moves: readonly Move[]): Step[] => {
    const kinds = new Map<string, Move[]>();
    for (const move of moves) {
      const isBoth = (move.kind === "arrive" || move.kind === "leave") && bothIn(moves, move.plugin);
      const kind = isBoth ? "replace" : move.kind;
      kinds.set(`${kind} ${move.plugin}`, [
        ...(kinds.get(`${kind} ${move.plugin}`) ?? []),
        { ...move, kind } as Move,
      ]);
    }
    return [...kinds.values()]
      .flatMap(([move, ...others]): Step[] => {
        if (!move) return [];
        const { plugin } = move;
        const facets = [move, ...others].flatMap(({ facet }) => facet ?? []);
        switch (move.kind) {
          case "start":
            return [step("start", plugin, { stop: [], start: facets })];
          case "stop":
            return [step("stop", plugin, { stop: facets, start: [] })];
          case "rebind":
            return [step("rebind", plugin, { stop: [], start: facets })];
          case "arrive":
            return [step("start", plugin, { stop: [], start: all(next, plugin) })];
          case "leave":
            return [step("stop", plugin, { stop: all(base, plugin), start: [] })];
          case "replace":
            return [step("replace", plugin, { stop: all(base, plugin), start: all(next, plugin) })];
          default:
            return move satisfies never;
        }
      })
      .toSorted((a, b) => (a.plugin < b.plugin ? -1 : 1));
  };
}

const bothIn = (moves: readonly Move[], plugin: PluginName): boolean =>
  ["arrive", "leave"].every((kind) => moves.some((move) => move.kind === kind && move.plugin === plugin));

const versionOf = ({ candidate: { manifest, content } }: Pick<WiredPlugin, "candidate">): StepVersion => ({
  version: manifest.version,
  content,
});

/** Orders stay, and what is in flight has the time that the manifest asks for. */
const drainOf = ({ candidate: { manifest } }: WiredPlugin): DrainPolicy => ({
  orders: "keep",
  maxWaitMs: manifest.resources.drainTimeoutMs,
  then: "abort",
});

/** An adapter in use: from the move of the provider until the last old consumer has moved. */
interface Bridge {
  readonly adapter: AdapterFacet;
  readonly provider: number;
  readonly consumers: readonly number[];
  readonly broken: readonly Constraint[];
}

function bridgesOf(broken: readonly Constraint[]): readonly Bridge[] {
  const uses = broken.flatMap((constraint) => {
    const { cost, reason, first, second } = constraint;
    if (cost !== COST.adapter || reason.kind !== "requirement" || !reason.adapter) return [];
    return [{ adapter: reason.adapter, consumer: first, provider: second, constraint }];
  });
  return [...Map.groupBy(uses, ({ adapter, provider }) => `${adapter.facet} ${provider}`).values()].flatMap(
    (list) => {
      const [use] = list;
      if (!use) return [];
      const consumers = list.map(({ consumer }) => consumer);
      return [
        {
          adapter: use.adapter,
          provider: use.provider,
          consumers,
          broken: list.map(({ constraint }) => constraint),
        },
      ];
    },
  );
}

const adapterStep = (action: "start" | "stop", { candidate, facet }: AdapterFacet): Step => {
  const version = versionOf({ candidate });
  return action === "start"
    ? { action, plugin: candidate.manifest.name, to: version, stop: [], start: [facet] }
    : { action, plugin: candidate.manifest.name, from: version, stop: [facet], start: [] };
};

interface Hold {
  readonly facet: FacetId;
  readonly requirement: string;
  readonly provider: FacetId;
  /** First and last wave in which the facet must not act. */
  readonly from: number;
  readonly to: number;
}

/** A lazy constraint that was given up matters where the schedule does not happen to keep it. */
const heldFacets = (
  broken: readonly Constraint[],
  { waveOf, groupOf }: { readonly waveOf: Int32Array; readonly groupOf: Int32Array },
): readonly Hold[] =>
  broken.flatMap(({ first, second, cost, reason }): Hold[] => {
    if (cost !== COST.soft || reason.kind !== "requirement" || groupOf[first] === groupOf[second]) return [];
    const [from, to] = [waveOf[second] ?? 0, waveOf[first] ?? 0];
    const { consumer, wire, provider } = reason;
    return from <= to
      ? [{ facet: consumer.id, requirement: targetOf(wire.requirement), provider, from, to }]
      : [];
  });

function relaxations(
  { base, next }: WavesInput,
  found: {
    readonly moves: readonly Move[];
    readonly groupOf: Int32Array;
    readonly held: readonly Hold[];
    readonly bridges: readonly Bridge[];
  },
): readonly Relaxation[] {
  const { moves, groupOf, held, bridges } = found;
  const arrivals = moves.flatMap((move, i) =>
    move.kind === "arrive" ? [{ plugin: move.plugin, group: groupOf[i] }] : [],
  );
  const leaves = new Map(
    moves.flatMap((move, i) => (move.kind === "leave" ? [[move.plugin, groupOf[i]] as const] : [])),
  );
  const all: Relaxation[] = [
    ...held.map(({ facet, requirement, provider }) => ({
      kind: "held" as const,
      facet,
      requirement,
      provider,
    })),
    ...arrivals
      .filter(
        ({ plugin, group }) =>
          base.plugins.has(plugin) && next.plugins.has(plugin) && leaves.get(plugin) !== group,
      )
      .map(({ plugin }) => ({ kind: "side-by-side" as const, plugin })),
    ...bridges.flatMap(({ adapter, broken }) =>
      broken.flatMap(({ reason }) =>
        reason.kind === "requirement"
          ? [
              {
                kind: "adapter" as const,
                adapter: adapter.facet,
                facet: reason.consumer.id,
                requirement: targetOf(reason.wire.requirement),
                provider: reason.provider,
              },
            ]
          : [],
      ),
    ),
  ];
  const key = (relaxation: Relaxation): string => JSON.stringify(relaxation);
  return [...new Map(all.map((relaxation) => [key(relaxation), relaxation])).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, relaxation]) => relaxation);
}

/** Longest stop of a group, and then its longest chain of starts. */
function estimator({ nextOrder, after, estimates, base }: WavesInput): (group: StepGroup) => number {
  const places = new Map(nextOrder.map((id, place) => [id, place]));
  const placeOf = (id: FacetId): number => places.get(id) ?? 0;
  const stopOf = ({ plugin, stop, drain }: Step): number =>
    stop.length === 0
      ? 0
      : (drain?.maxWaitMs ?? 0) + (base.plugins.get(plugin)?.candidate.manifest.resources.stopTimeoutMs ?? 0);
  return ({ steps }) => {
    const starting = steps.flatMap(({ action, start }) => (action === "rebind" ? [] : start));
    const ordered = starting.toSorted((a, b) => placeOf(a) - placeOf(b));
    return Math.max(0, ...steps.map(stopOf)) + longestPath(ordered, { after, estimates }).ms;
  };
}

/** What is declared by all that is there at some time of each wave; a plugin that replaces another takes its place. */
function memoryOf(
  { base, next }: WavesInput,
  waves: readonly (readonly StepGroup[])[],
  adapters: readonly AdapterFacet[],
): readonly number[] {
  const declared = new Map<string, number>();
  for (const { candidate } of [...base.plugins.values(), ...next.plugins.values(), ...adapters]) {
    declared.set(candidate.content, candidate.manifest.resources.memoryMiB);
  }
  const mib = (version: StepVersion | undefined): number => declared.get(version?.content ?? "") ?? 0;
  let present = base.plugins
    .values()
    .reduce((sum, { candidate }) => sum + candidate.manifest.resources.memoryMiB, 0);
  const begun = new Set<string>();
  const leftOf = new Map<PluginName, number>(
    [...base.plugins].map(([name, { facets }]) => [name, facets.length]),
  );
  return waves.map((wave) => {
    let [peak, after] = [present, present];
    for (const { action, plugin, from, to, stop } of wave.flatMap(({ steps }) => steps)) {
      if (action === "replace") {
        peak += Math.max(0, mib(to) - mib(from));
        after += mib(to) - mib(from);
      } else if (action === "start" && to && !begun.has(to.content)) {
        begun.add(to.content);
        peak += mib(to);
        after += mib(to);
      } else if (action === "stop") {
        const left = (leftOf.get(plugin) ?? stop.length) - stop.length;
        leftOf.set(plugin, left);
        if (left === 0) after -= mib(from);
      }
    }
    present = after;
    return peak;
  });
}
