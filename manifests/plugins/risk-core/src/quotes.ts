import type { Bound, Log, MarketData, Quote, Subscription } from "tradsys/plugin";

/** Reads the quotes of everything that is offered, until it is stopped. */
export class Quotes {
  readonly #subscriptions: Subscription[] = [];
  readonly #log: Log;
  readonly #onQuote: (quote: Quote) => void;

  constructor(log: Log, onQuote: (quote: Quote) => void) {
    this.#log = log;
    this.#onQuote = onQuote;
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

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  async #read({ events }: Subscription): Promise<void> {
    for await (const event of events) if (event.type === "quote") this.#onQuote(event.quote);
  }
}
