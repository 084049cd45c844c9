/** How much of a provider one user may take. */
export interface BulkheadPolicy {
  /** Calls at once. */
  readonly calls: number;
  /** Calls that may wait for their turn. */
  readonly waiting: number;
}

/** Limits calls at once, so that one slow provider does not take all that its user has. */
export class Bulkhead {
  readonly #policy: BulkheadPolicy;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(policy: BulkheadPolicy) {
    this.#policy = policy;
  }

  /** Resolves when it is the call's turn; `undefined` where too many wait already. Each turn ends with `leave`. */
  enter(): Promise<void> | "now" | undefined {
    if (this.#running < this.#policy.calls) {
      this.#running += 1;
      return "now";
    }
    if (this.#waiting.length >= this.#policy.waiting) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
