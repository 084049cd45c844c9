import { add, compare, multiply, negate, subtract, type Decimal } from "../../plugin/decimal.ts";
import type { Side } from "../../plugin/ports/order-entry.ts";
import { bookAround, brokenFilter, fits, sweep, type Fill, type Market } from "./market.ts";

/** An order as the venue keeps it. */
export interface VenueOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: "LIMIT" | "MARKET";
  readonly timeInForce: "GTC" | "IOC" | "FOK";
  /** Null for a market order. */
  readonly price: Decimal | null;
  readonly quantity: Decimal;
  readonly filledQuantity: Decimal;
  /** Price times quantity over all fills. */
  readonly filledValue: Decimal;
  readonly status: "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED";
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly updateTime: number;
  readonly fills: readonly (Fill & { readonly tradeId: number })[];
}

/** A request that the venue refuses, in its own words. */
export interface Refusal {
  readonly code: number;
  readonly msg: string;
}

export const isRefusal = (answer: object): answer is Refusal => "code" in answer && "msg" in answer;

export type NewOrder = Pick<
  VenueOrder,
  "clientOrderId" | "symbol" | "side" | "type" | "timeInForce" | "price" | "quantity"
>;

export interface VenueTrade extends Fill {
  readonly tradeId: number;
  readonly symbol: string;
  /** The side that took liquidity. */
  readonly side: Side;
  readonly time: number;
}

/** A market and where it stands now. */
export interface Listing {
  readonly market: Market;
  /** The middle of the book. */
  readonly price: Decimal;
  /** Price of the last trade. */
  readonly last: Decimal;
  /** Grows by one with each new book. */
  readonly bookId: number;
}

export interface Holding {
  readonly free: Decimal;
  readonly locked: Decimal;
}

interface PaperExchangeOptions {
  readonly markets: readonly { readonly market: Market; readonly price: Decimal }[];
  /** Free amounts at the start, by asset. */
  readonly balances: Readonly<Record<string, Decimal>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onTrade: (trade: VenueTrade) => void;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Orders, balances and books of a venue on paper: no fees, no other traders, the same answers every time. */
export class PaperExchange {
  readonly #options: PaperExchangeOptions;
  readonly #listings: Map<string, Mutable<Listing>>;
  readonly #holdings: Map<string, Holding>;
  readonly #orders = new Map<string, VenueOrder>();
  #lastTradeId = 0;

