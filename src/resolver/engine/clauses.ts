import { at, Ints } from "./ints.ts";
import type { Model, Term, Variable } from "./model.ts";
import type { SetHandle } from "./sets.ts";
import { clauseReason, type Reason } from "./trail.ts";

/** What a set of values was never part of: the pivot of a step that uses the domain a variable started with. */
export const BASE: Reason = -1;

/**
 * How a clause was derived: a reason, then pairs of a reason and the variable on which it was resolved with what
 * came before. {@link BASE} in the place of a reason stands for what the variable could be at the start.
 */
export type Derivation = readonly number[];

/** The clauses of one search: its facts, and what it learned, with how. */
export class Clauses {
  readonly model: Model;
  /** Terms of clause `c`: from `first[c]` up to `first[c + 1]`. */
  readonly first = new Ints();
  readonly variable = new Ints();
  readonly set = new Ints();
  /** By clause; facts have none. */
  readonly derivations: (Derivation | undefined)[] = [];

  constructor(model: Model) {
    this.model = model;
    this.first.push(0);
  }

  get length(): number {
    return this.first.length - 1;
  }

  /** @returns The number of the clause. */
  add(terms: readonly Term[], derivation?: Derivation): number {
    for (const { variable, set } of terms) {
      this.variable.push(variable);
      this.set.push(set);
    }
    this.first.push(this.variable.length);
    this.derivations.push(derivation);
    return this.length - 1;
  }

  clear(): void {
    this.first.length = 1;
    this.variable.length = 0;
    this.set.length = 0;
    this.derivations.length = 0;
  }

  /** Visits the terms of what a reason stands for. */
  eachTerm(reason: Reason, visit: (variable: Variable, set: SetHandle) => void): void {
    const { model } = this;
    if (reason >= 0) {
      visit(at(model.owner.data, reason), at(model.outside.data, reason));
      visit(at(model.target.data, reason), at(model.inside.data, reason));
      return;
    }
    const clause = clauseReason(reason);
    for (let term = at(this.first.data, clause); term < at(this.first.data, clause + 1); term++) {
      visit(at(this.variable.data, term), at(this.set.data, term));
    }
  }
}
