import { byText } from "../domain/by-text.ts";
import { type InstanceName, instanceOf } from "../domain/ids.ts";
import { targetOf } from "../domain/manifest.ts";
import type { Constraint, Reason } from "./constraints.ts";
import type { Move } from "./moves.ts";

/** A constraint between two plugins. */
interface Step {
  readonly to: InstanceName;
  readonly why: string;
}

/**
 * Why the plugins of a group cannot move one by one: the shortest chain of reasons that leads from one of them
 * back to itself, most often a pair.
 *
 * @param constraints Those inside the group.
 */
export function reasonOf(constraints: readonly Constraint[], moves: readonly Move[]): readonly string[] {
  const steps = new Map<InstanceName, Step[]>();
  for (const { first, second, reason } of constraints) {
    const [from, to] = [moves[first]?.plugin, moves[second]?.plugin];
    if (from === undefined || to === undefined || from === to) continue;
    const list = steps.get(from) ?? [];
    if (!list.some((step) => step.to === to)) list.push({ to, why: explainReason(reason) });
    steps.set(from, list);
  }
  const plugins = [...steps.keys()].toSorted();
  for (const [from, list] of plugins.map((plugin) => [plugin, steps.get(plugin) ?? []] as const)) {
    for (const { to, why } of list.toSorted((a, b) => byText(a.to, b.to))) {
      const back = steps.get(to)?.find((step) => step.to === from);
      if (back) return [why, back.why];
    }
  }
  return plugins[0] === undefined ? [] : chainFrom(plugins[0], steps);
}

/** Breadth first, from a plugin back to itself. */
function chainFrom(
  start: InstanceName,
  steps: ReadonlyMap<InstanceName, readonly Step[]>,
): readonly string[] {
  const reached = new Map<InstanceName, readonly string[]>([[start, []]]);
  // A map also visits what is added to it on the way.
  for (const [plugin, whys] of reached) {
    for (const { to, why } of steps.get(plugin) ?? []) {
      if (to === start) return [...whys, why];
      if (!reached.has(to)) reached.set(to, [...whys, why]);
    }
  }
  return [];
}

/** What a constraint is about, for a person. */
function explainReason(reason: Reason): string {
  switch (reason.kind) {
    case "requirement": {
      const { consumer, requirement, provider, instead } = reason;
      const { name, version } = consumer.candidate.manifest;
      const has =
        instead === undefined ? `without ${provider}` : `and ${instanceOf(provider)} has ${instead}`;
      return `${name} ${version} needs ${targetOf(requirement)} ${requirement.range}, ${has}`;
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
