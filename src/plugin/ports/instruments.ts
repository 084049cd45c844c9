import type { Decimal } from "../decimal.ts";
import type { InstrumentId } from "./market-data.ts";

/** Where a market stands in its day. `closed` is outside of all sessions, `halted` an interruption within one. */
export type MarketPhase =
  | "closed"
  | "pre-open"
  | "auction"
  | "continuous"
  | "pre-close"
  | "trade-at-last"
  | "halted";

/** What can be traded, and the steps in which it can be. */
export interface Instrument {
  readonly id: InstrumentId;
  /** The venue's own name for it. */
  readonly venueSymbol: string;
  readonly base: string;
  readonly quote: string;
  /** Prices are multiples of it. */
  readonly tickSize: Decimal;
  /** Quantities are multiples of it. */
  readonly lotStep: Decimal;
  /** Smallest price times quantity; null where there is none. */
  readonly minNotional: Decimal | null;
}

/** Port `instruments` 1.1. */
export interface Instruments {
  /** Sorted by id. */
  list(): Promise<readonly Instrument[]>;
  /** As the venue says now, whatever a calendar expects. Fails with `INSTRUMENT_UNKNOWN`. */
  phase(instrument: InstrumentId): Promise<MarketPhase>;
}
