import { setImmediate } from "node:timers/promises";

import type { Clock } from "../../../src/runtime/supervision/clock.ts";

/** A clock that stands still until it is told to go on. Its chance is always in the middle: no jitter. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>();

  now(): number {
    return this.#now;
  }

  chance(): number {
    return 0.5;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", () => resolve());
    });
  }

  /** Milliseconds until the next who sleeps would wake. */
  get next(): number {
    return Math.min(...[...this.#sleepers].map(({ at }) => at)) - this.#now;
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await setImmediate();
  }
}
