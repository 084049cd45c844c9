import { BASE, type Derivation } from "./clauses.ts";
import type { Variable } from "./model.ts";
import type { Search } from "./search.ts";
import { clauseReason } from "./trail.ts";

/** What a refutation rests on. */
export interface Core {
  /** Rows of the model. */
  readonly rows: ReadonlySet<number>;
  /** Places in the facts of the question. */
  readonly facts: ReadonlySet<number>;
}

/** All that the last refutation of a search rests on, through whatever was learned on the way. */
export function coreOf({ clauses, refutation }: Search): Core {
  const core = { rows: new Set<number>(), facts: new Set<number>() };
  const pending: Derivation[] = [refutation];
  const seen = new Set<Derivation>();
  for (let derivation = pending.pop(); derivation; derivation = pending.pop()) {
    if (seen.has(derivation)) continue;
    seen.add(derivation);
    for (const [reason] of stepsOf(derivation)) {
      if (reason >= 0) core.rows.add(reason);
      else if (reason !== BASE) {
        const parent = clauses.derivations[clauseReason(reason)];
        if (parent) pending.push(parent);
        else core.facts.add(clauseReason(reason));
      }
    }
  }
  return core;
}

/** A derivation as reasons, each with the variable it was resolved on; the first has none. */
export function* stepsOf(derivation: Derivation): Iterable<readonly [reason: number, pivot: Variable]> {
  yield [derivation[0] ?? BASE, -1];
  for (let i = 1; i + 1 < derivation.length; i += 2) yield [derivation[i] ?? BASE, derivation[i + 1] ?? -1];
}

/**
 * Leaves out every item that a contradiction does not need (deletion-based minimal unsatisfiable subset).
 *
 * @param contradiction Those of some items that contradict each other; nothing where they do not, or where there is
 *   no telling: the item is then kept, and the proof longer than it must be, but still a proof.
 */
export function minimal<Item>(
  items: readonly Item[],
  contradiction: (items: readonly Item[]) => readonly Item[] | undefined,
): readonly Item[] {
  let kept = items;
  for (const item of items) {
    if (kept.includes(item)) kept = contradiction(kept.filter((other) => other !== item)) ?? kept;
  }
  return kept;
}
