import { BASE, type Derivation } from "../../src/resolver/engine/clauses.ts";
import { stepsOf } from "../../src/resolver/engine/core.ts";
import { at } from "../../src/resolver/engine/ints.ts";
import type { Term, Variable } from "../../src/resolver/engine/model.ts";
import type { Search } from "../../src/resolver/engine/search.ts";
import { clauseReason, type Reason } from "../../src/resolver/engine/trail.ts";

/** A step of a proof: a clause, and why it holds. */
export interface Inference {
  readonly terms: readonly Term[];
  readonly from:
    /** A row of the model, a fact of the question, or what a variable can be at most. */
    | { readonly kind: "row"; readonly row: number }
    | { readonly kind: "fact"; readonly fact: number }
    | { readonly kind: "limit"; readonly variable: Variable }
    /** Two earlier steps, by place: of `on`, what both admit; of all others, what either does. */
    | { readonly kind: "resolvent"; readonly left: number; readonly right: number; readonly on: Variable };
}

/** The last refutation of a search, step by step. Nothing in it is taken on trust: the last step has no terms. */
export function proofOf(search: Search): readonly Inference[] {
  const { model, clauses, refutation } = search;
  const proof: Inference[] = [];
  const places = new Map<Reason | string, number>();
  derive(refutation);
  return proof;

  function derive(derivation: Derivation): number {
    let last = -1;
    for (const [reason, pivot] of stepsOf(derivation)) {
      const next = reason === BASE ? limit(pivot) : given(reason);
      last = last < 0 ? next : resolve(last, next, pivot);
    }
    return last;
  }

  function given(reason: Reason): number {
    const known = places.get(reason);
    if (known !== undefined) return known;
    const learned = reason < 0 ? clauses.derivations[clauseReason(reason)] : undefined;
    const place = learned
      ? derive(learned)
      : note({
          terms: termsOf(reason),
          from: reason < 0 ? { kind: "fact", fact: clauseReason(reason) } : { kind: "row", row: reason },
        });
    places.set(reason, place);
    return place;
  }

  function limit(variable: Variable): number {
    const key = `limit ${variable}`;
    const place =
      places.get(key) ??
      note({
        terms: [{ variable, set: at(model.initial.data, variable) }],
        from: { kind: "limit", variable },
      });
    places.set(key, place);
    return place;
  }

  function resolve(left: number, right: number, on: Variable): number {
    const sets = new Map<Variable, number>();
    for (const { variable, set } of [...(proof[left]?.terms ?? []), ...(proof[right]?.terms ?? [])]) {
      const other = sets.get(variable);
      const both = (a: number) =>
        variable === on ? model.sets.combine(a, set, (x, y) => x & y) : model.sets.union(a, set);
      sets.set(variable, other === undefined ? set : both(other));
    }
    const terms = [...sets].map(([variable, set]) => ({ variable, set }));
    return note({ terms: terms.filter(isPossible), from: { kind: "resolvent", left, right, on } });
  }

  function termsOf(reason: Reason): readonly Term[] {
    const terms: Term[] = [];
    clauses.eachTerm(reason, (variable, set) => terms.push({ variable, set }));
    return terms.filter(isPossible);
  }

  function isPossible({ set }: Term): boolean {
    return model.sets.first(set) !== -1;
  }

  function note(inference: Inference): number {
    return proof.push(inference) - 1;
  }
}
