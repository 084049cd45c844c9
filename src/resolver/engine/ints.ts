/** Reads an element that is known to be there. */
export const at = (values: Int32Array, index: number): number => values[index] as number;

/** A list of 32-bit integers that grows in one flat array. Hot loops read `data` directly. */
export class Ints {
  data = new Int32Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) this.data = grown(this.data, this.length + 1);
    this.data[this.length++] = value;
  }

  /** Makes room for `count` elements at the end, and returns where they start. */
  extend(count: number): number {
    const start = this.length;
    this.length += count;
    this.data = grown(this.data, this.length);
    return start;
  }
}

/** The array itself if it holds `size` elements, else a copy of at least twice its size. */
export function grown(values: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  if (size <= values.length) return values;
  const larger = new Int32Array(Math.max(size, 2 * values.length));
  larger.set(values);
  return larger;
}
