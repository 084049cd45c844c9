/** Measurements that are made before any is left out: what is rare is never lost. */
const FIRST = 64;
/** Measurements after which the share is judged anew, if nobody asks for it before. */
const WINDOW = 256;

/**
 * Chooses what is measured where measuring costs more than counting. The busier, the fewer: about `perSecond` are left.
 * Each that is chosen stands for as many as its weight says, so counts and sums stay true on average.
 *
 * For timings only. Counters and what happens in a lifecycle are never sampled.
 */
export class Sampler {
  readonly #perSecond: number;
  readonly #now: () => number;
  #seen = 0;
  #judged = 0;
  #judgedAtMs: number;
  #weight = 1;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#judgedAtMs = now();
  }

  /** How many each measurement stands for now. */
  get weight(): number {
    return this.#weight;
  }

  /** What the next event weighs; 0 says that it is not measured. */
  next(): number {
    const seen = ++this.#seen;
    if (seen <= FIRST) return 1;
    if (seen - this.#judged >= WINDOW * this.#weight) this.adapt();
    return seen % this.#weight === 0 ? this.#weight : 0;
  }

  /** Judges by what happened since the last time. Whoever reads the metrics asks for it: after a rush all count again. */
  adapt(): void {
    const nowMs = this.#now();
    const seconds = Math.max(nowMs - this.#judgedAtMs, 0.001) / 1000;
    const rate = (this.#seen - this.#judged) / seconds;
    this.#judged = this.#seen;
    this.#judgedAtMs = nowMs;
    // Powers of two, so that the weight rarely changes.
    this.#weight = 2 ** Math.max(0, Math.ceil(Math.log2(rate / this.#perSecond)));
  }
}