  constructor(options: PaperExchangeOptions) {
    this.#options = options;
    this.#listings = new Map(
      options.markets.map(({ market, price }) => [market.symbol, { market, price, last: price, bookId: 1 }]),
    );
    this.#holdings = new Map(
      Object.entries(options.balances).map(([asset, free]) => [asset, { free, locked: "0" }]),
    );
  }

  listings(): readonly Listing[] {
    return [...this.#listings.values()];
  }

  listing(symbol: string): Listing | undefined {
    return this.#listings.get(symbol);
  }

  /** Every order ever taken, oldest first. */
  orders(): readonly VenueOrder[] {
    return [...this.#orders.values()];
  }

  order(clientOrderId: string): VenueOrder | undefined {
    return this.#orders.get(clientOrderId);
  }

  holdings(): ReadonlyMap<string, Holding> {
    return this.#holdings;
  }

  /** Moves the market: a trade at the new price, and every resting order that it crosses is filled. */
  setPrice(symbol: string, price: Decimal): void {
    const listing = this.#listed(symbol);
    const { tickSize, stepSize } = listing.market;
    if (!fits(price, tickSize)) throw new TypeError(`${price} is not a multiple of the tick ${tickSize}`);
    const side = compare(price, listing.price) < 0 ? "sell" : "buy";
    listing.price = price;
    listing.bookId += 1;
    this.#trade(listing, side, { price, quantity: stepSize });
    for (const order of this.#orders.values()) {
      if (order.symbol !== symbol || order.price === null || !isOpen(order)) continue;
      const crossed =
        order.side === "buy" ? compare(price, order.price) <= 0 : compare(price, order.price) >= 0;
      if (crossed) this.#fillResting(order, order.price);
    }
  }

  place(request: NewOrder): VenueOrder | Refusal {
    const listing = this.#listed(request.symbol);
    const { market } = listing;
    const filter = brokenFilter(market, request.price ?? listing.price, request.quantity);
    if (filter !== undefined) return { code: -1013, msg: `Filter failure: ${filter}` };
    if (this.#orders.has(request.clientOrderId)) return { code: -2010, msg: "Duplicate order sent." };

    const { bids, asks } = bookAround(listing.price, market.tickSize);
    const { side, quantity, price: limit } = request;
    const found = sweep(side === "buy" ? asks : bids, { side, quantity, limit });
    const available = found.reduce((sum, fill) => add(sum, fill.quantity), "0");
    const killed = request.timeInForce === "FOK" && compare(available, quantity) < 0;
    const taken = killed ? [] : found;
    const rest = killed ? quantity : subtract(quantity, available);
    const rests = compare(rest, "0") > 0 && limit !== null && request.timeInForce === "GTC";

    const held = rests ? holdFor(side, limit, rest) : "0";
    const asset = side === "buy" ? market.quote : market.base;
    const cost = taken.reduce((sum, fill) => add(sum, holdFor(side, fill.price, fill.quantity)), held);
    if (compare(this.#holding(asset).free, cost) < 0) {
      return { code: -2010, msg: "Account has insufficient balance for requested action." };
    }

    const time = this.#options.now();
    const fills = taken.map((fill) => this.#settle(request, fill));
    if (rests) this.#move(asset, { free: negate(held), locked: held });
    const order: VenueOrder = {
      ...request,
      orderId: this.#orders.size + 1,
      filledQuantity: killed ? "0" : available,
      filledValue: taken.reduce((sum, fill) => add(sum, valueOf(fill)), "0"),
      status: statusAfter(rest, rests, taken.length > 0),
      time,
      updateTime: time,
      fills,
    };
    this.#orders.set(order.clientOrderId, order);
    return order;
  }

  cancel(order: VenueOrder): VenueOrder | Refusal {
    if (!isOpen(order) || order.price === null) return { code: -2011, msg: "Unknown order sent." };
    this.#unlock(order, order.price);
    const cancelled: VenueOrder = { ...order, status: "CANCELED", updateTime: this.#options.now() };
    this.#orders.set(order.clientOrderId, cancelled);
    return cancelled;
  }

  #fillResting(order: VenueOrder, price: Decimal): void {
    this.#unlock(order, price);
    const fill: Fill = { price, quantity: subtract(order.quantity, order.filledQuantity) };
    this.#orders.set(order.clientOrderId, {
      ...order,
      filledQuantity: order.quantity,
      filledValue: add(order.filledValue, valueOf(fill)),
      status: "FILLED",
      updateTime: this.#options.now(),
      fills: [...order.fills, this.#settle(order, fill)],
    });
  }

  /** Exchanges the two assets of a fill, out of what is free. */
  #settle(order: NewOrder, fill: Fill): Fill & { tradeId: number } {
    const listing = this.#listed(order.symbol);
    const { base, quote } = listing.market;
    const bought = order.side === "buy";
    this.#move(base, { free: bought ? fill.quantity : negate(fill.quantity), locked: "0" });
    this.#move(quote, { free: bought ? negate(valueOf(fill)) : valueOf(fill), locked: "0" });
    return { ...fill, tradeId: this.#trade(listing, order.side, fill) };
  }

  #trade(listing: Mutable<Listing>, side: Side, fill: Fill): number {
    const tradeId = ++this.#lastTradeId;
    listing.last = fill.price;
    const { symbol } = listing.market;
    this.#options.onTrade({ ...fill, tradeId, symbol, side, time: this.#options.now() });
    return tradeId;
  }

  #unlock(order: VenueOrder, price: Decimal): void {
    const { market } = this.#listed(order.symbol);
    const held = holdFor(order.side, price, subtract(order.quantity, order.filledQuantity));
    this.#move(order.side === "buy" ? market.quote : market.base, { free: held, locked: negate(held) });
  }

  #listed(symbol: string): Mutable<Listing> {
    const listing = this.#listings.get(symbol);
    if (!listing) throw new TypeError(`${symbol} is not listed on this venue`);
    return listing;
  }

  #holding(asset: string): Holding {
    return this.#holdings.get(asset) ?? { free: "0", locked: "0" };
  }

  #move(asset: string, change: Holding): void {
    const { free, locked } = this.#holding(asset);
    this.#holdings.set(asset, { free: add(free, change.free), locked: add(locked, change.locked) });
  }
}

export const isOpen = (order: VenueOrder): boolean =>
  order.status === "NEW" || order.status === "PARTIALLY_FILLED";

const valueOf = (fill: Fill): Decimal => multiply(fill.price, fill.quantity, "half-even");

/** What an order must set aside: quote for a purchase, base for a sale. */
const holdFor = (side: Side, price: Decimal, quantity: Decimal): Decimal =>
  side === "buy" ? valueOf({ price, quantity }) : quantity;

function statusAfter(rest: Decimal, rests: boolean, anyTaken: boolean): VenueOrder["status"] {
  if (compare(rest, "0") === 0) return "FILLED";
  if (!rests) return "EXPIRED";
  return anyTaken ? "PARTIALLY_FILLED" : "NEW";
}
