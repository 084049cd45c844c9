import type { Decimal } from "../../plugin/decimal.ts";
import { bookAround } from "./market.ts";
import type { Listing } from "./paper-exchange.ts";

export const DAY_MS = 86_400_000;

/** The venue's amounts have exactly eight fraction digits. */
export function fixed(value: Decimal): string {
  const [whole = "0", fraction = ""] = value.split(".");
  return `${whole}.${fraction.padEnd(8, "0").slice(0, 8)}`;
}

/** A price and a quantity, as the venue writes them. */
export type WireLevel = readonly [price: string, quantity: string];

/** The book as the venue writes it. */
export function levelsOf(listing: Pick<Listing, "market" | "price">): {
  bids: WireLevel[];
  asks: WireLevel[];
} {
  const { bids, asks } = bookAround(listing.price, listing.market.tickSize);
  const written = (levels: typeof bids) =>
    levels.map(([price, quantity]): WireLevel => [fixed(price), fixed(quantity)]);
  return { bids: written(bids), asks: written(asks) };
}

/** The top of the book; zeros where a side is empty. */
export function bestPrices(listing: Listing) {
  const { bids, asks } = levelsOf(listing);
  const [bid, bidQuantity] = bids[0] ?? [fixed("0"), fixed("0")];
  const [ask, askQuantity] = asks[0] ?? [fixed("0"), fixed("0")];
  return { bid, bidQuantity, ask, askQuantity };
}
