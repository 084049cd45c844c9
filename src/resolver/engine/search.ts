import { Analysis } from "./analysis.ts";
import { Clauses, type Derivation } from "./clauses.ts";
import { at, grown, Ints } from "./ints.ts";
import { ABSENT, type Model, type Term, type Variable } from "./model.ts";
import { clauseReason, DECISION, placeOf, START, Trail, type Reason } from "./trail.ts";
import { Watches } from "./watches.ts";

/** What is asked of a model. */
export interface Question {
  /** Clauses that hold for this question. */
  readonly facts: readonly (readonly Term[])[];
  /** The rows that count, where it is not all of them. */
  readonly rows?: ReadonlySet<number>;
  /** The value to try first of those a variable has left. */
  pick(variable: Variable, trail: Trail): number;
  /** True for what is decided only when all else is. */
  isLate(variable: Variable): boolean;
}

/** How many decisions and conflicts a search may still take. */
export interface Budget {
  left: number;
}

export type Verdict = "found" | "none" | "gave-up";

const NONE = -1;
/** In the place of a value: every one. */
const ALL = -2;
const NO_CONFLICT = Number.MIN_SAFE_INTEGER;

/** Conflicts between two variables after which the one decided later goes first, as in uv. */
const CONFLICTS_BEFORE_SWAP = 5;

/** Conflicts after which the rows of what may become necessary count as well. */
const CONFLICTS_BEFORE_CARE = 4;

/**
 * Complete search over a model: unit propagation on sets to a fixpoint, decisions in the order of discovery,
 * conflict-driven learning with back-jumping. A variable counts once it cannot be absent: of its values the one that is
 * tried first, with its rows, and all once that is lost.
 *
 * With a fixed order of decisions the first assignment that is found is the best one in that order; a swap starts
 * over, so that it holds for the order after the last swap.
 */
export class Search {
  readonly model: Model;
  readonly trail: Trail;
  readonly clauses: Clauses;
  /** How the empty clause was derived, after the verdict `none`. */
  refutation: Derivation = [];
  readonly #analysis: Analysis;
  #question: Question = EMPTY;
  #propagated = 0;

  /**
   * An attached row watches one value that its target may still have; it need not be looked at before that value
   * is lost. Clauses do the same for two of their terms. Going back needs no repair.
   */
  readonly #rowWatches = new Watches();
  readonly #clauseWatches = new Watches();
  /** The terms that a clause watches, at 2c and 2c + 1; -1 where it watches none. */
  readonly #watched = new Ints();
  /** Variables that were necessary at some time in this search; and the value that counts, or {@link ALL}. */
  readonly #attached = new Ints();
  #counted = new Int32Array(0);

  /** The entry that made a variable necessary, and those variables in the order of discovery. */
  #openedAt = new Int32Array(0);
  readonly #early = new Ints();
  readonly #late = new Ints();
  readonly #cursors = new Ints();
  #nextEarly = 0;
  #nextLate = 0;
  /** Variables of clauses that were added; a clause may hold because one of them is absent. */
  readonly #mentioned = new Set<Variable>();
  readonly #promoted: Variable[] = [];
  #conflicts = 0;
  readonly #clashes = new Map<number, number>();

  constructor(model: Model) {
    this.model = model;
    this.trail = new Trail(model);
    this.clauses = new Clauses(model);
    this.#analysis = new Analysis(model, this.trail, this.clauses);
  }

