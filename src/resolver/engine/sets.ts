import { at, grown, Ints } from "./ints.ts";

/** Where a set starts in {@link Sets.words}. Equal sets of one width are one set. */
export type SetHandle = number;

/**
 * Sets of values as bits, interned by content: two ranges that admit the same versions are one set from here on,
 * and rows that differ only in the text of a range are one row.
 */
export class Sets {
  readonly #words = new Ints();
  readonly #byHash = new Map<number, SetHandle[]>();
  #scratch = new Int32Array(16);

  /** The bits of all sets. Replaced when it grows. */
  get words(): Int32Array {
    return this.#words.data;
  }

  /** The set that `fill` writes into `width` words of zeros. */
  make(width: number, fill: (bits: Int32Array) => void): SetHandle {
    this.#scratch = grown(this.#scratch, width);
    const bits = this.#scratch.subarray(0, width);
    bits.fill(0);
    fill(bits);
    return this.intern(bits);
  }

  intern(bits: Int32Array): SetHandle {
    let hash = bits.length;
    for (let w = 0; w < bits.length; w++) hash = Math.imul(hash ^ at(bits, w), 0x01000193) ^ (hash >>> 15);
    const alike = this.#byHash.get(hash);
    for (const handle of alike ?? []) if (this.#equals(handle, bits)) return handle;

    // The width stands before the words, since sets of two widths may begin alike.
    this.#words.push(bits.length);
    const handle = this.#words.extend(bits.length);
    this.#words.data.set(bits, handle);
    if (alike) alike.push(handle);
    else this.#byHash.set(hash, [handle]);
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

  #equals(handle: SetHandle, bits: Int32Array): boolean {
    const { words } = this;
    if (words[handle - 1] !== bits.length) return false;
    for (let w = 0; w < bits.length; w++) if (words[handle + w] !== bits[w]) return false;
    return true;
  }
}

/** Words that a set of so many values takes. */
export const widthFor = (values: number): number => (values + 31) >> 5;

export const addValue = (bits: Int32Array, value: number): void => {
  bits[value >> 5] = at(bits, value >> 5) | (1 << (value & 31));
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
