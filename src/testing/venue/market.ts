import { add, compare, multiply, quantise, subtract, type Decimal } from "../../plugin/decimal.ts";
import type { BookLevel } from "../../plugin/ports/market-data.ts";
import type { Side } from "../../plugin/ports/order-entry.ts";

/** A pair the venue trades, and what its filters accept. */
export interface Market {
  /** The venue's own name, for example `BTCUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: Decimal;
  readonly stepSize: Decimal;
  /** Smallest price times quantity. */
  readonly minNotional: Decimal;
}

export interface Fill {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

const LEVELS = 10;

/**
 * The book around a price: ten levels a side, one tick apart, holding 1, 2, 3 … of the base. A pure function of the
 * price, so liquidity that was taken is there again for the next order.
 */
export function bookAround(price: Decimal, tick: Decimal): { bids: BookLevel[]; asks: BookLevel[] } {
  const levels = Array.from({ length: LEVELS }, (_, index) => String(index + 1));
  const distance = (level: string): Decimal => multiply(tick, level, "half-even");
  return {
    bids: levels
      .map((level): BookLevel => [subtract(price, distance(level)), level])
      .filter(([bid]) => compare(bid, "0") > 0),
    asks: levels.map((level): BookLevel => [add(price, distance(level)), level]),
  };
}

/** What an order takes from the other side of the book, best price first, not past its limit. */
export function sweep(levels: readonly BookLevel[], order: Sweep): Fill[] {
  const fills: Fill[] = [];
  let wanted = order.quantity;
  for (const [price, available] of levels) {
    if (compare(wanted, "0") === 0 || (order.limit !== null && isWorse(order.side, price, order.limit)))
      break;
    const quantity = compare(wanted, available) < 0 ? wanted : available;
    fills.push({ price, quantity });
    wanted = subtract(wanted, quantity);
  }
  return fills;
}

interface Sweep {
  readonly side: Side;
  readonly quantity: Decimal;
  /** Null for a market order. */
  readonly limit: Decimal | null;
}

const isWorse = (side: Side, price: Decimal, limit: Decimal): boolean =>
  side === "buy" ? compare(price, limit) > 0 : compare(price, limit) < 0;

/** The filter that an order breaks, by the venue's name for it. The price is the expected one for a market order. */
export function brokenFilter(market: Market, price: Decimal, quantity: Decimal): string | undefined {
  if (!fits(price, market.tickSize)) return "PRICE_FILTER";
  if (!fits(quantity, market.stepSize)) return "LOT_SIZE";
  if (compare(multiply(price, quantity, "floor"), market.minNotional) < 0) return "NOTIONAL";
  return undefined;
}

/** A positive multiple of a step. */
export const fits = (value: Decimal, step: Decimal): boolean =>
  compare(value, "0") > 0 && compare(quantise(value, step, "floor"), value) === 0;
