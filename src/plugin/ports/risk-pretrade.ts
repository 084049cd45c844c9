import type { Decimal } from "../decimal.ts";
import type { Execution, OrderIntent } from "./order-entry.ts";

/** Why an order was refused: a code for machines, text for people, and the numbers where there are any. */
export interface RiskReason {
  /** `CATEGORY_CONDITION`, for example `MAX_ORDER_VALUE_EXCEEDED`. */
  readonly code: string;
  /** The rule or limit that refused. */
  readonly rule: string;
  readonly text: string;
  readonly observed?: Decimal;
  readonly threshold?: Decimal;
  /** A hard limit was breached: opening orders stay refused until a person says otherwise. */
  readonly latches?: boolean;
}

/** `reasons` is empty if and only if the verdict is `allow`. */
export interface RiskDecision {
  readonly verdict: "allow" | "deny";
  readonly reasons: readonly RiskReason[];
}

/** Port `risk-pretrade` 1.3: asked before every order, told what became of it. Cancels are never asked about. */
export interface RiskPretrade {
  /** A decision in every case: what risk cannot check, it denies. */
  evaluate(intent: OrderIntent): Promise<RiskDecision>;
  /** Safe to repeat. Turns reservations into positions as fills arrive and gives the rest back at the end. */
  onExecution(execution: Execution): Promise<void>;
}
