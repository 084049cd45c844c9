import { decimal, type OrderIntent, type Reservation, type Side } from "tradsys/plugin";

/** Validated against the schema in `plugin.yaml`. */
export interface Config {
  /** Largest position, in base units. */
  readonly maxLong: decimal.Decimal;
  /** Largest short position, in base units, as a positive amount. */
  readonly maxShort: decimal.Decimal;
}

interface Reserved {
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: decimal.Decimal;
  readonly filled: decimal.Decimal;
}

/**
 * Counts, for each instrument, what was bought less what was sold since the start, and what open orders may still add
 * on either side. The two sides are counted apart, so that an open sale never makes room for a purchase.
 */
export class PositionLimit {
  readonly #config: Config;
  readonly #positions = new Map<string, decimal.Decimal>();
  readonly #reserved = new Map<string, Reserved>();

  constructor(config: Config) {
    this.#config = config;
  }

  reserve(intent: OrderIntent): Reservation {
    const { clientOrderId, instrument, side, quantity, reduceOnly } = intent;
    const known = this.#reserved.has(clientOrderId);
    const used = this.#used(instrument, side);
    const observed = known ? used : decimal.add(used, quantity);
    const threshold = side === "buy" ? this.#config.maxLong : this.#config.maxShort;
    const allowed = known || reduceOnly || decimal.compare(observed, threshold) <= 0;
    if (allowed && !known) this.#reserved.set(clientOrderId, { instrument, side, quantity, filled: "0" });
    return { verdict: allowed ? "allow" : "deny", observed, threshold };
  }

  commit(clientOrderId: string, filledQuantity: decimal.Decimal): void {
    const order = this.#reserved.get(clientOrderId);
    if (!order) return;
    // Never more than was reserved, never backwards: hearing an old fill again changes nothing.
    const filled = decimal.max(order.filled, decimal.min(filledQuantity, order.quantity));
    const added = decimal.subtract(filled, order.filled);
    const change = order.side === "buy" ? added : decimal.negate(added);
    this.#positions.set(order.instrument, decimal.add(this.#position(order.instrument), change));
    this.#reserved.set(clientOrderId, { ...order, filled });
  }

  release(clientOrderId: string): void {
    this.#reserved.delete(clientOrderId);
  }

  /** The position on this side if every open order on it filled; negative while the position is on the other side. */
  #used(instrument: string, side: Side): decimal.Decimal {
    const position = this.#position(instrument);
    let used = side === "buy" ? position : decimal.negate(position);
    for (const order of this.#reserved.values()) {
      if (order.instrument !== instrument || order.side !== side) continue;
      used = decimal.add(used, decimal.subtract(order.quantity, order.filled));
    }
    return used;
  }

  #position = (instrument: string): decimal.Decimal => this.#positions.get(instrument) ?? "0";
}
