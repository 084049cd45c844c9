import {
  decimal,
  portError,
  type Bound,
  type Log,
  type MarketData,
  type Quote,
  type Subscription,
} from "tradsys/plugin";

/** The latest quote of every instrument that any provider serves. */
export class Quotes {
  readonly #latest = new Map<string, Quote>();
  readonly #subscriptions: Subscription[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  async follow({ provider, port }: Bound<MarketData>): Promise<void> {
    for (const instrument of await port.instruments()) {
      const subscription = port.subscribe({ instrument, channel: "quote" });
      this.#subscriptions.push(subscription);
      this.#read(subscription).catch((error: unknown) => {
        // Nothing else to do: without quotes the instrument goes stale, and stale is denied.
        this.#log.error("quotes ended", { provider, instrument, reason: String(error) });
      });
    }
  }

  /** The middle of the best prices, no older than this. Fails with `RISK_STALE`. */
  middle(instrument: string, seenSinceUs: number): decimal.Decimal {
    const quote = this.#latest.get(instrument);
    if (!quote || quote.tsHostUs < seenSinceUs) {
      throw portError("RISK_STALE", `${instrument} has ${quote ? "only an old" : "no"} quote`);
    }
    return decimal.multiply(decimal.add(quote.bid, quote.ask), "0.5", "half-even");
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  async #read({ events }: Subscription): Promise<void> {
    for await (const event of events) {
      if (event.type === "quote") this.#latest.set(event.quote.instrument, event.quote);
    }
  }
}
