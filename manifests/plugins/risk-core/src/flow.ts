import type { FlowFacts, OrderIntent } from "tradsys/plugin";

/** A second is counted in steps of ten milliseconds: what is a step too old still counts, never the reverse. */
const STEP_US = 10_000;
const STEPS = 101;
/** Orders that are remembered, to notice one that comes again: twice as many at most. */
const REMEMBERED = 4096;

/** How many there were in each of the last steps. */
class LastSecond {
  readonly #counts = new Uint32Array(STEPS);
  #step = 0;
  #total = 0;

  /** Counts one more and tells how many that makes. */
  count(nowUs: number): number {
    const step = Math.floor(nowUs / STEP_US);
    // Steps since the last one begin empty; all of them do after a pause.
    for (let next = Math.max(this.#step + 1, step - STEPS + 1); next <= step; next++) {
      this.#total -= this.#counts[next % STEPS] ?? 0;
      this.#counts[next % STEPS] = 0;
    }
    this.#step = Math.max(this.#step, step);
    this.#counts[this.#step % STEPS] = (this.#counts[this.#step % STEPS] ?? 0) + 1;
    return ++this.#total;
  }
}

/** What was sent lately, in bounded memory: how much in the last second to each venue, and the latest orders. */
export class Flow {
  readonly #seconds = new Map<string, LastSecond>();
  /** The latest, and those before them: forgetting one by one would cost more than remembering. */
  #latest = new Map<string, number>();
  #earlier = new Map<string, number>();

  /** Counts the order and tells what went before it. */
  note(intent: OrderIntent, nowUs: number): FlowFacts {
    const venue = venueOf(intent.instrument);
    const second = this.#seconds.get(venue) ?? new LastSecond();
    this.#seconds.set(venue, second);
    const terms = termsOf(intent);
    const before = this.#latest.get(terms) ?? this.#earlier.get(terms);
    return {
      messagesPerSecond: second.count(nowUs),
      sameOrderAgoUs: before === undefined ? null : nowUs - before,
    };
  }

  /** Only an order that goes out makes the next one a duplicate. */
  allowed(intent: OrderIntent, nowUs: number): void {
    this.#latest.set(termsOf(intent), nowUs);
    if (this.#latest.size < REMEMBERED) return;
    this.#earlier = this.#latest;
    this.#latest = new Map();
  }
}

const termsOf = (intent: OrderIntent): string =>
  `${intent.account ?? ""} ${intent.instrument} ${intent.side} ${intent.quantity} ${intent.type === "limit" ? intent.price : "market"}`;

/** The first part of an instrument's id. */
export const venueOf = (instrument: string): string => instrument.slice(0, instrument.indexOf(":"));
