import { byText } from "../domain/by-text.ts";
import type { FacetId } from "../domain/ids.ts";
import type { Relaxation, Step, StepGroup, Wave } from "../domain/plan.ts";
import type { AdapterFacet, Constraint } from "./constraints.ts";
import { longestPath } from "./estimate.ts";
import { reasonOf } from "./group-reason.ts";
import { memoryOfWaves } from "./memory.ts";
import type { Moves } from "./moves.ts";
import { bridgesOf, holdsOf, relaxations } from "./relaxed.ts";
import { schedule } from "./schedule.ts";
import { adapterStep, byPlace, stepMaker, type StepsInput } from "./steps.ts";
import type { WiredSet } from "./wiring.ts";

export interface WavesInput extends StepsInput {
  readonly moves: Moves;
  readonly constraints: readonly Constraint[];
  readonly after: ReadonlyMap<FacetId, readonly FacetId[]>;
  /** Time that each facet takes to become ready, in ms. */
  readonly estimates: ReadonlyMap<FacetId, number>;
}

/** The way from one set to another, step by step. */
export interface Rollout {
  readonly waves: readonly Wave[];
  readonly relaxed: readonly Relaxation[];
  readonly adapters: readonly AdapterFacet[];
}

/** Schedules moves, and turns them into steps that say all that activation needs to know. */
export function rollOut(input: WavesInput): Rollout {
  const { base, next, moves } = input;
  const scheduled = schedule(moves.list, input.constraints);
  const bridges = bridgesOf(scheduled);
  const holds = holdsOf(scheduled);
  const adapters = [...new Map(bridges.map(({ adapter }) => [adapter.facet, adapter])).values()];

  const estimateOf = estimator(input);
  const waves = groupsOf(input, scheduled, bridges);
  const memory = memoryOfWaves(
    base,
    waves,
    [...base.plugins.values(), ...next.plugins.values(), ...adapters].map(({ candidate }) => candidate),
  );
  return {
    waves: waves.map((groups, wave) => ({
      groups,
      held: [
        ...new Set(holds.flatMap(({ facet, from, to }) => (from <= wave && wave <= to ? [facet] : []))),
      ].toSorted(),
      memoryMiB: memory[wave] ?? 0,
      estimateMs: Math.max(0, ...groups.map(estimateOf)),
    })),
    relaxed: relaxations(moves, scheduled, { holds, bridges }),
    adapters,
  };
}

/** The groups of each wave in the order in which they are told, with the adapters that come and go. */
function groupsOf(
  input: WavesInput,
  { waves, waveOf, groupOf, kept }: ReturnType<typeof schedule>,
  bridges: ReturnType<typeof bridgesOf>,
): StepGroup[][] {
  const { list } = input.moves;
  const inside = Map.groupBy(
    kept.filter(({ first, second }) => groupOf[first] === groupOf[second]),
    ({ first }) => groupOf[first],
  );
  const bridgesIn = Map.groupBy(bridges, ({ provider }) => groupOf[provider]);
  const toSteps = stepMaker(input);
  const groups = waves.map((wave) =>
    wave.map((members): StepGroup => {
      const group = groupOf[members[0] ?? 0];
      const own = members.flatMap((move) => list[move] ?? []);
      const started = (bridgesIn.get(group) ?? []).map(({ adapter }) => adapterStep("start", adapter));
      const steps = [...toSteps(own), ...started];
      const isAtomic = own.some(({ plugin }) => plugin !== own[0]?.plugin);
      return isAtomic ? { steps, because: reasonOf(inside.get(group) ?? [], list) } : { steps };
    }),
  );
  for (const { adapter, consumers } of bridges) {
    const end = Math.max(...consumers.map((move) => waveOf[move] ?? 0)) + 1;
    (groups[end] ??= []).push({ steps: [adapterStep("stop", adapter)] });
  }
  return groups.map((wave) => inOrder(wave, input));
}

/** Groups of a wave are independent; they are told, and begun, by priority and then by name. */
function inOrder(
  groups: readonly StepGroup[],
  { base, next }: Record<"base" | "next", WiredSet>,
): StepGroup[] {
  const priorityOf = ({ plugin }: Step): number =>
    (next.plugins.get(plugin) ?? base.plugins.get(plugin))?.candidate.manifest.priority ?? 0;
  return groups
    .map((group) => ({
      group,
      priority: Math.min(...group.steps.map(priorityOf)),
      name: group.steps.map(({ plugin, start, stop }) => start[0] ?? stop[0] ?? plugin).toSorted()[0] ?? "",
    }))
    .toSorted((a, b) => a.priority - b.priority || byText(a.name, b.name))
    .map(({ group }) => group);
}

/** Longest stop of a group, and then its longest chain of starts. */
function estimator({ nextOrder, after, estimates, base }: WavesInput): (group: StepGroup) => number {
  const inStartOrder = byPlace(nextOrder);
  const stopOf = ({ plugin, stop, drain }: Step): number =>
    stop.length === 0
      ? 0
      : (drain?.maxWaitMs ?? 0) + (base.plugins.get(plugin)?.candidate.manifest.resources.stopTimeoutMs ?? 0);
  return ({ steps }) => {
    const starting = steps.flatMap(({ action, start }) => (action === "rebind" ? [] : start));
    const ordered = starting.length > 1 ? starting.toSorted(inStartOrder) : starting;
    return Math.max(0, ...steps.map(stopOf)) + longestPath(ordered, { after, estimates }).ms;
  };
}
