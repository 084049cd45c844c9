import { decimal, portError, type Quote } from "tradsys/plugin";

/** How fast a movement is forgotten, in seconds. */
const MEMORY_S = 60;

/** The latest of one instrument, amounts in units of 10^-18. */
export interface Marked {
  readonly bid: bigint;
  readonly ask: bigint;
  readonly middle: bigint;
  /** The same as text, made once a quote. */
  readonly reference: decimal.Decimal;
  readonly quote: Quote;
  /** Root of the squared steps of the middle, older ones fading, in basis points. A ratio, not money. */
  readonly volatilityBps: number;
}

/** The latest quote of every instrument. */
export class Market {
  readonly #latest = new Map<string, Marked>();

  /** @returns The middle of the best prices. */
  update(quote: Quote): bigint {
    const bid = decimal.toScaled(quote.bid);
    const ask = decimal.toScaled(quote.ask);
    const middle = (bid + ask) / 2n;
    const before = this.#latest.get(quote.instrument);
    const volatilityBps = before === undefined ? 0 : moved(before, middle, quote.tsHostUs);
    this.#latest.set(quote.instrument, {
      bid,
      ask,
      middle,
      reference: decimal.fromScaled(middle),
      quote,
      volatilityBps,
    });
    return middle;
  }

  /** As it was last seen, however long ago. */
  last(instrument: string): Marked | undefined {
    return this.#latest.get(instrument);
  }

  /** No older than this. Fails with `RISK_STALE`. */
  fresh(instrument: string, seenSinceUs: number): Marked {
    const marked = this.#latest.get(instrument);
    if (marked && marked.quote.tsHostUs >= seenSinceUs) return marked;
    throw portError("RISK_STALE", `${instrument} has ${marked ? "only an old" : "no"} quote`);
  }
}

function moved(before: Marked, middle: bigint, nowUs: number): number {
  const step = Number(((middle - before.middle) * 1_000_000n) / before.middle) / 100;
  const seconds = Math.max(0, nowUs - before.quote.tsHostUs) / 1e6;
  return Math.sqrt(before.volatilityBps ** 2 * Math.exp(-seconds / MEMORY_S) + step ** 2);
}