  /** Forgets everything but the model, and takes up a question. @returns False where its facts contradict each other. */
  ask(question: Question): boolean {
    this.#reset();
    this.#question = question;
    this.#grow();
    return question.facts.every((terms) => this.#state(terms)) && this.#settle();
  }

  /** Adds a clause, after going back to where nothing was decided. @returns False where it leaves nothing. */
  add(terms: readonly Term[]): boolean {
    this.#backTo(0);
    this.#grow();
    return this.#state(terms) && this.#settle();
  }

  /** Takes in a clause, and what it says where only one of its terms is possible. */
  #state(terms: readonly Term[]): boolean {
    const clause = this.clauses.add(terms);
    const possible = terms.filter(({ variable, set }) => this.trail.meets(variable, set));
    for (const { variable } of possible) this.#mentioned.add(variable);
    if (possible.length > 1) this.#watch(clause);
    else if (
      !possible[0] ||
      !this.trail.narrow(possible[0].variable, possible[0].set, clauseReason(clause))
    ) {
      return this.#fail(clauseReason(clause));
    }
    return true;
  }

  #settle(): boolean {
    const conflict = this.#propagate();
    return conflict === NO_CONFLICT || this.#fail(conflict);
  }

  /** Looks for values of all that is necessary. */
  run(budget: Budget): Verdict {
    for (;;) {
      const conflict = this.#propagate();
      if (conflict !== NO_CONFLICT) {
        budget.left -= 1;
        this.#conflicts += 1;
        if (!this.#learn(conflict) || !this.#takeCare()) return "none";
        continue;
      }
      const next = this.#nextUndecided();
      if (next === NONE) return "found";
      if (budget.left <= 0) return "gave-up";
      budget.left -= 1;
      this.#decide(next);
    }
  }

  get facts(): Question["facts"] {
    return this.#question.facts;
  }

  /** All that cannot be absent, in the order of discovery. */
  *present(): Iterable<Variable> {
    for (let i = 0; i < this.#early.length; i++) yield at(this.#early.data, i);
    for (let i = 0; i < this.#late.length; i++) yield at(this.#late.data, i);
  }

  #decide(x: Variable): void {
    const value = this.trail.has(x, ABSENT) ? ABSENT : this.#question.pick(x, this.trail);
    this.#cursors.push(this.#nextEarly);
    this.#cursors.push(this.#nextLate);
    this.trail.nextLevel();
    this.trail.narrow(x, this.model.setOf(x, [value]), DECISION);
  }

  #nextUndecided(): Variable {
    for (const x of this.#promoted) if (at(this.#openedAt, x) !== START && !this.trail.isDecided(x)) return x;
    for (; this.#nextEarly < this.#early.length; this.#nextEarly++) {
      const x = at(this.#early.data, this.#nextEarly);
      if (!this.trail.isDecided(x)) return x;
    }
    for (; this.#nextLate < this.#late.length; this.#nextLate++) {
      const x = at(this.#late.data, this.#nextLate);
      if (!this.trail.isDecided(x)) return x;
    }
    // What nothing needs is absent; said aloud where a clause speaks of it.
    for (const x of this.#mentioned) if (!this.trail.isDecided(x)) return x;
    return NONE;
  }

  #learn(conflict: Reason): boolean {
    const { terms, derivation, asserted, level, other } = this.#analysis.learn(conflict);
    if (!asserted) return this.#failed(derivation);
    const clause = this.clauses.add(terms, derivation);
    this.#backTo(level);
    if (terms.length > 1) this.#watch(clause);
    this.trail.narrow(asserted.variable, asserted.set, clauseReason(clause));
    if (other !== undefined) this.#countClash(asserted.variable, other);
    return true;
  }

  /** A search that meets this many conflicts starts over and looks further from then on. */
  #takeCare(): boolean {
    if (this.#conflicts !== CONFLICTS_BEFORE_CARE) return true;
    this.#backTo(0);
    const conflict = this.#lookAhead(this.present());
    return conflict === NO_CONFLICT || this.#fail(conflict);
  }

  #countClash(later: Variable, earlier: Variable): void {
    const key = later * 2 ** 24 + earlier;
    const clashes = (this.#clashes.get(key) ?? 0) + 1;
    this.#clashes.set(key, clashes);
    if (clashes !== CONFLICTS_BEFORE_SWAP || this.#promoted.includes(later)) return;
    const place = this.#promoted.indexOf(earlier);
    this.#promoted.splice(place < 0 ? this.#promoted.length : place, 0, later);
    this.#backTo(0);
  }

  #fail(conflict: Reason): false {
    return this.#failed(this.#analysis.learn(conflict).derivation);
  }

  #failed(derivation: Derivation): false {
    this.refutation = derivation;
    return false;
  }

  /** @returns A rule that nothing left can meet, or {@link NO_CONFLICT}. */
  #propagate(): Reason {
    const { trail } = this;
    while (this.#propagated < trail.length) {
      const entry = this.#propagated++;
      const x = at(trail.variable.data, entry);
      const isOpening = at(this.#openedAt, x) === START && (trail.lostWord(entry, 0) & 1) === 1;
      let conflict = isOpening ? this.#open(x, entry) : NO_CONFLICT;
      if (conflict === NO_CONFLICT && trail.isPresent(x)) conflict = this.#consider(x);
      if (conflict === NO_CONFLICT && trail.isPresent(x)) conflict = this.#visitOwnRows(x);
      const start = at(this.model.start.data, x);
      const width = at(this.model.width.data, x);
      for (let w = 0; w < width && conflict === NO_CONFLICT; w++) {
        for (let lost = trail.lostWord(entry, w); lost !== 0 && conflict === NO_CONFLICT; lost &= lost - 1) {
          conflict = this.#visitLost(entry, placeOf(start + w, lost));
        }
      }
      if (conflict !== NO_CONFLICT) return conflict;
    }
    return NO_CONFLICT;
  }

  #visitLost(entry: number, place: number): Reason {
    const conflict = this.#visitRows(entry, place);
    return conflict === NO_CONFLICT ? this.#visitClauses(entry, place) : conflict;
  }

  /** Where all that a variable may still be requires something of a target, the target is narrowed to it. */
  #visitOwnRows(x: Variable): Reason {
    const { model, trail } = this;
    for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
      if (this.#rowWatches.keyOf(row) === NONE || trail.meets(x, at(model.outside.data, row))) continue;
      if (!trail.narrow(at(model.target.data, row), at(model.inside.data, row), row)) return row;
    }
    return NO_CONFLICT;
  }

  /** Where a target can no longer be what a row requires, neither can the owner be what requires it. */
  #visitRows(entry: number, place: number): Reason {
    const { model, trail } = this;
    const watches = this.#rowWatches;
    for (let row = watches.first(place), next = NONE; row !== NONE; row = next) {
      next = watches.next(row);
      const kept = trail.keptPlace(entry, at(model.inside.data, row));
      if (kept !== NONE) watches.move(row, kept);
      else if (!trail.narrow(at(model.owner.data, row), at(model.outside.data, row), row)) return row;
    }
    return NO_CONFLICT;
  }

  #visitClauses(entry: number, place: number): Reason {
    const { trail, clauses } = this;
    const watches = this.#clauseWatches;
    for (let node = watches.first(place), next = NONE; node !== NONE; node = next) {
      next = watches.next(node);
      const kept = trail.keptPlace(entry, at(clauses.set.data, at(this.#watched.data, node)));
      if (kept !== NONE) {
        watches.move(node, kept);
        continue;
      }
      const term = this.#replacement(node);
      if (term !== NONE) {
        this.#watched.data[node] = term;
        watches.move(node, this.#placeOfTerm(term));
        continue;
      }
      const other = at(this.#watched.data, node ^ 1);
      const reason = clauseReason(node >> 1);
      if (!trail.narrow(at(clauses.variable.data, other), at(clauses.set.data, other), reason)) return reason;
    }
    return NO_CONFLICT;
  }

  /** Another term of the clause that may still hold. */
  #replacement(node: number): number {
    const clause = node >> 1;
    const other = at(this.#watched.data, node ^ 1);
    for (
      let term = at(this.clauses.first.data, clause);
      term < at(this.clauses.first.data, clause + 1);
      term++
    ) {
      if (term !== other && this.#placeOfTerm(term) !== NONE) return term;
    }
    return NONE;
  }

  #placeOfTerm(term: number): number {
    return this.trail.placeIn(at(this.clauses.variable.data, term), at(this.clauses.set.data, term));
  }

  /** A variable has become necessary. */
  #open(x: Variable, entry: number): Reason {
    const isLate = this.#question.isLate(x);
    this.#openedAt[x] = entry;
    (isLate ? this.#late : this.#early).push(x);
    const conflict = this.#checkRows(x);
    if (conflict !== NO_CONFLICT) return conflict;
    if (this.#conflicts >= CONFLICTS_BEFORE_CARE) return this.#lookAhead([x]);
    return isLate ? this.#attachAll(x) : NO_CONFLICT;
  }

  /** Of a necessary variable the value counts that will be tried first; once that is lost, all do. */
  #consider(x: Variable): Reason {
    const counted = at(this.#counted, x);
    if (counted === ALL || (counted !== NONE && this.trail.has(x, counted))) return NO_CONFLICT;
    if (counted !== NONE) return this.#attachAll(x);
    const { model } = this;
    const value = this.#question.pick(x, this.trail);
    model.state(x, value);
    this.#grow();
    this.#counted[x] = value;
    this.#attached.push(x);
    let conflict: Reason = NO_CONFLICT;
    for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
      if (!model.sets.has(at(model.outside.data, row), value) && !this.#attachRow(x, row)) conflict = row;
    }
    return conflict;
  }

  /** Lets the rows of all that variables may come to need count already, in the direction that rules values out. */
  #lookAhead(from: Iterable<Variable>): Reason {
    const { model } = this;
    const reached = new Set(from);
    // A set also visits what is added to it on the way.
    for (const x of reached) {
      const conflict = this.#attachAll(x);
      if (conflict !== NO_CONFLICT) return conflict;
      for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
        const target = at(model.target.data, row);
        if (at(this.#counted, target) !== ALL) reached.add(target);
      }
    }
    return NO_CONFLICT;
  }

  #attachAll(x: Variable): Reason {
    if (at(this.#counted, x) === ALL) return NO_CONFLICT;
    const { model } = this;
    model.compile(x);
    this.#grow();
    this.#counted[x] = ALL;
    this.#attached.push(x);
    for (const terms of model.clausesOf(x)) this.#watch(this.clauses.add(terms));
    let conflict: Reason = NO_CONFLICT;
    for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
      if (!this.#attachRow(x, row)) conflict = row;
    }
    return conflict;
  }

  #checkRows(x: Variable): Reason {
    const { model, trail } = this;
    if (at(this.#counted, x) === NONE) return NO_CONFLICT;
    for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
      const watched = this.#rowWatches.keyOf(row);
      if (watched === NONE || trail.hasPlace(watched)) continue;
      const place = trail.placeIn(at(model.target.data, row), at(model.inside.data, row));
      if (place !== NONE) this.#rowWatches.move(row, place);
      else if (!trail.narrow(x, at(model.outside.data, row), row)) return row;
    }
    return NO_CONFLICT;
  }

  /** Lets a row count. @returns False where neither the row's target can be as required nor its owner otherwise. */
  #attachRow(x: Variable, row: number): boolean {
    const { model, trail } = this;
    if (!this.#counts(row)) return true;
    const [target, inside] = [at(model.target.data, row), at(model.inside.data, row)];
    const place = trail.placeIn(target, inside);
    if (this.#rowWatches.keyOf(row) === NONE) {
      // What is lost may be possible again after going back, and be lost again.
      const last = model.sets.last(inside);
      const lost = last === -1 ? model.nowhere : 32 * at(model.start.data, target) + last;
      this.#rowWatches.add(row, place === NONE ? lost : place);
    }
    return place !== NONE || trail.narrow(x, at(model.outside.data, row), row);
  }

  #counts(row: number): boolean {
    const { rows } = this.#question;
    return rows === undefined || rows.has(row);
  }

  #watch(clause: number): void {
    while (this.#watched.length < 2 * clause) this.#watched.push(NONE);
    this.#clauseWatches.grow(32 * this.model.size, 2 * clause + 2);
    const first = at(this.clauses.first.data, clause);
    const terms = Array.from(
      { length: at(this.clauses.first.data, clause + 1) - first },
      (_, i) => first + i,
    );
    // Those that hold longest on the way back: what is possible, then what failed last.
    const watched = terms
      .map((term) => ({ term, place: this.#placeOfTerm(term), failedAt: this.#failedAt(term) }))
      .toSorted((a, b) => b.failedAt - a.failedAt);
    for (const { term, place, failedAt } of watched.slice(0, 2)) {
      this.#clauseWatches.add(
        this.#watched.length,
        place === NONE ? this.#placeLostAt(failedAt, term) : place,
      );
      this.#watched.push(term);
    }
  }

  /** The entry since which a term does not hold; later than all where it may. */
  #failedAt(term: number): number {
    if (this.#placeOfTerm(term) !== NONE) return this.trail.length;
    const latest = at(this.trail.latest, at(this.clauses.variable.data, term));
    return this.trail.leftAt(latest, this.model.sets.words, at(this.clauses.set.data, term));
  }

  /** A value of a term that an entry took away. */
  #placeLostAt(entry: number, term: number): number {
    const x = at(this.clauses.variable.data, term);
    const set = at(this.clauses.set.data, term);
    const start = at(this.model.start.data, x);
    if (entry === START) return this.model.nowhere;
    for (let w = 0; w < at(this.model.width.data, x); w++) {
      const lost = this.trail.lostWord(entry, w) & at(this.model.sets.words, set + w);
      if (lost !== 0) return placeOf(start + w, lost);
    }
    return this.model.nowhere;
  }

  #backTo(level: number): void {
    if (level >= this.trail.levels) return;
    this.trail.backTo(level, this.#forget);
    this.#propagated = this.trail.length;
    if (level < 0) return;
    this.#nextEarly = at(this.#cursors.data, 2 * level);
    this.#nextLate = at(this.#cursors.data, 2 * level + 1);
    this.#cursors.length = 2 * level;
  }

  readonly #forget = (x: Variable, entry: number): void => {
    if (at(this.#openedAt, x) !== entry) return;
    this.#openedAt[x] = START;
    (this.#question.isLate(x) ? this.#late : this.#early).length -= 1;
  };

  #reset(): void {
    this.#backTo(-1);
    const { model, clauses } = this;
    for (let i = 0; i < this.#attached.length; i++) {
      const x = at(this.#attached.data, i);
      this.#counted[x] = NONE;
      for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
        this.#rowWatches.clear(row);
      }
    }
    for (let node = 0; node < this.#watched.length; node++) {
      if (at(this.#watched.data, node) !== NONE) this.#clauseWatches.clear(node);
    }
    clauses.clear();
    for (const list of [this.#attached, this.#watched, this.#cursors]) list.length = 0;
    this.#nextEarly = 0;
    this.#nextLate = 0;
    this.#conflicts = 0;
    this.#mentioned.clear();
    this.#promoted.length = 0;
    this.#clashes.clear();
  }

  #grow(): void {
    const { variables, rows, size } = this.model;
    this.trail.grow();
    this.#rowWatches.grow(32 * size, rows);
    this.#clauseWatches.grow(32 * size, 0);
    const known = this.#openedAt.length;
    if (variables <= known) return;
    this.#openedAt = grown(this.#openedAt, variables);
    this.#openedAt.fill(START, known);
    this.#counted = grown(this.#counted, variables);
    this.#counted.fill(NONE, known);
  }
}

const EMPTY: Question = { facts: [], pick: () => 0, isLate: () => false };
