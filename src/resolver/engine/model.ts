import { at, Ints } from "./ints.ts";
import { addInterval, addValue, Sets, widthFor, type SetHandle } from "./sets.ts";

/** A finite-domain variable, by number. */
export type Variable = number;

/** The value that every variable has: it stands for nothing. */
export const ABSENT = 0;

/** "`variable` is in `set`"; a list of terms is a clause, of which at least one must hold. */
export interface Term {
  readonly variable: Variable;
  readonly set: SetHandle;
}

/** Where a variable's rows are stated, once, when it first becomes necessary. */
export interface RowSink {
  /** If the variable has `value`, then `target` is in `set`. */
  require(value: number, target: Variable, set: SetHandle): void;
  /** The variable never has `value`. */
  forbid(value: number): void;
  /** A rule of any number of terms; the variable's own must admit its absence. */
  clause(terms: readonly Term[]): void;
}

/**
 * Variables, and the rows that bind them in pairs: "if `owner` is not in `outside`, then `target` is in `inside`".
 *
 * The engine knows nothing else; plugins, ports, hosts and adapters are all rows over domains. Rows lie in flat
 * arrays, those of one owner side by side, and values that require the same of the same target share one row.
 */
export class Model {
  readonly sets = new Sets();
  /** Words that the domain of a variable takes, and where they start in a vector of all domains. */
  readonly width = new Ints();
  readonly start = new Ints();
  /** By variable: every value, and those that it may have. */
  readonly full = new Ints();
  readonly initial = new Ints();
  /** Rows of a variable: from the first, up to the end; -1 as long as they were not asked for. */
  readonly firstRow = new Ints();
  readonly endRow = new Ints();
  readonly owner = new Ints();
  readonly outside = new Ints();
  readonly target = new Ints();
  readonly inside = new Ints();
  readonly #clauses = new Map<Variable, readonly (readonly Term[])[]>();
  readonly #state: (variable: Variable, sink: RowSink) => void;
  /** A term that never holds. */
  readonly never: Term;
  /** Words in a vector of all domains. */
  size = 0;
  /** The place of a value that nothing ever has. */
  readonly nowhere = 1;

  /** @param state States the rows of a variable. Called at most once for each, in the order of need. */
  constructor(state: (variable: Variable, sink: RowSink) => void) {
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
    this.endRow.push(-1);
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

  /** Sees to it that the rows of a variable are there. */
  compile(variable: Variable): void {
    if (at(this.firstRow.data, variable) >= 0) return;
    const width = at(this.width.data, variable);
    const groups = new Map<
      number,
      { readonly target: Variable; readonly inside: SetHandle; readonly at: number }
    >();
    const values = new Ints();
    const clauses: (readonly Term[])[] = [];
    const require = (value: number, target: Variable, inside: SetHandle) => {
      const key = target * 2 ** 31 + inside;
      let group = groups.get(key);
      if (!group) {
        group = { target, inside, at: values.extend(width) };
        groups.set(key, group);
      }
      const word = group.at + (value >> 5);
      values.data[word] = at(values.data, word) | (1 << (value & 31));
    };
    this.#state(variable, {
      require,
      forbid: (value) => require(value, this.never.variable, this.never.set),
      clause: (terms) => clauses.push(terms),
    });

    this.firstRow.data[variable] = this.rows;
    for (const { target, inside, at: from } of groups.values()) {
      this.owner.push(variable);
      this.outside.push(this.complement(variable, this.sets.intern(values.data, from, width)));
      this.target.push(target);
      this.inside.push(inside);
    }
    this.endRow.data[variable] = this.rows;
    if (clauses.length > 0) this.#clauses.set(variable, clauses);
  }
}
