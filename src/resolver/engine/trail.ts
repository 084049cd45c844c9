import { at, grown, Ints } from "./ints.ts";
import { ABSENT, type Model, type Variable } from "./model.ts";
import { hasValue, type SetHandle } from "./sets.ts";

/** What narrowed a domain: a row of the model by its number, or a clause of the search (see {@link clauseReason}). */
export type Reason = number;

/** The search chose; nothing forces it. */
export const DECISION: Reason = -1;

/** Rows have the numbers from 0; the clauses of a search lie below {@link DECISION}. Its own inverse. */
export const clauseReason = (clause: number): Reason => -2 - clause;

/** Before the first entry: how a domain was at the start. */
export const START = -1;

/** The domains of all variables, how each became what it is, and the way back. */
export class Trail {
  readonly model: Model;
  /** Current domains, each at its variable's start, and as they were before the first entry. */
  words = new Int32Array(0);
  base = new Int32Array(0);
  /** Last entry of a variable. */
  latest = new Int32Array(0);

  /** For each entry: its variable, reason, decision level, and the entry before it of the same variable. */
  readonly variable = new Ints();
  readonly reason = new Ints();
  readonly level = new Ints();
  readonly #before = new Ints();
  /** Where the domain that an entry left behind starts in `#saved`. */
  readonly #domain = new Ints();
  readonly #saved = new Ints();
  /** First entry of each decision level above 0. */
  readonly #levels = new Ints();
  #known = 0;

  constructor(model: Model) {
    this.model = model;
  }

  get length(): number {
    return this.variable.length;
  }

  get levels(): number {
    return this.#levels.length;
  }

