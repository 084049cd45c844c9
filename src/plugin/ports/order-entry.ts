import type { Decimal } from "../decimal.ts";
import type { InstrumentId } from "./market-data.ts";

export type Side = "buy" | "sell";

interface OrderTerms {
  /** Given by the caller and unique for ever: `[A-Za-z0-9._-]`, at most 36 characters. */
  readonly clientOrderId: string;
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly quantity: Decimal;
}

/** Whom an order belongs to, where the sender says so: what states and kill switches can be aimed at. */
interface OrderOwner {
  readonly strategy?: string;
  readonly account?: string;
}

/** What a strategy wants done. */
export type OrderIntent = OrderTerms &
  OrderOwner & {
    /** The sender's claim that the order only makes a position smaller. Risk checks it against the account. */
    readonly reduceOnly: boolean;
  } & (
    | { readonly type: "market" }
    | {
        readonly type: "limit";
        readonly price: Decimal;
        /** Good till cancelled, immediate or cancel, fill or kill. */
        readonly timeInForce: "GTC" | "IOC" | "FOK";
      }
  );

declare const approval: unique symbol;

/**
 * An order that risk allowed, or that is proven to be reducing while risk is silent. Only `guardOrders` makes one, and
 * a venue takes nothing else: an order that was not checked cannot be sent.
 */
export type RiskApproved = OrderIntent & { readonly [approval]: true };

/** `unknown`: the venue has not said what became of it. */
export type OrderState =
  | "accepted"
  | "partially-filled"
  | "filled"
  | "cancelled"
  | "rejected"
  | "expired"
  | "unknown";

/** How far an order has come. */
export interface Execution {
  readonly clientOrderId: string;
  readonly state: OrderState;
  /** All that was filled so far, so that hearing it twice changes nothing. */
  readonly filledQuantity: Decimal;
  /** Over all that was filled; null or absent where the venue does not say. */
  readonly averagePrice?: Decimal | null;
}

/** An order as the venue tells it. */
export interface Order extends OrderTerms, Execution {
  readonly venueOrderId: string;
  /** Limit price; null for market orders. */
  readonly price: Decimal | null;
  /** Microseconds since the epoch, by the venue's clock. */
  readonly tsVenueUs: number;
}

export interface OrderRef {
  readonly clientOrderId: string;
  readonly instrument: InstrumentId;
}

/** A venue as its connector reaches it, behind the guard. Failures are those of `order-entry`. */
export interface VenueOrders {
  submit(order: RiskApproved): Promise<Order>;
  cancel(ref: OrderRef): Promise<Order>;
  query(ref: OrderRef): Promise<Order>;
}

/**
 * Port `order-entry` 2.0. Failures carry an `outcome`. After `unknown` nothing is sent again: `query` tells what happened.
 */
export interface OrderEntry {
  /** The venue's acknowledgement. The same intent again gives the first answer; the same id for another fails. */
  submit(intent: OrderIntent): Promise<Order>;
  /** The order after the attempt: cancelling what has already ended is not a failure. */
  cancel(ref: OrderRef): Promise<Order>;
  /** Fails with `ORDER_NOT_FOUND`. */
  query(ref: OrderRef): Promise<Order>;
}

const FINAL: ReadonlySet<OrderState> = new Set<OrderState>(["filled", "cancelled", "rejected", "expired"]);

/** True once nothing more can happen to an order. */
export const isFinal = (state: OrderState): boolean => FINAL.has(state);
