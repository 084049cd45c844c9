import { portError } from "tradsys/plugin";

interface Waiting {
  readonly until: number;
  readonly what: string;
  readonly giveUp: (error: Error) => void;
}

/**
 * Gives up waiting after a while, with one timer for everything that is waited for: a timer for each order would cost
 * more than the decision. What is late is late by a quarter of the time more at most.
 */
export class Patience {
  readonly #ms: number;
  readonly #waiting = new Set<Waiting>();
  #ticking: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** The work's result, or `RISK_UNAVAILABLE` once it is late. The work itself goes on: its late result is dropped. */
  timely<T>(work: Promise<T>, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { until: performance.now() + this.#ms, what, giveUp: reject };
      this.#waiting.add(waiting);
      this.#ticking ??= setInterval(() => this.#tick(), Math.ceil(this.#ms / 4));
      work.then(
        (value) => {
          this.#waiting.delete(waiting);
          resolve(value);
          return value;
        },
        (error: unknown) => {
          this.#waiting.delete(waiting);
          reject(error);
        },
      );
    });
  }

  #tick(): void {
    const now = performance.now();
    for (const waiting of this.#waiting) {
      if (waiting.until > now) continue;
      this.#waiting.delete(waiting);
      waiting.giveUp(portError("RISK_UNAVAILABLE", `${waiting.what} did not answer within ${this.#ms} ms`));
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }
}
