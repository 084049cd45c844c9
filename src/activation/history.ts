import type { Digest } from "../domain/ids.ts";
import type { JournalEntry } from "./journal.ts";
import type { Started } from "./record.ts";

/** What became of an action; `open` while nothing is written about its end. */
type Ending = "finished" | "rolled-back" | "paused" | "interrupted" | "open";

/** One application of a plan, or one rollback, from its beginning to its end. */
export interface Action {
  readonly begun: Started & Pick<JournalEntry, "seq">;
  readonly ending: Ending;
  /** UTC, ISO 8601: when the last thing was written about it. */
  readonly until: string;
  /** Generation that it left active, as far as the journal tells. */
  readonly current: Digest | null;
  /** Why it did not get further. */
  readonly reason?: string;
}

/** The actions that a journal tells of, oldest first. */
export function actionsIn(entries: readonly JournalEntry[]): readonly Action[] {
  const actions: Action[] = [];
  for (const entry of entries) {
    const { from, to, at } = entry;
    if (entry.event === "started") {
      actions.push({ begun: entry, ending: "open", until: at, current: from });
      continue;
    }
    const last = actions.pop();
    if (!last) continue;
    const next = { ...last, until: at };
    if (entry.event === "switched") actions.push({ ...next, current: entry.current });
    else if (entry.event === "failed") actions.push({ ...next, reason: entry.reason });
    else {
      const { event, current = event === "finished" ? to : from } = entry;
      actions.push({ ...next, ending: event, current });
    }
  }
  return actions;
}

/** How far an action has come that stands between its beginning and its end. */
export interface HalfWay {
  readonly action: Action;
  /** The last wave that is done, and the number of waves. */
  readonly wave: number;
  readonly of: number;
}

/** What `current` is on the way to, if the last action left the root between two generations. */
export function halfWay(actions: readonly Action[], current: Digest | null): HalfWay | undefined {
  const action = actions.at(-1);
  if (!action || current === action.begun.to || current === action.begun.from) return undefined;
  const stages = action.begun.stages ?? [];
  const stage = stages.find(({ digest }) => digest === current);
  return stage && { action, wave: stage.wave, of: stages.at(-1)?.wave ?? stage.wave };
}

/**
 * The generation to go back to: where the way began that the root stands on, or the one before on the way that was
 * taken to the current one. A rollback takes back what came after its target. `undefined` where there is none.
 */
export function generationBefore(
  current: Digest | null,
  actions: readonly Action[],
): Digest | null | undefined {
  const between = halfWay(actions, current);
  if (between) return between.action.begun.from;
  const path: (Digest | null)[] = [];
  for (const { begun, ending } of actions) {
    if (ending !== "finished" || begun.to === path.at(-1)) continue;
    if (begun.action === "rollback" && path.includes(begun.to)) path.length = path.lastIndexOf(begun.to);
    path.push(begun.to);
  }
  return path[path.lastIndexOf(current) - 1];
}

/**
 * What was last applied to its end; null for nothing yet. It may not be what is active, since going back applies
 * nothing: what was asked of changes by then is asked still.
 */
export const lastApplied = (actions: readonly Action[]): Digest | null =>
  actions.findLast(({ begun, ending }) => begun.action === "apply" && ending === "finished")?.begun.to ??
  null;

/** Every generation that was active for more than a moment: what actions led to, latest first, each once. */
export const activatedIn = (actions: readonly Action[]): readonly Digest[] => [
  ...new Set(
    actions.toReversed().flatMap(({ begun, ending }) => (ending === "finished" ? (begun.to ?? []) : [])),
  ),
];
