import type { Decimal } from "../decimal.ts";
import type { InstrumentId } from "./market-data.ts";
import type { Order } from "./order-entry.ts";

export interface Balance {
  readonly asset: string;
  readonly free: Decimal;
  /** Held by open orders. */
  readonly locked: Decimal;
}

export interface Position {
  readonly instrument: InstrumentId;
  /** Positive is long, negative is short. */
  readonly quantity: Decimal;
}

/** Port `account` 1.2: what the venue says we have. Lists are sorted by asset, instrument or client order id. */
export interface Account {
  /** Assets with anything free or locked. */
  balances(): Promise<readonly Balance[]>;
  openOrders(): Promise<readonly Order[]>;
  /** On a spot venue, the base asset of each instrument. */
  positions(): Promise<readonly Position[]>;
}
