import type { FlowFacts, OrderIntent } from "tradsys/plugin";

const SECOND_US = 1_000_000;
/** Different orders that are remembered, to notice one that comes again. */
const REMEMBERED = 4096;

/** What was sent lately, in bounded memory: times of the last second for each venue, and the latest orders. */
export class Flow {
  readonly #times = new Map<string, number[]>();
  readonly #orders = new Map<string, number>();

  /** Counts the order and tells what went before it. */
  note(intent: OrderIntent, nowUs: number): FlowFacts {
    const venue = venueOf(intent.instrument);
    const times = this.#times.get(venue) ?? [];
    const first = times.findIndex((time) => time > nowUs - SECOND_US);
    times.splice(0, first < 0 ? times.length : first);
    times.push(nowUs);
    this.#times.set(venue, times);
    const before = this.#orders.get(termsOf(intent));
    return { messagesPerSecond: times.length, sameOrderAgoUs: before === undefined ? null : nowUs - before };
  }

  /** Only an order that goes out makes the next one a duplicate. */
  allowed(intent: OrderIntent, nowUs: number): void {
    const terms = termsOf(intent);
    this.#orders.delete(terms);
    this.#orders.set(terms, nowUs);
    const oldest = this.#orders.size > REMEMBERED ? this.#orders.keys().next().value : undefined;
    if (oldest !== undefined) this.#orders.delete(oldest);
  }
}

const termsOf = (intent: OrderIntent): string =>
  `${intent.account ?? ""} ${intent.instrument} ${intent.side} ${intent.quantity} ${intent.type === "limit" ? intent.price : "market"}`;

/** The first part of an instrument's id. */
export const venueOf = (instrument: string): string => instrument.slice(0, instrument.indexOf(":"));
