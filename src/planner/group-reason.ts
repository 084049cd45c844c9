import type { PluginName } from "../domain/ids.ts";
import { explainReason, type Constraint, type Move } from "./transition.ts";

/** A constraint between two plugins. */
interface Step {
  readonly to: PluginName;
  readonly why: string;
}

/**
 * Why the plugins of a group cannot move one by one: the shortest chain of reasons that leads from one of them
 * back to itself, most often a pair.
 *
 * @param constraints Those inside the group.
 */
export function reasonOf(constraints: readonly Constraint[], moves: readonly Move[]): readonly string[] {
  const steps = new Map<PluginName, Step[]>();
  for (const { first, second, reason } of constraints) {
    const [from, to] = [moves[first]?.plugin, moves[second]?.plugin];
    if (from === undefined || to === undefined || from === to) continue;
    const list = steps.get(from) ?? [];
    if (!list.some((step) => step.to === to)) list.push({ to, why: explainReason(reason) });
    steps.set(from, list);
  }
  const plugins = [...steps.keys()].toSorted();
  for (const [from, list] of plugins.map((plugin) => [plugin, steps.get(plugin) ?? []] as const)) {
    for (const { to, why } of list.toSorted((a, b) => (a.to < b.to ? -1 : 1))) {
      const back = steps.get(to)?.find((step) => step.to === from);
      if (back) return [why, back.why];
    }
  }
  return plugins[0] === undefined ? [] : chainFrom(plugins[0], steps);
}

/** Breadth first, from a plugin back to itself. */
function chainFrom(start: PluginName, steps: ReadonlyMap<PluginName, readonly Step[]>): readonly string[] {
  const reached = new Map<PluginName, readonly string[]>([[start, []]]);
  // A map also visits what is added to it on the way.
  for (const [plugin, whys] of reached) {
    for (const { to, why } of steps.get(plugin) ?? []) {
      if (to === start) return [...whys, why];
      if (!reached.has(to)) reached.set(to, [...whys, why]);
    }
  }
  return [];
}
