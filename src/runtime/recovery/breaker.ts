/** When a provider is left alone. */
export interface BreakerPolicy {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds until one call is let through as a trial. */
  readonly openMs: number;
}

/** Lets no call through to a provider that failed several times in a row, and one after a while to see how it is. */
export class Breaker {
  readonly #policy: BreakerPolicy;
  #failures = 0;
  #openUntilMs = 0;
  #isTrying = false;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#policy.failures;
  }

  /** Whether a call may be made now. Each that may is told of by `answered`, `failed` or `leftOff`. */
  admits(nowMs: number): boolean {
    if (!this.isOpen) return true;
    if (this.#isTrying || nowMs < this.#openUntilMs) return false;
    this.#isTrying = true;
    return true;
  }

  /** Answers to calls that began before it opened come late, and say nothing about now. */
  answered(): void {
    if (!this.isOpen || this.#isTrying) this.#failures = 0;
    this.#isTrying = false;
  }

  failed(nowMs: number): void {
    this.#failures += 1;
    if (this.isOpen) this.#openUntilMs = nowMs + this.#policy.openMs;
    this.#isTrying = false;
  }

  /** Its caller gave up: nobody knows how the provider is. */
  leftOff(): void {
    this.#isTrying = false;
  }
}
