import type { Decimal } from "../../plugin/decimal.ts";
import type { Listing, VenueTrade } from "./paper-exchange.ts";
import { bestPrices, DAY_MS, fixed, levelsOf, type WireLevel } from "./wire.ts";

/** WebSocket messages: Binance's public spot streams, whose member names are single letters. */

export function tickerMessage(listing: Listing, now: number): object {
  const { bid, bidQuantity, ask, askQuantity } = bestPrices(listing);
  return {
    ...miniTickerMessage(listing, now),
    e: "24hrTicker",
    p: "0.00000000",
    P: "0.000",
    w: fixed(listing.last),
    x: fixed(listing.last),
    Q: fixed(listing.market.stepSize),
    b: bid,
    B: bidQuantity,
    a: ask,
    A: askQuantity,
    O: now - DAY_MS,
    C: now,
    F: -1,
    L: -1,
    n: 0,
  };
}

export const miniTickerMessage = ({ market, last }: Listing, now: number): object => ({
  e: "24hrMiniTicker",
  E: now,
  s: market.symbol,
  c: fixed(last),
  o: fixed(last),
  h: fixed(last),
  l: fixed(last),
  v: "0.00000000",
  q: "0.00000000",
});

export const tradeMessage = (trade: VenueTrade): object => ({
  e: "trade",
  E: trade.time,
  s: trade.symbol,
  t: trade.tradeId,
  p: fixed(trade.price),
  q: fixed(trade.quantity),
  T: trade.time,
  m: trade.side === "sell",
  M: true,
});

/** How the book changed when the price moved: levels that are gone get quantity zero. */
export function depthMessage(listing: Listing, priceBefore: Decimal, now: number): object {
  const before = levelsOf({ ...listing, price: priceBefore });
  const after = levelsOf(listing);
  return {
    e: "depthUpdate",
    E: now,
    s: listing.market.symbol,
    U: listing.bookId,
    u: listing.bookId,
    b: changes(before.bids, after.bids),
    a: changes(before.asks, after.asks),
  };
}

function changes(from: readonly WireLevel[], to: readonly WireLevel[]): WireLevel[] {
  const kept = new Set(to.map(([price]) => price));
  const gone = from.filter(([price]) => !kept.has(price));
  return [...gone.map(([price]): WireLevel => [price, fixed("0")]), ...to];
}
