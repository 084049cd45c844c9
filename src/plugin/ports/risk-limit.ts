import type { Decimal } from "../decimal.ts";
import type { OrderIntent } from "./order-entry.ts";

export interface LimitDescription {
  readonly id: string;
  readonly type:
    | "position"
    | "order-size"
    | "exposure"
    | "concentration"
    | "leverage"
    | "var"
    | "drawdown"
    | "trade-frequency"
    | "open-orders";
  /** What is counted apart. */
  readonly scope: "global" | "venue" | "instrument";
  /** When the count starts again from zero. */
  readonly window: "none" | "session" | "calendar-day" | "rolling";
  readonly threshold: Decimal;
}

export interface Reservation {
  readonly verdict: "allow" | "deny";
  /** The use of the limit if all that is reserved were filled; for a denial, what it would have come to. */
  readonly observed: Decimal;
  readonly threshold: Decimal;
  /** The limit itself is breached, not only out of reach: see `RiskReason.latches`. */
  readonly latches?: boolean;
}

/**
 * Port `risk-limit` 1.2, in two phases, so that orders on their way count at once. All three steps are safe to repeat,
 * and committing or releasing what was never reserved does nothing.
 */
export interface RiskLimit {
  describe(): Promise<LimitDescription>;
  /**
   * Idempotent by client order id: what is reserved already stays so. A `reduceOnly` intent, once proven, is granted.
   *
   * @param referencePrice What a market order is valued by; absent for what is granted without a value.
   */
  reserve(intent: OrderIntent, referencePrice?: Decimal): Promise<Reservation>;
  /** Turns reserved quantity into used quantity, up to `filledQuantity` in all. */
  commit(clientOrderId: string, filledQuantity: Decimal, averagePrice?: Decimal | null): Promise<void>;
  /** Gives back what is still reserved. */
  release(clientOrderId: string): Promise<void>;
}
