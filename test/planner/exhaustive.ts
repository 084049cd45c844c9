import { gathered, isIn, needsOn, refusedOn, type SketchedPlugin } from "./upgrade.ts";

/** What no plan can do better. */
export interface Optimum {
  readonly waves: number;
  readonly largestGroup: number;
}

/** A state: bit `i` is set once the `i`th plugin that has anything to do has done it. */
type State = number;

/**
 * Tries every way from one set to another, state by state. It knows nothing of graphs: a state is good when
 * everything in it has what it needs, a group is a change between good states with none between, and a wave is
 * groups that may come in any order.
 */
export function exhaustiveOptimum(sketch: readonly SketchedPlugin[]): Optimum {
  const movers = sketch.flatMap((plugin, i) => (plugin.life !== "stays" || isRebound(sketch, i) ? [i] : []));
  const end = 2 ** movers.length - 1;
  const good = Array.from({ length: end + 1 }, (_, state) =>
    isGood(sketch, (i) => (state & bitOf(movers, i)) !== 0),
  );
  if (!good[0] || !good[end]) throw new Error("a set does not fit together");

  let [frontier, waves, largestGroup] = [new Map<State, number>([[0, 0]]), 0, Infinity];
  const seen = new Set<State>([0]);
  while (!frontier.has(end)) {
    const next = new Map<State, number>();
    for (const [state, largest] of frontier) {
      const groups = groupsFrom(state, good, end);
      for (const wave of wavesOf(state, groups, good)) {
        const reached = wave.reduce((sum, group) => sum | group, state);
        if (seen.has(reached)) continue;
        const size = Math.max(largest, ...wave.map(bitCount));
        next.set(reached, Math.min(next.get(reached) ?? Infinity, size));
      }
    }
    for (const state of next.keys()) seen.add(state);
    frontier = next;
    waves += 1;
    if (frontier.size === 0) throw new Error("there is no way, not even all at once");
  }
  largestGroup = smallestLargest(good, end);
  return { waves, largestGroup };
}

const bitOf = (movers: readonly number[], i: number): number =>
  movers.includes(i) ? 1 << movers.indexOf(i) : 0;

const bitCount = (bits: number): number => bits.toString(2).replaceAll("0", "").length;

const isRebound = (sketch: readonly SketchedPlugin[], i: number): boolean =>
  String(gathered("before", sketch, i)) !== String(gathered("after", sketch, i));

function isGood(sketch: readonly SketchedPlugin[], hasMoved: (i: number) => boolean): boolean {
  const isThere = (i: number): boolean => {
    const life = sketch[i]?.life;
    return life === "comes" ? hasMoved(i) : life === "goes" ? !hasMoved(i) : true;
  };
  return sketch.every((plugin, i) => {
    if (!isThere(i)) return true;
    const side = hasMoved(i) ? "after" : "before";
    // What stays and is bound to the same is as it is on both sides.
    const own = plugin.life === "stays" && !isRebound(sketch, i) ? "before" : side;
    if (!isIn(own, plugin)) return false;
    const needsMet = needsOn(own, sketch, i).every(({ on, isStrict }) => {
      if (!isThere(on)) return false;
      return !isStrict || sketch[on]?.life !== "changes" || hasMoved(on) === (own === "after");
    });
    const refused = refusedOn(own, sketch, i);
    if (refused !== undefined && isThere(refused) && hasMoved(refused) === (own === "before")) return false;
    return needsMet && gathered(own, sketch, i).every(isThere);
  });
}

/** The smallest changes that lead from a good state to a good state. */
function groupsFrom(state: State, good: readonly boolean[], end: State): number[] {
  const open = end & ~state;
  const groups: number[] = [];
  for (let group = open; group > 0; group = (group - 1) & open) {
    if (good[state | group] && !hasSmaller(state, group, good)) groups.push(group);
  }
  return groups;
}

function hasSmaller(state: State, group: number, good: readonly boolean[]): boolean {
  for (let part = (group - 1) & group; part > 0; part = (part - 1) & group)
    if (good[state | part]) return true;
  return false;
}

/** Every choice of groups that may come in any order: all that can be done of them on the way is good. */
function wavesOf(state: State, groups: readonly number[], good: readonly boolean[]): number[][] {
  const waves: number[][] = [];
  const extend = (chosen: readonly number[], from: number, reached: readonly State[]): void => {
    if (chosen.length > 0) waves.push([...chosen]);
    for (let i = from; i < groups.length; i++) {
      const group = groups[i] ?? 0;
      if (chosen.some((other) => (other & group) !== 0)) continue;
      const more = reached.map((at) => at | group);
      if (more.every((at) => good[at])) extend([...chosen, group], i + 1, [...reached, ...more]);
    }
  };
  extend([], 0, [state]);
  return waves;
}

/** The smallest number of plugins that must change at once on the best way. */
function smallestLargest(good: readonly boolean[], end: State): number {
  const best = new Map<State, number>([[0, 0]]);
  for (let state = 0; state <= end; state++) {
    const largest = best.get(state);
    if (largest === undefined || !good[state]) continue;
    const open = end & ~state;
    for (let group = open; group > 0; group = (group - 1) & open) {
      const reached = state | group;
      if (!good[reached]) continue;
      best.set(reached, Math.min(best.get(reached) ?? Infinity, Math.max(largest, bitCount(group))));
    }
  }
  return best.get(end) ?? 0;
}
