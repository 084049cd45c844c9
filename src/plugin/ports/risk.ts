import type { Decimal } from "../decimal.ts";
import type { Execution, OrderIntent } from "./orders.ts";

/** Why an order was refused: a code for machines, text for people, and the numbers where there are any. */
export interface RiskReason {
  /** `CATEGORY_CONDITION`, for example `MAX_ORDER_VALUE_EXCEEDED`. */
  readonly code: string;
  /** The rule or limit that refused. */
  readonly rule: string;
  readonly text: string;
  readonly observed?: Decimal;
  readonly threshold?: Decimal;
}

/** `reasons` is empty if and only if the verdict is `allow`. */
export interface RiskDecision {
  readonly verdict: "allow" | "deny";
  readonly reasons: readonly RiskReason[];
}

/** Port `risk-pretrade`: asked before every order, told what became of it. Cancels are never asked about. */
export interface RiskPretrade {
  /** A decision in every case: what risk cannot check, it denies. */
  evaluate(intent: OrderIntent): Promise<RiskDecision>;
  /** Safe to repeat. Turns reservations into positions as fills arrive and gives the rest back at the end. */
  onExecution(execution: Execution): Promise<void>;
}

/** All that rules decide by. They do no I/O and read no clock. */
export interface RiskFacts {
  readonly intent: OrderIntent;
  /** The middle of the best prices. */
  readonly referencePrice: Decimal;
}

/** `code` is what breaking the rule is called, whatever the verdict. */
export interface RuleResult extends RiskReason {
  /** `error` counts as `fail`. */
  readonly verdict: "pass" | "fail" | "error";
}

/** Port `risk-rules`. */
export interface RiskRules {
  /** One result for each rule, sorted by rule: equal facts, equal answer. */
  evaluate(facts: RiskFacts): Promise<readonly RuleResult[]>;
}

export interface LimitDescription {
  readonly id: string;
  readonly type: "position" | "order-rate" | "daily-loss" | "open-orders" | "notional";
  /** What is counted apart. */
  readonly scope: "global" | "venue" | "instrument";
  /** When the count starts again from zero. */
  readonly window: "none" | "session" | "calendar-day";
  readonly threshold: Decimal;
}

export interface Reservation {
  readonly verdict: "allow" | "deny";
  /** The use of the limit if all that is reserved were filled; for a denial, what it would have come to. */
  readonly observed: Decimal;
  readonly threshold: Decimal;
}

/**
 * Port `risk-limit`, in two phases, so that orders on their way count at once. All three steps are safe to repeat,
 * and committing or releasing what was never reserved does nothing.
 */
export interface RiskLimit {
  describe(): Promise<LimitDescription>;
  /** Idempotent by client order id: what is reserved already stays so. A `reduceOnly` intent, once proven, is granted. */
  reserve(intent: OrderIntent): Promise<Reservation>;
  /** Turns reserved quantity into used quantity, up to `filledQuantity` in all. */
  commit(clientOrderId: string, filledQuantity: Decimal): Promise<void>;
  /** Gives back what is still reserved. */
  release(clientOrderId: string): Promise<void>;
}
