import { isCode } from "../../domain/errors.ts";
import { isPortError, portError, type PortError, type PortErrorCode } from "../../plugin/errors.ts";
import { currentCell, limited } from "../context/current.ts";
import { notBegun } from "../context/scope.ts";
import { BudgetLedger, type ErrorBudget } from "../errors/error-budget.ts";
import { portProxy } from "../ports.ts";
import { isSubscription } from "../subscription.ts";
import { Breaker, type BreakerPolicy } from "./breaker.ts";
import { Bulkhead, type BulkheadPolicy } from "./bulkhead.ts";

/** How a user of a port copes with its provider. What is not named is not done. Each user of each provider has its own. */
export interface PortPolicy {
  /** Longest wait for one attempt, in ms. What was asked may have happened when it is over. */
  readonly timeoutMs?: number;
  /** Only for what surely did not happen and says that it may be repeated. */
  readonly retry?: RetryPolicy;
  readonly breaker?: BreakerPolicy;
  readonly bulkhead?: BulkheadPolicy;
  /** Told of when it is spent. */
  readonly budget?: ErrorBudget;
}

interface RetryPolicy {
  /** Attempts after the first. */
  readonly attempts: number;
  /** Milliseconds before the first of them, at most; twice as many before each further one. The real wait is random. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A change that a guard tells of. */
export type GuardNotice = "breaker-open" | "breaker-closed" | "budget-spent" | "budget-restored";

export interface Guarding {
  /** Name of the port, as messages say it. */
  readonly port: string;
  /** The facet that provides it. */
  readonly provider: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** 0 to 1, without 1. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly tell: (notice: GuardNotice) => void;
}

/** A budget is restored once so much of it is left, so that it is not told of back and forth. */
const RESTORED = 0.5;

/**
 * A port whose calls are held to a policy. Refusals of its own were never sent. Where risk cannot be asked, they say
 * so in risk's own words: nobody can take them for a yes. Subscriptions pass as they are.
 */
export function guardPort(port: object, policy: PortPolicy, guarding: Guarding): object {
  const guard = new Guard(policy, guarding);
  const methods = new Map<string, unknown>();
  return portProxy((name) => {
    if (isSubscription(name)) return Reflect.get(port, name) as unknown;
    const known = methods.get(name);
    if (known !== undefined) return known;
    const method = (...args: readonly unknown[]) =>
      // Looked up for each attempt: the provider may be another by then.
      guard.call(() => Reflect.apply(Reflect.get(port, name) as () => Promise<unknown>, port, args));
    methods.set(name, method);
    return method;
  });
}

class Guard {
  readonly #policy: PortPolicy;
  readonly #guarding: Guarding;
  readonly #breaker: Breaker | undefined;
  readonly #bulkhead: Bulkhead | undefined;
  readonly #budget: BudgetLedger | undefined;
  #isSpent = false;

  constructor(policy: PortPolicy, guarding: Guarding) {
    this.#policy = policy;
    this.#guarding = guarding;
    this.#breaker = policy.breaker && new Breaker(policy.breaker);
    this.#bulkhead = policy.bulkhead && new Bulkhead(policy.bulkhead);
    this.#budget = policy.budget && new BudgetLedger(policy.budget);
  }

  async call(work: () => Promise<unknown>): Promise<unknown> {
    if (!this.#bulkhead) return this.#attempts(work);
    const turn = this.#bulkhead.enter();
    if (turn === undefined) throw this.#refusal("OVERLOADED", "has as many calls of its user as it may");
    const scope = currentCell()?.scope;
    try {
      if (turn !== "now") await turn;
      if (scope?.ended) throw notBegun(scope.ended);
      return await this.#attempts(work);
    } finally {
      this.#bulkhead.leave();
    }
  }

  async #attempts(work: () => Promise<unknown>): Promise<unknown> {
    const { retry } = this.#policy;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!retry || attempt >= retry.attempts || !mayRepeat(error)) throw error;
        const longestMs = Math.min(retry.longestMs, retry.firstMs * 2 ** attempt);
        const ms = this.#guarding.random() * longestMs;
        if ((currentCell()?.remainingMs ?? Infinity) <= ms) throw error;
        await this.#guarding.sleep(ms);
      }
    }
  }

  async #attempt(work: () => Promise<unknown>): Promise<unknown> {
    const { timeoutMs } = this.#policy;
    const breaker = this.#breaker;
    const wasOpen = breaker?.isOpen === true;
    if (breaker?.admits(this.#guarding.now()) === false) {
      throw this.#refusal("UNAVAILABLE", "failed several times in a row and is left alone for a while");
    }
    try {
      const answer = await (timeoutMs === undefined ? work() : limited({ ms: timeoutMs }, work));
      breaker?.answered();
      this.#spend(false);
      return answer;
    } catch (error) {
      if (isPortError(error) && error.code === "CANCELLED") breaker?.leftOff();
      else if (isFailure(error)) breaker?.failed(this.#guarding.now());
      else breaker?.answered();
      this.#spend(isFailure(error));
      throw error;
    } finally {
      if (breaker && breaker.isOpen !== wasOpen) {
        this.#guarding.tell(wasOpen ? "breaker-closed" : "breaker-open");
      }
    }
  }

  #spend(hasFailed: boolean): void {
    if (!this.#budget) return;
    const nowMs = this.#guarding.now();
    this.#budget.record(nowMs, hasFailed);
    if (!hasFailed && !this.#isSpent) return;
    const left = this.#budget.left(nowMs);
    if (this.#isSpent ? left < RESTORED : left > 0) return;
    this.#isSpent = !this.#isSpent;
    this.#guarding.tell(this.#isSpent ? "budget-spent" : "budget-restored");
  }

  #refusal(code: PortErrorCode, why: string): PortError {
    const { port, provider } = this.#guarding;
    return portError(port.startsWith("risk-") ? "RISK_UNAVAILABLE" : code, `${port} of ${provider} ${why}`, {
      outcome: "not-sent",
      retryable: true,
    });
  }
}

/** What surely did not happen. A provider that is not there was never asked. */
const mayRepeat = (error: unknown): boolean =>
  isPortError(error) ? error.retryable && error.outcome !== "unknown" : isCode(error, "PORT_UNBOUND");

/** Codes of providers that are not well. All others are answers, if not the ones that were hoped for. */
const FAILURES: ReadonlySet<PortErrorCode> = new Set([
  "BAD_RESPONSE",
  "CONNECTION_LOST",
  "CONTRACT_VIOLATION",
  "IP_BANNED",
  "MAINTENANCE",
  "NETWORK_UNREACHABLE",
  "OVERLOADED",
  "PLUGIN_CRASHED",
  "PLUGIN_STOPPED",
  "PLUGIN_TIMEOUT",
  "RISK_UNAVAILABLE",
  "TIMEOUT",
  "UNAVAILABLE",
  "VENUE_UNAVAILABLE",
]);

const isFailure = (error: unknown): boolean => !isPortError(error) || FAILURES.has(error.code);
