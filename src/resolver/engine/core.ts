import { BASE, type Derivation } from "./clauses.ts";
import type { Variable } from "./model.ts";
import type { Budget, Question, Search } from "./search.ts";
import { clauseReason } from "./trail.ts";

/** What a refutation rests on. */
export interface Core {
  /** Rows of the model. */
  readonly rows: ReadonlySet<number>;
  /** Places in the facts of the question. */
  readonly facts: ReadonlySet<number>;
  /** Variables that could have had other values, had they been allowed. */
  readonly limited: ReadonlySet<Variable>;
}

/** All that the last refutation of a search rests on, through whatever was learned on the way. */
export function coreOf({ clauses, refutation }: Search): Core {
  const core = { rows: new Set<number>(), facts: new Set<number>(), limited: new Set<Variable>() };
  const pending: Derivation[] = [refutation];
  const seen = new Set<Derivation>();
  for (let derivation = pending.pop(); derivation; derivation = pending.pop()) {
    if (seen.has(derivation)) continue;
    seen.add(derivation);
    for (const [reason, pivot] of stepsOf(derivation)) {
      if (reason >= 0) core.rows.add(reason);
      else if (reason === BASE) core.limited.add(pivot);
      else {
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
 * Leaves out every row and fact that the contradiction does not need (deletion-based minimal unsatisfiable subset).
 * Where the budget runs out the rest is kept: the proof then is longer than it must be, but still a proof.
 *
 * @param isGiven Rows that are definitions: nothing is gained by leaving them out.
 */
export function minimise(
  search: Search,
  question: Question,
  { core, isGiven, budget }: { readonly core: Core; readonly isGiven: (row: number) => boolean; readonly budget: Budget },
): Core {
  let best = core;
  const refute = (rows: ReadonlySet<number>, facts: ReadonlySet<number>): Core | undefined => {
    const kept = [...facts].toSorted((a, b) => a - b);
    const asked = { ...question, rows, facts: kept.flatMap((fact) => [question.facts[fact] ?? []]) };
    if (search.ask(asked) && search.run(budget) !== "none") return undefined;
    const found = coreOf(search);
    return { ...found, facts: new Set([...found.facts].flatMap((place) => kept[place] ?? [])) };
  };
  for (const row of [...core.rows].toSorted((a, b) => b - a)) {
    if (!best.rows.has(row) || isGiven(row)) continue;
    best = refute(best.rows.difference(new Set([row])), best.facts) ?? best;
  }
  for (const fact of core.facts) {
    if (best.facts.has(fact)) best = refute(best.rows, best.facts.difference(new Set([fact]))) ?? best;
  }
  return best;
}
