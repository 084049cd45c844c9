import { breakCycles } from "./break-cycles.ts";
import type { Constraint } from "./constraints.ts";
import { componentsOf, levelsOf } from "./digraph.ts";
import type { Move } from "./moves.ts";

/** Moves in waves: a wave holds groups, a group holds indices of moves that only work together. */
export interface Schedule {
  readonly waves: readonly (readonly (readonly number[])[])[];
  /** Wave of each move, counted from 0. */
  readonly waveOf: Int32Array;
  /** Group of each move: moves of one group have one number. */
  readonly groupOf: Int32Array;
  readonly kept: readonly Constraint[];
  /** Constraints that had to be given up. */
  readonly broken: readonly Constraint[];
}

/**
 * Puts moves into the fewest waves with the smallest groups.
 *
 * What starts does so as early as it can, what stops as late as it can: a way back is worth its memory, and a
 * set that is only taken down goes in exactly the reverse of the order in which it came up.
 */
export function schedule(moves: readonly Move[], constraints: readonly Constraint[]): Schedule {
  const names = [...new Set(moves.map(({ plugin }) => plugin))];
  const numbers = new Map(names.map((name, number) => [name, number]));
  const given = new Set(
    breakCycles({
      size: moves.length,
      from: constraints.map(({ first }) => first),
      to: constraints.map(({ second }) => second),
      cost: constraints.map(({ cost }) => cost),
      unit: moves.map(({ plugin }) => numbers.get(plugin) ?? 0),
    }),
  );
  const kept = constraints.filter((_, i) => !given.has(i));
  const { of: groupOf, count } = componentsOf({
    size: moves.length,
    from: kept.map(({ first }) => first),
    to: kept.map(({ second }) => second),
  });
  const groups = Array.from({ length: count }, (): number[] => []);
  for (const move of moves.keys()) groups[groupOf[move] ?? 0]?.push(move);
  const between = kept
    .map(({ first, second }) => [groupOf[first] ?? 0, groupOf[second] ?? 0] as const)
    .filter(([before, after]) => before !== after);
  const levels = levelsOf({
    size: count,
    from: between.map(([before]) => before),
    to: between.map(([, after]) => after),
  });

  const waveCount = levels.reduce((most, level) => Math.max(most, level + 1), 0);
  const isStop = groups.map((group) => group.every((move) => endsOnly(moves[move])));
  const successors = Map.groupBy(between, ([before]) => before);
  // Components are numbered along the edges, so that what comes after a group is settled before it.
  for (let group = count - 1; group >= 0; group--) {
    if (!isStop[group]) continue;
    const next = (successors.get(group) ?? []).map(([, after]) => levels[after] ?? 0);
    levels[group] = Math.min(waveCount, ...next) - 1;
  }
  const waves = Array.from({ length: waveCount }, (): number[][] => []);
  for (const [group, members] of groups.entries()) waves[levels[group] ?? 0]?.push(members);
  return {
    waves,
    waveOf: Int32Array.from(moves.keys(), (move) => levels[groupOf[move] ?? 0] ?? 0),
    groupOf,
    kept,
    broken: constraints.filter((_, i) => given.has(i)),
  };
}

const endsOnly = (move: Move | undefined): boolean => move?.kind === "stop" || move?.kind === "leave";
