import type { Clauses, Derivation } from "./clauses.ts";
import { BASE } from "./clauses.ts";
import { at, grown, Ints } from "./ints.ts";
import type { Model, Term, Variable } from "./model.ts";
import { START, type Reason, type Trail } from "./trail.ts";

/** What follows from a conflict. */
export interface Lesson {
  /** No assignment of the search so far meets these; without terms, none ever will. */
  readonly terms: readonly Term[];
  readonly derivation: Derivation;
  /** The term that the clause forces, and the level from which on it does; and who else took part latest. */
  readonly asserted: Term | undefined;
  readonly level: number;
  readonly other: Variable | undefined;
}

const NOT_IN_CLAUSE = -2;

/**
 * Learns from conflicts by resolution on sets: intersection on the pivot, union elsewhere, until the clause forces
 * something one decision earlier (first unique implication point).
 *
 * @see Marques-Silva and Sakallah, "GRASP" (1999); the rule of PubGrub, in the form of clauses.
 */
export class Analysis {
  readonly #model: Model;
  readonly #trail: Trail;
  readonly #clauses: Clauses;
  /** The clause so far: the set of each member at its variable's start, and the entry since which it does not hold. */
  #bits = new Int32Array(0);
  #leftAt = new Int32Array(0);
  /** By variable: its last entry before the one that was resolved last, beyond which nothing is of interest. */
  #cursor = new Int32Array(0);
  #limit = 0;
  readonly #touched = new Ints();
  readonly #members = new Ints();

  constructor(model: Model, trail: Trail, clauses: Clauses) {
    this.#model = model;
    this.#trail = trail;
    this.#clauses = clauses;
  }

  /** @param conflict A rule that does not hold for any value that is left. */
  learn(conflict: Reason): Lesson {
    const { reason, level, variable } = this.#trail;
    this.#grow();
    const derivation: number[] = [conflict];
    this.#limit = this.#trail.length;
    this.#clauses.eachTerm(conflict, (x, set) => this.#add(x, set));
    for (;;) {
      this.#dropBase(derivation);
      const [last, previous] = this.#latestTwo();
      const isAsserting =
        last !== START && at(level.data, last) > 0 && levelOf(this.#trail, previous) < at(level.data, last);
      if (last === START || isAsserting) return this.#finish({ derivation, last, previous });

      const pivot = at(variable.data, last);
      const cause = at(reason.data, last);
      derivation.push(cause, pivot);
      this.#limit = last;
      this.#resolve(cause, pivot);
    }
  }

  #resolve(cause: Reason, pivot: Variable): void {
    this.#clauses.eachTerm(cause, (x, set) => {
      if (x === pivot) this.#meet(x, set);
      else this.#add(x, set);
    });
  }

  /** Union with what the clause says of a variable. */
  #add(x: Variable, set: number): void {
    const words = this.#model.sets.words;
    const start = at(this.#model.start.data, x);
    const width = at(this.#model.width.data, x);
    if (this.#leftAt[x] === NOT_IN_CLAUSE) {
      let any = 0;
      for (let w = 0; w < width; w++) any |= this.#bits[start + w] = at(words, set + w);
      if (any === 0) return;
      this.#members.push(x);
    } else {
      for (let w = 0; w < width; w++) this.#bits[start + w] = at(this.#bits, start + w) | at(words, set + w);
    }
    this.#leftAt[x] = this.#leave(x);
  }

  /** Intersection with what the clause says of a variable. */
  #meet(x: Variable, set: number): void {
    const words = this.#model.sets.words;
    const start = at(this.#model.start.data, x);
    let any = 0;
    for (let w = 0; w < at(this.#model.width.data, x); w++) {
      any |= this.#bits[start + w] = at(this.#bits, start + w) & at(words, set + w);
    }
    if (any === 0) this.#drop(x);
    else this.#leftAt[x] = this.#leave(x);
  }

  #leave(x: Variable): number {
    let cursor = at(this.#cursor, x);
    if (cursor === NOT_IN_CLAUSE) {
      this.#touched.push(x);
      cursor = at(this.#trail.latest, x);
    }
    cursor = this.#trail.entryBefore(cursor, this.#limit);
    this.#cursor[x] = cursor;
    return this.#trail.leftAt(cursor, this.#bits, at(this.#model.start.data, x));
  }

  #drop(x: Variable): void {
    this.#leftAt[x] = NOT_IN_CLAUSE;
    const { data, length } = this.#members;
    data[data.indexOf(x)] = at(data, length - 1);
    this.#members.length = length - 1;
  }

  /** Terms that could not hold from the start follow from nothing but that. */
  #dropBase(derivation: number[]): void {
    for (let m = this.#members.length - 1; m >= 0; m--) {
      const x = at(this.#members.data, m);
      if (this.#leftAt[x] !== START) continue;
      derivation.push(BASE, x);
      this.#drop(x);
    }
  }

  /** The two latest entries that the clause follows from. */
  #latestTwo(): readonly [last: number, previous: number] {
    let last = START;
    let previous = START;
    for (let m = 0; m < this.#members.length; m++) {
      const entry = at(this.#leftAt, at(this.#members.data, m));
      if (entry > last) [last, previous] = [entry, last];
      else if (entry > previous) previous = entry;
    }
    return [last, previous];
  }

  #finish({
    derivation,
    last,
    previous,
  }: {
    derivation: Derivation;
    last: number;
    previous: number;
  }): Lesson {
    const { variable } = this.#trail;
    const terms = Array.from(this.#members.data.subarray(0, this.#members.length), (x) => this.#term(x));
    const variableAt = (entry: number) => (entry === START ? undefined : at(variable.data, entry));
    const [asserted, other] = [variableAt(last), variableAt(previous)];
    for (const { variable: x } of terms) this.#leftAt[x] = NOT_IN_CLAUSE;
    this.#members.length = 0;
    for (let i = 0; i < this.#touched.length; i++) this.#cursor[at(this.#touched.data, i)] = NOT_IN_CLAUSE;
    this.#touched.length = 0;
    return {
      terms,
      derivation,
      asserted: terms.find((term) => term.variable === asserted),
      level: levelOf(this.#trail, previous),
      other,
    };
  }

  #term(x: Variable): Term {
    const start = at(this.#model.start.data, x);
    const width = at(this.#model.width.data, x);
    return { variable: x, set: this.#model.sets.intern(this.#bits, start, width) };
  }

  #grow(): void {
    const { size, variables } = this.#model;
    this.#bits = grown(this.#bits, size);
    const known = this.#leftAt.length;
    this.#leftAt = grown(this.#leftAt, variables);
    this.#cursor = grown(this.#cursor, variables);
    for (const list of [this.#leftAt, this.#cursor]) list.fill(NOT_IN_CLAUSE, known);
  }
}

const levelOf = ({ level }: Trail, entry: number): number => (entry === START ? 0 : at(level.data, entry));
