import type { Decimal } from "../decimal.ts";
import type { MarketPhase } from "./instruments.ts";
import type { OrderIntent } from "./order-entry.ts";
import type { RiskReason } from "./risk-pretrade.ts";

/**
 * All that rules decide by. They do no I/O, read no clock and remember nothing, so that equal facts have equal answers
 * and recorded facts can be judged again by other rules.
 *
 * What is optional came with 2.4; null is what the risk manager does not know. A rule that needs either is an error.
 */
export interface RiskFacts {
  readonly intent: OrderIntent;
  /** The middle of the best prices. */
  readonly referencePrice: Decimal;
  /** When the order is judged, microseconds since the epoch. */
  readonly nowUs?: number;
  readonly market?: MarketFacts;
  readonly book?: BookFacts;
  readonly account?: AccountFacts;
  readonly flow?: FlowFacts;
}

export interface MarketFacts {
  /** Age of the best prices, in microseconds. */
  readonly quoteAgeUs: number;
  /** The best price on the side that the order would take from, and what is shown there. */
  readonly best: { readonly price: Decimal; readonly quantity: Decimal };
  /** Null where no calendar covers the market: it trades around the clock. */
  readonly phase: MarketPhase | null;
  /** How far the reference price moved within about a minute, in basis points: the root of its squared steps. */
  readonly volatilityBps: number;
}

/** Own orders that rest in the same instrument. */
export interface BookFacts {
  /** The best own price on the other side; null where nothing rests there. */
  readonly ownBestOpposite: Decimal | null;
}

export interface AccountFacts {
  /** In the instrument, open orders on the order's side included; negative is short. */
  readonly position: Decimal;
  /** Free amount of the asset that the order spends; null where the account does not tell. */
  readonly free: Decimal | null;
  /** Value of all positions, long and short counted alike: offsetting positions do not hide each other. */
  readonly grossExposure: Decimal;
  /** The same for the instruments that move with this one, itself included; long and short offset each other. */
  readonly groupExposure: Decimal;
  /** What was lost since the day began, never negative; null while something cannot be valued. */
  readonly dayLoss: Decimal | null;
}

/** What was sent lately. */
export interface FlowFacts {
  /** Orders to the venue within the last second, this one included. */
  readonly messagesPerSecond: number;
  /** Microseconds since an order of equal instrument, side, quantity and price; null where there was none. */
  readonly sameOrderAgoUs: number | null;
}

/** `code` is what breaking the rule is called, whatever the verdict. */
export interface RuleResult extends RiskReason {
  /** `error` counts as `fail`. */
  readonly verdict: "pass" | "fail" | "error";
}

/** Port `risk-rules` 2.4. */
export interface RiskRules {
  /** One result for each rule, sorted by rule: equal facts, equal answer. */
  evaluate(facts: RiskFacts): Promise<readonly RuleResult[]>;
}
