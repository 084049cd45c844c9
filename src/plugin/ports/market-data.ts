import type { Decimal } from "../decimal.ts";

/** What can be traded: `VENUE:BASE/QUOTE`, for example `BINANCE:BTC/USDT`. */
export type InstrumentId = string;

/** Fields that every observation carries. Times are integer microseconds since the epoch. */
interface Observed {
  readonly instrument: InstrumentId;
  /** The venue's own time; null where it sends none. */
  readonly tsVenueUs: number | null;
  /** When it reached this host. Staleness is judged by this one. */
  readonly tsHostUs: number;
}

/** Best prices, and the price of the last trade. */
export interface Quote extends Observed {
  readonly bid: Decimal;
  readonly bidQuantity: Decimal;
  readonly ask: Decimal;
  readonly askQuantity: Decimal;
  readonly last: Decimal;
}

export interface Trade extends Observed {
  readonly id: string;
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The side that took liquidity. */
  readonly side: "buy" | "sell";
}

/** Price, then quantity. */
export type BookLevel = readonly [price: Decimal, quantity: Decimal];

/** Best prices first on both sides. */
export interface Book extends Observed {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** Something that happened to an instrument. */
export type MarketUpdate =
  | { readonly type: "snapshot"; readonly book: Book }
  | { readonly type: "quote"; readonly quote: Quote }
  | { readonly type: "trade"; readonly trade: Trade }
  /** Events were lost: so many, or null where nobody can say. After a lost connection a snapshot follows. */
  | { readonly type: "gap"; readonly missed: number | null };

/** `seq` increases strictly within a subscription. Numbers may be missing where a newer quote replaced an older one. */
export type MarketEvent = MarketUpdate & { readonly seq: number };

export interface SubscriptionSpec {
  readonly instrument: InstrumentId;
  readonly channel: "quote" | "trade";
}

/** For one reader. Leaving the loop over `events` closes it too. */
export interface Subscription<Event = MarketEvent> {
  /** The first event is a snapshot. Fails where the subscription cannot be served, for example `INSTRUMENT_UNKNOWN`. */
  readonly events: AsyncIterable<Event>;
  close(): void;
}

/** Port `market-data` 2.1. Reconnecting is the provider's work: a reader sees a gap and then a snapshot. */
export interface MarketData {
  /** The instruments it serves, sorted. */
  instruments(): Promise<readonly InstrumentId[]>;
  subscribe(spec: SubscriptionSpec): Subscription;
  /** The book now, at most `depth` levels a side. */
  snapshot(instrument: InstrumentId, depth: number): Promise<Book>;
}
