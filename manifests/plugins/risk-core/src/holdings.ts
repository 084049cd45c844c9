import { decimal, type OrderIntent, type Side } from "tradsys/plugin";

/** One account's share of one instrument, in units of 10^-18. */
interface Holding {
  position: bigint;
  openBuys: bigint;
  openSells: bigint;
  /** Position valued at the last known price; positive for long. */
  exposure: bigint;
}

/** Whose share of what. */
interface Place {
  readonly account: string;
  readonly instrument: string;
}

/** Instruments that move together, by asset. */
export type Groups = readonly (readonly string[])[];

/**
 * Positions, open quantities and exposures. Kept in sums, so that an order costs the same however many instruments
 * and accounts there are; what is flat takes no memory.
 */
export class Holdings {
  readonly #accounts = new Map<string, Map<string, Holding>>();
  readonly #gross = new Map<string, bigint>();
  /** Net exposure of each group of an account. */
  readonly #groups = new Map<string, bigint>();
  readonly #groupOf: ReadonlyMap<string, number>;

  constructor(groups: Groups) {
    this.#groupOf = new Map(groups.flatMap((assets, i) => assets.map((asset) => [asset, i] as const)));
  }

  /** The position with what is open on the order's side. */
  position(account: string, instrument: string, side: Side): bigint {
    const held = this.#accounts.get(account)?.get(instrument);
    if (!held) return 0n;
    return side === "buy" ? held.position + held.openBuys : held.position - held.openSells;
  }

  grossExposure = (account: string): bigint => this.#gross.get(account) ?? 0n;

  /** Of the group that the instrument is in, or of it alone. */
  groupExposure(account: string, instrument: string): bigint {
    const group = this.#groupOf.get(baseOf(instrument));
    if (group === undefined) return this.#accounts.get(account)?.get(instrument)?.exposure ?? 0n;
    return this.#groups.get(`${account} ${group}`) ?? 0n;
  }

  /** More or less of an order is open. */
  open({ account = "", instrument, side }: OrderIntent, change: bigint): void {
    const at = { account, instrument };
    const held = this.#holding(at);
    if (side === "buy") held.openBuys += change;
    else held.openSells += change;
    this.#forgetFlat(at, held);
  }

  /** @param price The last known one; absent where nothing was ever quoted. */
  set(at: Place, position: bigint, price: bigint | undefined): void {
    const held = this.#holding(at);
    held.position = position;
    this.#value(at, price ?? 0n);
    this.#forgetFlat(at, held);
  }

  add(at: Place, change: bigint, price: bigint | undefined): void {
    this.set(at, this.#holding(at).position + change, price);
  }

  /** Values what every account holds of an instrument at a new price. */
  mark(instrument: string, price: bigint): void {
    for (const [account, holdings] of this.#accounts) {
      if (holdings.has(instrument)) this.#value({ account, instrument }, price);
    }
  }

  #value(at: Place, price: bigint): void {
    const { account, instrument } = at;
    const held = this.#holding(at);
    const exposure = decimal.timesScaled(held.position, price, "half-even");
    const change = exposure - held.exposure;
    if (change === 0n) return;
    this.#gross.set(account, this.grossExposure(account) + magnitude(exposure) - magnitude(held.exposure));
    const group = this.#groupOf.get(baseOf(instrument));
    if (group !== undefined) {
      const key = `${account} ${group}`;
      this.#groups.set(key, (this.#groups.get(key) ?? 0n) + change);
    }
    held.exposure = exposure;
  }

  #holding({ account, instrument }: Place): Holding {
    const holdings = this.#accounts.get(account) ?? new Map<string, Holding>();
    this.#accounts.set(account, holdings);
    const held = holdings.get(instrument) ?? { position: 0n, openBuys: 0n, openSells: 0n, exposure: 0n };
    holdings.set(instrument, held);
    return held;
  }

  #forgetFlat({ account, instrument }: Place, held: Holding): void {
    if (held.position === 0n && held.openBuys === 0n && held.openSells === 0n) {
      this.#accounts.get(account)?.delete(instrument);
    }
  }
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** `BTC` of `BINANCE:BTC/USDT`. */
export const baseOf = (instrument: string): string =>
  instrument.slice(instrument.indexOf(":") + 1, instrument.indexOf("/"));
export const quoteOf = (instrument: string): string => instrument.slice(instrument.indexOf("/") + 1);
