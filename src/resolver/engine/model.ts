import { at, Ints } from "./ints.ts";
import { addInterval, addValue, hasValue, removeValue, Sets, widthFor, type SetHandle } from "./sets.ts";

/** A finite-domain variable, by number. */
export type Variable = number;

/** The value that every variable has: it stands for nothing. */
export const ABSENT = 0;

/** "`variable` is in `set`"; a list of terms is a clause, of which at least one must hold. */
export interface Term {
  readonly variable: Variable;
  readonly set: SetHandle;
}

/** Where what values state is taken in. */
export interface RowSink {
  /** If the variable has `value`, then `target` is in `set`. @returns Whether other values that say the same are of use. */
  require(value: number, target: Variable, set: SetHandle): boolean;
  /** The variable never has `value`. @returns As {@link require}. */
  forbid(value: number): boolean;
  /** A rule of any number of terms; the variable's own must admit its absence. */
  clause(terms: readonly Term[]): void;
}

/** States what a value of a variable means for others. Other values that say the same may be stated with it. */
type State = (variable: Variable, value: number, sink: RowSink) => void;

/**
 * Variables, and the rows that bind them in pairs: "if `owner` is not in `outside`, then `target` is in `inside`".
 *
 * The engine knows nothing else; plugins, ports, hosts and adapters are all rows over domains. Values that require the
 * same of the same target share one row, and a row grows: a value is stated when a search first considers it.
 */
export class Model {
  readonly sets = new Sets();
  /** Words that the domain of a variable takes, and where they start in a vector of all domains. */
  readonly width = new Ints();
  readonly start = new Ints();
  /** By variable: every value, and those that it may have. */
  readonly full = new Ints();
  readonly initial = new Ints();
  /** Rows of a variable in the order in which they were stated: the first, and after each the next; -1 at the end. */
  readonly firstRow = new Ints();
  readonly nextRow = new Ints();
  readonly #lastRow = new Ints();
  readonly owner = new Ints();
  readonly outside = new Ints();
  readonly target = new Ints();
  readonly inside = new Ints();
  readonly #rows = new Map<Variable, Map<number, number>>();
  readonly #clauses = new Map<Variable, (readonly Term[])[]>();
  /** Values that were stated, as bits at the places of their variables. */
  readonly #stated = new Ints();
  readonly #isCompiled = new Ints();
  readonly #state: State;
  /** A term that never holds. */
  readonly never: Term;
  /** Words in a vector of all domains. */
  size = 0;
  /** The place of a value that nothing ever has. */
  readonly nowhere = 1;

  /** @param state Called at most once for each value, in the order of need. */
  constructor(state: State) {
    this.#state = state;
    const variable = this.addVariable(2);
    this.limit(variable, this.setOf(variable, [ABSENT]));
    this.never = { variable, set: this.setOf(variable, [1]) };
  }

  get variables(): number {
    return this.width.length;
  }

  get rows(): number {
    return this.target.length;
  }

  /** @param values How many there are with {@link ABSENT}, which is the first. */
  addVariable(values: number): Variable {
    const width = widthFor(values);
    this.width.push(width);
    this.start.push(this.size);
    this.size += width;
    const full = this.sets.make(width, (bits) => addInterval(bits, 0, values));
    this.full.push(full);
    this.initial.push(full);
    this.firstRow.push(-1);
    this.#lastRow.push(-1);
    this.#isCompiled.push(0);
    this.#stated.extend(width);
    return this.variables - 1;
  }

  /** What a variable may be at most. */
  limit(variable: Variable, set: SetHandle): void {
    this.initial.data[variable] = set;
  }

  /** Interns a set of values of a variable. */
  setOf(variable: Variable, values: Iterable<number>): SetHandle {
    return this.sets.make(at(this.width.data, variable), (bits) => {
      for (const value of values) addValue(bits, value);
    });
  }

  /** Interns the values of intervals, each from its first up to its end; those that end first are empty. */
  setOfIntervals(variable: Variable, intervals: Iterable<readonly [from: number, end: number]>): SetHandle {
    return this.sets.make(at(this.width.data, variable), (bits) => {
      for (const [from, end] of intervals) addInterval(bits, from, end);
    });
  }

  /** Every value that a set lacks. */
  complement(variable: Variable, set: SetHandle): SetHandle {
    return this.sets.combine(at(this.full.data, variable), set, (full, word) => full & ~word);
  }

  /** The rules of a variable that take more than a row. */
  clausesOf(variable: Variable): readonly (readonly Term[])[] {
    return this.#clauses.get(variable) ?? [];
  }

  /** Sees to it that the rows of all values of a variable are there. */
  compile(variable: Variable): void {
    if (at(this.#isCompiled.data, variable) === 1) return;
    this.#isCompiled.data[variable] = 1;
    const last = this.sets.last(at(this.initial.data, variable));
    for (let value = 1; value <= last; value++) this.state(variable, value, false);
  }

  /** Sees to it that the rows of a value are there, if it is one that its variable may have. */
  state(variable: Variable, value: number, isAlone = true): void {
    const start = at(this.start.data, variable);
    if (hasValue(this.#stated.data, start, value)) return;
    addValue(this.#stated.data, value, start);
    if (!this.sets.has(at(this.initial.data, variable), value)) return;
    const require = (from: number, term: Term) => this.#require(variable, from, term) && isAlone;
    this.#state(variable, value, {
      require: (from, target, set) => require(from, { variable: target, set }),
      forbid: (from) => require(from, this.never),
      clause: (terms) => {
        const known = this.#clauses.get(variable);
        if (known) known.push(terms);
        else this.#clauses.set(variable, [terms]);
      },
    });
  }

  /** @returns False where that was known. */
  #require(variable: Variable, value: number, { variable: target, set: inside }: Term): boolean {
    let rows = this.#rows.get(variable);
    if (!rows) this.#rows.set(variable, (rows = new Map()));
    const key = target * 2 ** 31 + inside;
    let row = rows.get(key);
    if (row === undefined) {
      row = this.#addRow(variable, { variable: target, set: inside });
      rows.set(key, row);
    }
    const outside = at(this.outside.data, row);
    if (!this.sets.has(outside, value)) return false;
    removeValue(this.sets.words, value, outside);
    return true;
  }

  #addRow(variable: Variable, { variable: target, set: inside }: Term): number {
    const row = this.rows;
    const last = at(this.#lastRow.data, variable);
    if (last < 0) this.firstRow.data[variable] = row;
    else this.nextRow.data[last] = row;
    this.#lastRow.data[variable] = row;
    this.nextRow.push(-1);
    this.owner.push(variable);
    this.outside.push(this.sets.copy(at(this.full.data, variable)));
    this.target.push(target);
    this.inside.push(inside);
    return row;
  }
}