  /** Takes in the variables that the model has gained. */
  grow(): void {
    const { model } = this;
    this.words = grown(this.words, model.size);
    this.base = grown(this.base, model.size);
    this.latest = grown(this.latest, model.variables);
    for (; this.#known < model.variables; this.#known++) {
      this.latest[this.#known] = START;
      this.setBase(this.#known, at(model.initial.data, this.#known));
    }
  }

  /** What a variable may be at most. Only while it has no entry. */
  setBase(x: Variable, set: SetHandle): void {
    const start = at(this.model.start.data, x);
    for (let w = 0; w < at(this.model.width.data, x); w++) {
      this.base[start + w] = at(this.model.sets.words, set + w);
      this.words[start + w] = at(this.base, start + w);
    }
  }

  /** Whether a variable may still be in a set. */
  meets(x: Variable, set: SetHandle): boolean {
    return this.placeIn(x, set) !== -1;
  }

  has(x: Variable, value: number): boolean {
    return hasValue(this.words, at(this.model.start.data, x), value);
  }

  isPresent(x: Variable): boolean {
    return !this.has(x, ABSENT);
  }

  /** Whether a variable has one value left. */
  isDecided(x: Variable): boolean {
    const start = at(this.model.start.data, x);
    const width = at(this.model.width.data, x);
    let found = 0;
    for (let w = 0; w < width; w++) {
      const word = at(this.words, start + w);
      if (word === 0) continue;
      if (found !== 0 || (word & (word - 1)) !== 0) return false;
      found = word;
    }
    return true;
  }

  /** The one value of a decided variable, else the smallest. */
  valueOf(x: Variable): number {
    const start = at(this.model.start.data, x);
    for (let w = 0; ; w++) {
      const word = at(this.words, start + w);
      if (word !== 0) return placeOf(w, word);
    }
  }

  /** Keeps of a domain what is in a set. @returns False where nothing is; then nothing was done. */
  narrow(x: Variable, set: SetHandle, reason: Reason): boolean {
    const { words, model } = this;
    const bits = model.sets.words;
    const start = at(model.start.data, x);
    const width = at(model.width.data, x);
    let left = 0;
    let lost = 0;
    for (let w = 0; w < width; w++) {
      const old = at(words, start + w);
      left |= old & at(bits, set + w);
      lost |= old & ~at(bits, set + w);
    }
    if (lost === 0) return true;
    if (left === 0) return false;

    const saved = this.#saved.extend(width);
    for (let w = 0; w < width; w++) {
      words[start + w] = at(words, start + w) & at(bits, set + w);
      this.#saved.data[saved + w] = at(words, start + w);
    }
    this.variable.push(x);
    this.reason.push(reason);
    this.level.push(this.levels);
    this.#before.push(at(this.latest, x));
    this.#domain.push(saved);
    this.latest[x] = this.length - 1;
    return true;
  }

  /** Opens a decision level. */
  nextLevel(): void {
    this.#levels.push(this.length);
  }

  /** Takes back all entries above a level, the last first. Level -1 takes back everything. */
  backTo(level: number, forget: (x: Variable, entry: number) => void): void {
    if (level >= this.levels) return;
    const first = level < 0 ? 0 : at(this.#levels.data, level);
    if (first < this.length) this.#saved.length = at(this.#domain.data, first);
    for (let entry = this.length - 1; entry >= first; entry--) {
      const x = at(this.variable.data, entry);
      forget(x, entry);
      const before = at(this.#before.data, entry);
      this.latest[x] = before;
      const start = at(this.model.start.data, x);
      const bits = before === START ? this.base : this.#saved.data;
      const from = before === START ? start : at(this.#domain.data, before);
      for (let w = 0; w < at(this.model.width.data, x); w++) this.words[start + w] = at(bits, from + w);
    }
    for (const list of [this.variable, this.reason, this.level, this.#before, this.#domain])
      list.length = first;
    this.#levels.length = Math.max(0, level);
  }

  /** The values in word `w` of a domain that an entry took away. */
  lostWord(entry: number, w: number): number {
    const before = at(this.#before.data, entry);
    const old =
      before === START
        ? at(this.base, at(this.model.start.data, at(this.variable.data, entry)) + w)
        : at(this.#saved.data, at(this.#domain.data, before) + w);
    return old & ~at(this.#saved.data, at(this.#domain.data, entry) + w);
  }

  /** The place of a value that a variable kept after an entry and that is in a set; -1 where there is none. */
  keptPlace(entry: number, set: SetHandle): number {
    const x = at(this.variable.data, entry);
    const after = at(this.#domain.data, entry);
    const start = at(this.model.start.data, x);
    for (let w = at(this.model.width.data, x) - 1; w >= 0; w--) {
      const kept = at(this.#saved.data, after + w) & at(this.model.sets.words, set + w);
      if (kept !== 0) return 32 * (start + w) + 31 - Math.clz32(kept);
    }
    return -1;
  }

  /** The place of a value that a variable may still have and that is in a set; -1 where there is none. */
  placeIn(x: Variable, set: SetHandle): number {
    const start = at(this.model.start.data, x);
    for (let w = at(this.model.width.data, x) - 1; w >= 0; w--) {
      const kept = at(this.words, start + w) & at(this.model.sets.words, set + w);
      if (kept !== 0) return 32 * (start + w) + 31 - Math.clz32(kept);
    }
    return -1;
  }

  /** Whether the value at a place is still possible. */
  hasPlace(place: number): boolean {
    return ((at(this.words, place >> 5) >>> (place & 31)) & 1) === 1;
  }

  /** The last entry of a variable up to one of its entries that lies before another. */
  entryBefore(entry: number, limit: number): number {
    let found = entry;
    while (found >= limit) found = at(this.#before.data, found);
    return found;
  }

  /**
   * The entry since which the variable of an entry is outside a set; {@link START} if it always was.
   *
   * @param entry One since which it is.
   * @param from Where the set starts in `bits`.
   */
  leftAt(entry: number, bits: Int32Array, from: number): number {
    if (entry === START) return START;
    const x = at(this.variable.data, entry);
    const start = at(this.model.start.data, x);
    const width = at(this.model.width.data, x);
    for (let left = entry; left !== START; left = at(this.#before.data, left)) {
      const before = at(this.#before.data, left);
      const domain = before === START ? this.base : this.#saved.data;
      const domainFrom = before === START ? start : at(this.#domain.data, before);
      for (let w = 0; w < width; w++) {
        if ((at(domain, domainFrom + w) & at(bits, from + w)) !== 0) return left;
      }
    }
    return START;
  }
}

/** Where the lowest bit of a word stands among the bits of all domains. */
export const placeOf = (word: number, bits: number): number => 32 * word + 31 - Math.clz32(bits & -bits);
