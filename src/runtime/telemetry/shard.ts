/** Numbers of a chunk: 64 KiB. */
export const CHUNK_SLOTS = 8192;

/** Where a series has its numbers. */
export interface Place {
  readonly chunk: number;
  readonly offset: number;
}

/**
 * The numbers of one thread. Only that thread writes them, so that it needs no lock and no atomic operation; others
 * read them where they share memory, at any time: a number is written whole.
 */
export class Shard {
  readonly chunks: Float64Array[] = [];
  readonly #isShared: boolean;
  #used = CHUNK_SLOTS;

  constructor(isShared = false) {
    this.#isShared = isShared;
  }

  get memoryBytes(): number {
    return 8 * CHUNK_SLOTS * this.chunks.length;
  }

  take(slots: number): Place {
    if (this.#used + slots > CHUNK_SLOTS) {
      const Memory = this.#isShared ? SharedArrayBuffer : ArrayBuffer;
      this.chunks.push(new Float64Array(new Memory(8 * CHUNK_SLOTS)));
      this.#used = 0;
    }
    const place = { chunk: this.chunks.length - 1, offset: this.#used };
    this.#used += slots;
    return place;
  }

  slots(chunk: number): Float64Array {
    const found = this.chunks[chunk];
    if (!found) throw new RangeError(`there is no chunk ${chunk}`);
    return found;
  }
}
