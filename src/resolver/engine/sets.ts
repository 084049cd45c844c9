import { at, grown, Ints } from "./ints.ts";

/** Where a set starts in {@link Sets.words}. Equal sets of one width are one set. */
export type SetHandle = number;

/**
 * Sets of values as bits, interned by content: two ranges that admit the same versions are one set from here on,
 * and rows that differ only in the text of a range are one row.
 */
export class Sets {
  readonly #words = new Ints();
  /** Handles by the hash of their words, with open addressing; 0 where there is none. */
  #table = new Int32Array(1024);
  #count = 0;
  #scratch = new Int32Array(16);

  /** The bits of all sets. Replaced when it grows. */
  get words(): Int32Array {
    return this.#words.data;
  }

  /** The set that `fill` writes into zeros. It may write no further than `width` words. */
  make(width: number, fill: (bits: Int32Array) => void): SetHandle {
    this.#scratch = grown(this.#scratch, width);
    this.#scratch.fill(0, 0, width);
    fill(this.#scratch);
    return this.intern(this.#scratch, 0, width);
  }

  /** The set of the words that start at `from`. */
  intern(bits: Int32Array, from: number, width: number): SetHandle {
    let slot = this.#slotOf(bits, from, width);
    for (let handle = at(this.#table, slot); handle !== 0; handle = at(this.#table, slot)) {
      if (at(this.words, handle - 1) === width && this.#equals(handle, bits, from)) return handle;
      slot = (slot + 1) & (this.#table.length - 1);
    }
    // The width stands before the words, since sets of two widths may begin alike.
    this.#words.push(width);
    const handle = this.#words.extend(width);
    for (let w = 0; w < width; w++) this.words[handle + w] = at(bits, from + w);
    this.#table[slot] = handle;
    if (2 * ++this.#count > this.#table.length) this.#rehash();
    return handle;
  }

  /** The set that a function of words makes of two others of one width. */
  combine(a: SetHandle, b: SetHandle, wordOf: (a: number, b: number) => number): SetHandle {
    const { words } = this;
    const width = at(words, a - 1);
    return this.make(width, (bits) => {
      for (let w = 0; w < width; w++) bits[w] = wordOf(at(words, a + w), at(words, b + w));
    });
  }

  union(a: SetHandle, b: SetHandle): SetHandle {
    return this.combine(a, b, (one, other) => one | other);
  }

  /** A set of its own, which may be changed: equal to another for now, and never the same. */
  copy(set: SetHandle): SetHandle {
    const width = at(this.words, set - 1);
    this.#words.push(width);
    const handle = this.#words.extend(width);
    this.words.copyWithin(handle, set, set + width);
    return handle;
  }

  /** The smallest value of a set; -1 where it is empty. */
  first(set: SetHandle): number {
    const width = at(this.words, set - 1);
    for (let w = 0; w < width; w++) {
      const word = at(this.words, set + w);
      if (word !== 0) return 32 * w + 31 - Math.clz32(word & -word);
    }
    return -1;
  }

  /** The largest value of a set; -1 where it is empty. */
  last(set: SetHandle): number {
    for (let w = at(this.words, set - 1) - 1; w >= 0; w--) {
      const word = at(this.words, set + w);
      if (word !== 0) return 32 * w + 31 - Math.clz32(word);
    }
    return -1;
  }

  has(set: SetHandle, value: number): boolean {
    return hasValue(this.words, set, value);
  }

  #equals(handle: SetHandle, bits: Int32Array, from: number): boolean {
    const { words } = this;
    for (let w = at(words, handle - 1) - 1; w >= 0; w--)
      if (words[handle + w] !== bits[from + w]) return false;
    return true;
  }

  #slotOf(bits: Int32Array, from: number, width: number): number {
    let hash = width;
    for (let w = 0; w < width; w++) hash = Math.imul(hash ^ at(bits, from + w), 0x01000193) ^ (hash >>> 15);
    return (hash ^ (hash >>> 16)) & (this.#table.length - 1);
  }

  #rehash(): void {
    const handles = this.#table.filter((handle) => handle !== 0);
    this.#table = new Int32Array(2 * this.#table.length);
    for (const handle of handles) {
      let slot = this.#slotOf(this.words, handle, at(this.words, handle - 1));
      while (this.#table[slot] !== 0) slot = (slot + 1) & (this.#table.length - 1);
      this.#table[slot] = handle;
    }
  }
}

/** Words that a set of so many values takes. */
export const widthFor = (values: number): number => (values + 31) >> 5;

export const addValue = (bits: Int32Array, value: number, start = 0): void => {
  const word = start + (value >> 5);
  bits[word] = at(bits, word) | (1 << (value & 31));
};

export const removeValue = (bits: Int32Array, value: number, start: number): void => {
  const word = start + (value >> 5);
  bits[word] = at(bits, word) & ~(1 << (value & 31));
};

/** Adds the values from `from` up to `end`, a word at a time. */
export function addInterval(bits: Int32Array, from: number, end: number): void {
  if (from >= end) return;
  const [first, last] = [from >> 5, (end - 1) >> 5];
  for (let w = first; w <= last; w++) {
    const low = w === first ? -1 << (from & 31) : -1;
    const high = w === last ? -1 >>> (31 - ((end - 1) & 31)) : -1;
    bits[w] = at(bits, w) | (low & high);
  }
}

/** Whether the set that starts at `start` has a value. */
export const hasValue = (bits: Int32Array, start: number, value: number): boolean =>
  ((at(bits, start + (value >> 5)) >>> (value & 31)) & 1) === 1;
