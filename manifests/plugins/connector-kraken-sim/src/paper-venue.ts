import {
  decimal,
  isFinal,
  portError,
  type Account,
  type Order,
  type OrderRef,
  type OrderState,
  type RiskApproved,
  type VenueOrders,
} from "tradsys/plugin";

export interface PaperVenueOptions {
  readonly instrument: string;
  /** The prices it visits in turn, for ever. */
  readonly prices: readonly decimal.Decimal[];
  /** Distance between bid and ask. */
  readonly spread: decimal.Decimal;
  /** Amounts at the start, by asset. */
  readonly balances: Readonly<Record<string, decimal.Decimal>>;
  /** Microseconds since the epoch. */
  readonly now: () => number;
}

/**
 * One instrument with endless liquidity at its best prices and endless credit. Orders fill wholly or not at all, and
 * free of charge.
 */
export class PaperVenue implements Account, VenueOrders {
  readonly #options: PaperVenueOptions;
  readonly #base: string;
  readonly #quote: string;
  readonly #totals: Map<string, decimal.Decimal>;
  readonly #orders = new Map<string, Order>();
  #step = 0;
  /** When every open order is cancelled; microseconds since the epoch. */
  #deadManUs = Infinity;

  constructor(options: PaperVenueOptions) {
    this.#options = options;
    const [base = "", quote = ""] = options.instrument.split(":").at(-1)?.split("/") ?? [];
    this.#base = base;
    this.#quote = quote;
    this.#totals = new Map(Object.entries(options.balances));
  }

  /** Number of steps taken. */
  get step(): number {
    return this.#step;
  }

  prices() {
    const { prices, spread } = this.#options;
    const last = prices[this.#step % prices.length] ?? "0";
    const half = decimal.multiply(spread, "0.5", "half-even");
    return { last, bid: decimal.subtract(last, half), ask: decimal.add(last, half) };
  }

  /** Every open order is cancelled unless this is called again in time; null disarms it. */
  setDeadMansSwitch(withinMs: number | null): void {
    this.#deadManUs = withinMs === null ? Infinity : this.#options.now() + withinMs * 1000;
  }

  /** Goes to the next price and fills the orders it reaches. */
  advance(): void {
    this.#step += 1;
    if (this.#options.now() >= this.#deadManUs) this.#cancelAll();
    for (const order of this.#orders.values()) {
      if (!isFinal(order.state) && this.#reaches(order.side, order.price)) this.#fill(order);
    }
  }

  async submit(intent: RiskApproved): Promise<Order> {
    const { clientOrderId, instrument, side, quantity } = intent;
    if (instrument !== this.#options.instrument) {
      throw portError("INSTRUMENT_UNKNOWN", `${instrument} is not traded here`, { outcome: "rejected" });
    }
    if (this.#orders.has(clientOrderId)) {
      throw portError("DUPLICATE_CLIENT_ID", `${clientOrderId} was used before`, { outcome: "rejected" });
    }
    const price = intent.type === "limit" ? intent.price : null;
    const order: Order = {
      clientOrderId,
      instrument,
      side,
      quantity,
      price,
      venueOrderId: String(this.#orders.size + 1),
      state: "accepted",
      filledQuantity: "0",
      tsVenueUs: this.#options.now(),
    };
    if (this.#reaches(side, price)) return this.#fill(order);
    const rests = intent.type === "limit" && intent.timeInForce === "GTC";
    return this.#put(order, rests ? "accepted" : "expired");
  }

  async cancel(ref: OrderRef): Promise<Order> {
    const order = await this.query(ref);
    return isFinal(order.state) ? order : this.#put(order, "cancelled");
  }

  async query({ clientOrderId }: OrderRef): Promise<Order> {
    const order = this.#orders.get(clientOrderId);
    if (order) return order;
    throw portError("ORDER_NOT_FOUND", `there is no order ${clientOrderId}`, { outcome: "rejected" });
  }

  async balances() {
    return [...this.#totals.keys()]
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((asset) => ({ asset, free: this.#totals.get(asset) ?? "0", locked: "0" }));
  }

  async openOrders() {
    const open = [...this.#orders.values()].filter((order) => !isFinal(order.state));
    return open.toSorted((a, b) => (a.clientOrderId < b.clientOrderId ? -1 : 1));
  }

  async positions() {
    return [{ instrument: this.#options.instrument, quantity: this.#totals.get(this.#base) ?? "0" }];
  }

  #cancelAll(): void {
    this.#deadManUs = Infinity;
    for (const order of this.#orders.values()) if (!isFinal(order.state)) this.#put(order, "cancelled");
  }

  #reaches(side: Order["side"], limit: Order["price"]): boolean {
    const { bid, ask } = this.prices();
    return limit === null || decimal.compare(side === "buy" ? ask : limit, side === "buy" ? limit : bid) <= 0;
  }

  #fill(order: Order): Order {
    const { bid, ask } = this.prices();
    const buys = order.side === "buy";
    const value = decimal.multiply(buys ? ask : bid, order.quantity, "half-even");
    this.#add(this.#base, buys ? order.quantity : decimal.negate(order.quantity));
    this.#add(this.#quote, buys ? decimal.negate(value) : value);
    return this.#put({ ...order, filledQuantity: order.quantity }, "filled");
  }

  #put(order: Order, state: OrderState): Order {
    const changed = { ...order, state, tsVenueUs: this.#options.now() };
    this.#orders.set(order.clientOrderId, changed);
    return changed;
  }

  #add(asset: string, amount: decimal.Decimal): void {
    this.#totals.set(asset, decimal.add(this.#totals.get(asset) ?? "0", amount));
  }
}
