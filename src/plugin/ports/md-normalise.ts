import type { MarketUpdate } from "./market-data.ts";

interface RawObservation {
  /** The venue's short code, for example `BINANCE`. */
  readonly venue: string;
  /** Base and quote in the venue's habit: `btc-usdt`, `BTC_USDT`, `BTC/USDT`. */
  readonly symbol: string;
  readonly tsVenueUs: number | null;
  readonly tsHostUs: number;
  /**
   * The venue's own number of the message, growing by one in each symbol's stream; absent where it sends none. Since
   * 2.0: a number that was left out becomes a gap before the update.
   */
  readonly venueSeq?: number;
}

/** A quote or trade as a venue sent it, its numbers still the venue's own text. */
export type RawMarketData = RawObservation &
  (
    | {
        readonly kind: "quote";
        readonly bid: string;
        readonly bidQuantity: string;
        readonly ask: string;
        readonly askQuantity: string;
        readonly last: string;
      }
    | {
        readonly kind: "trade";
        readonly id: string;
        readonly price: string;
        readonly quantity: string;
        readonly side: "buy" | "sell";
      }
  );

/**
 * Port `md-normalise` 2.0: every venue's data in one form. Version 1 knew no sequence numbers; to its users 2.0 is
 * adapted by leaving them out.
 */
export interface MarketDataNormaliser {
  /** Fails with `BAD_RESPONSE` for data that no venue should send, such as a bid above its ask. */
  normalise(raw: RawMarketData): Promise<MarketUpdate>;
  /** As `normalise`, for a stream in order: first the gap, if messages are missing before this one. Since 2.0. */
  sequence?(raw: RawMarketData): Promise<readonly MarketUpdate[]>;
}
