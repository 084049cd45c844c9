import { decimal, type OrderIntent, type Side } from "tradsys/plugin";

/** An order that holds room, amounts in units of 10^-18. */
interface Reserved {
  readonly account: string;
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: bigint;
  filled: bigint;
}

/** One account's position in one instrument, and what open orders may still add to either side of it. */
interface Line {
  position: bigint;
  openBuys: bigint;
  openSells: bigint;
  /** What one unit was last valued by. */
  price: bigint;
}

/** A book as plain data, for an instance that goes on with it. */
export interface SavedBook {
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, Line>>;
  readonly reserved: ReadonlyMap<string, Reserved>;
  readonly exposure: ReadonlyMap<string, bigint>;
}

/**
 * What was bought less what was sold since the start, with what open orders may still do. The two sides are counted
 * apart, so that an open sale never makes room for a purchase. Sums are kept, so that an order costs the same
 * however many instruments and accounts there are.
 */
export class PositionBook {
  #lines = new Map<string, Map<string, Line>>();
  #reserved = new Map<string, Reserved>();
  /** Worst value of all lines of an account. */
  #exposure = new Map<string, bigint>();

  isReserved = (clientOrderId: string): boolean => this.#reserved.has(clientOrderId);

  /** The position on this side if every open order on it filled; negative while the position is on the other side. */
  worst(account: string, instrument: string, side: Side): bigint {
    const line = this.#lines.get(account)?.get(instrument);
    if (!line) return 0n;
    return side === "buy" ? line.position + line.openBuys : line.openSells - line.position;
  }

  /** Worst value of an account, long and short counted alike. */
  exposure = (account: string): bigint => this.#exposure.get(account) ?? 0n;

  /** Worst value of one instrument if an order of this quantity were open too. */
  exposureWith({ account = "", instrument, side }: OrderIntent, quantity: bigint, price: bigint): bigint {
    const line = this.#lines.get(account)?.get(instrument) ?? EMPTY;
    return worstValue({
      position: line.position,
      openBuys: line.openBuys + (side === "buy" ? quantity : 0n),
      openSells: line.openSells + (side === "sell" ? quantity : 0n),
      price,
    });
  }

  /** Worst value of one instrument as things are. */
  exposureOf(account: string, instrument: string): bigint {
    return worstValue(this.#lines.get(account)?.get(instrument) ?? EMPTY);
  }

  /** Twice is once. */
  reserve(intent: OrderIntent, quantity: bigint, price: bigint): void {
    const { clientOrderId, account = "", instrument, side } = intent;
    if (this.#reserved.has(clientOrderId)) return;
    const order = { account, instrument, side, quantity, filled: 0n };
    this.#reserved.set(clientOrderId, order);
    this.#change(order, (line) => {
      line.price = price === 0n ? line.price : price;
      open(line, side, quantity);
    });
  }

  /** Never more than was reserved, never backwards: hearing an old fill again changes nothing. */
  commit(clientOrderId: string, filledQuantity: bigint): void {
    const order = this.#reserved.get(clientOrderId);
    if (!order) return;
    const filled = filledQuantity < order.quantity ? filledQuantity : order.quantity;
    const added = filled - order.filled;
    if (added <= 0n) return;
    order.filled = filled;
    this.#change(order, (line) => {
      open(line, order.side, -added);
      line.position += order.side === "buy" ? added : -added;
    });
  }

  release(clientOrderId: string): void {
    const order = this.#reserved.get(clientOrderId);
    if (!order) return;
    this.#reserved.delete(clientOrderId);
    this.#change(order, (line) => open(line, order.side, order.filled - order.quantity));
  }

  snapshot(): SavedBook {
    return structuredClone({ lines: this.#lines, reserved: this.#reserved, exposure: this.#exposure });
  }

  /** Instead of what it holds. */
  restore(saved: SavedBook): void {
    const { lines, reserved, exposure } = structuredClone(saved);
    this.#lines = new Map([...lines].map(([account, each]) => [account, new Map(each)]));
    this.#reserved = new Map(reserved);
    this.#exposure = new Map(exposure);
  }

  #change({ account, instrument }: Reserved, change: (line: Line) => void): void {
    const lines = this.#lines.get(account) ?? new Map<string, Line>();
    this.#lines.set(account, lines);
    const line = lines.get(instrument) ?? { ...EMPTY };
    const before = worstValue(line);
    change(line);
    this.#exposure.set(account, this.exposure(account) + worstValue(line) - before);
    // What is flat takes no memory.
    if (line.position === 0n && line.openBuys === 0n && line.openSells === 0n) lines.delete(instrument);
    else lines.set(instrument, line);
  }
}

const EMPTY: Readonly<Line> = { position: 0n, openBuys: 0n, openSells: 0n, price: 0n };

function open(line: Line, side: Side, quantity: bigint): void {
  if (side === "buy") line.openBuys += quantity;
  else line.openSells += quantity;
}

function worstValue({ position, openBuys, openSells, price }: Line): bigint {
  const long = magnitude(position + openBuys);
  const short = magnitude(position - openSells);
  return decimal.timesScaled(long > short ? long : short, price, "ceil");
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
