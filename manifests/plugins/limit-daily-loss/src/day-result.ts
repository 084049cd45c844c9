import { decimal, type OrderIntent } from "tradsys/plugin";

const DAY_US = 86_400_000_000;

/** A position and what it cost, in units of 10^-18; both positive for long. */
interface Lot {
  quantity: bigint;
  cost: bigint;
}

interface Order {
  readonly intent: OrderIntent;
  /** What a fill is valued by where the venue does not say. */
  readonly price: bigint;
  filled: bigint;
  /** Of all that was filled. */
  value: bigint;
}

/** A day as plain data, for an instance that goes on with it. Structured clone carries its amounts. */
export interface SavedDay {
  readonly day: number;
  readonly realised: bigint;
  readonly best: bigint;
  readonly lots: ReadonlyMap<string, Readonly<Lot>>;
  readonly orders: ReadonlyMap<string, Readonly<Order>>;
}

/**
 * What was won and lost since midnight UTC by average cost. A sale of what was bought realises a result, and so does a
 * purchase of what was sold short; what is still open does not count.
 */
export class DayResult {
  #lots = new Map<string, Lot>();
  #orders = new Map<string, Order>();
  #day = -1;
  #realised = 0n;
  #best = 0n;

  /** Positive for a loss. */
  loss = (nowUs: number): bigint => -this.#resultAt(nowUs);

  /** How far below the day's best. */
  drawdown = (nowUs: number): bigint => this.#best - this.#resultAt(nowUs);

  isReserved = (clientOrderId: string): boolean => this.#orders.has(clientOrderId);

  /** Twice is once. */
  reserve(intent: OrderIntent, price: bigint): void {
    if (this.#orders.has(intent.clientOrderId)) return;
    this.#orders.set(intent.clientOrderId, { intent, price, filled: 0n, value: 0n });
  }

  /** Hearing an old fill again changes nothing. */
  commit(
    clientOrderId: string,
    fill: { filled: bigint; averagePrice: bigint | undefined },
    nowUs: number,
  ): void {
    const order = this.#orders.get(clientOrderId);
    if (!order || fill.filled <= order.filled) return;
    const quantity = fill.filled - order.filled;
    const value = decimal.timesScaled(fill.filled, fill.averagePrice ?? order.price, "half-even");
    const cost = value - order.value;
    order.filled = fill.filled;
    order.value = value;
    this.#resultAt(nowUs);
    this.#realised += this.#trade(order.intent, quantity, cost);
    if (this.#realised > this.#best) this.#best = this.#realised;
  }

  release(clientOrderId: string): void {
    this.#orders.delete(clientOrderId);
  }

  snapshot(): SavedDay {
    return structuredClone({
      day: this.#day,
      realised: this.#realised,
      best: this.#best,
      lots: this.#lots,
      orders: this.#orders,
    });
  }

  restore(saved: SavedDay): void {
    const { day, realised, best, lots, orders } = structuredClone(saved);
    this.#day = day;
    this.#realised = realised;
    this.#best = best;
    this.#lots = new Map(lots);
    this.#orders = new Map(orders);
  }

  /** Books a trade and returns what it realised. */
  #trade({ account = "", instrument, side }: OrderIntent, quantity: bigint, cost: bigint): bigint {
    const key = `${account} ${instrument}`;
    const lot = this.#lots.get(key) ?? { quantity: 0n, cost: 0n };
    const change = side === "buy" ? quantity : -quantity;
    const paid = side === "buy" ? cost : -cost;
    const closes = magnitude(lot.quantity) < quantity ? magnitude(lot.quantity) : quantity;
    const isOpposite = lot.quantity !== 0n && lot.quantity > 0n !== change > 0n;
    let realised = 0n;
    if (isOpposite) {
      const costOfClosed = (lot.cost * closes) / magnitude(lot.quantity);
      const paidForClosed = (paid * closes) / quantity;
      realised = -(costOfClosed + paidForClosed);
      lot.cost += paid - paidForClosed - costOfClosed;
    } else {
      lot.cost += paid;
    }
    lot.quantity += change;
    if (lot.quantity === 0n) this.#lots.delete(key);
    else this.#lots.set(key, lot);
    return realised;
  }

  #resultAt(nowUs: number): bigint {
    const day = Math.floor(nowUs / DAY_US);
    if (day !== this.#day) {
      this.#day = day;
      this.#realised = 0n;
      this.#best = 0n;
    }
    return this.#realised;
  }
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
