/** How much of what a plugin is asked may fail. */
export interface ErrorBudget {
  /** Share of its calls, 0 to 1. */
  readonly share: number;
  readonly windowMs: number;
  /** Failures that are never too many, however few calls there were. */
  readonly atLeast: number;
}

const SLOTS = 60;

/** Calls and failures of the last window, in sixtieths of it: constant room and time, whatever the load. */
export class BudgetLedger {
  readonly #budget: ErrorBudget;
  readonly #calls = new Uint32Array(SLOTS);
  readonly #failures = new Uint32Array(SLOTS);
  #slot = 0;

  constructor(budget: ErrorBudget) {
    this.#budget = budget;
  }

  record(nowMs: number, hasFailed: boolean): void {
    const at = this.#at(nowMs);
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    if (hasFailed) this.#failures[at] = (this.#failures[at] ?? 0) + 1;
  }

  /** The share of the budget that is left: 1 for all of it, 0 or less where it is spent. */
  left(nowMs: number): number {
    this.#at(nowMs);
    const { share, atLeast } = this.#budget;
    return 1 - sum(this.#failures) / Math.max(atLeast, share * sum(this.#calls));
  }

  /** Clears what has left the window. A clock that was set back changes nothing. */
  #at(nowMs: number): number {
    const slot = Math.floor((nowMs * SLOTS) / this.#budget.windowMs);
    for (let passed = Math.max(this.#slot + 1, slot - SLOTS + 1); passed <= slot; passed++) {
      this.#calls[passed % SLOTS] = 0;
      this.#failures[passed % SLOTS] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
    return this.#slot % SLOTS;
  }
}

const sum = (counts: Uint32Array): number => counts.reduce((total, count) => total + count, 0);
