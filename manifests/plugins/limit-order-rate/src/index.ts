import { definePlugin, type OrderIntent, type Reservation } from "tradsys/plugin";

import { OrderRate } from "./order-rate.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config {
  readonly maxOrders: number;
  readonly windowMs: number;
}

/** Times of orders by venue and order. */
type Saved = ReadonlyMap<string, ReadonlyMap<string, number>>;

export default definePlugin<Config>({
  activate({ config, now, plugin }) {
    const venues = new Map<string, OrderRate>();
    const threshold = String(config.maxOrders);

    const rateOf = (venue: string): OrderRate => {
      const rate = venues.get(venue) ?? new OrderRate(config.maxOrders, config.windowMs);
      venues.set(venue, rate);
      return rate;
    };

    function reserve({ clientOrderId, instrument, reduceOnly }: OrderIntent): Reservation {
      const venue = instrument.slice(0, instrument.indexOf(":"));
      const { isTaken, count } = rateOf(venue).take(clientOrderId, now(), reduceOnly);
      return { verdict: isTaken ? "allow" : "deny", observed: String(count), threshold };
    }

    return {
      limit: {
        snapshot: () => new Map([...venues].map(([venue, rate]) => [venue, rate.orders()])),
        restore(state) {
          for (const [venue, orders] of state as Saved) rateOf(venue).restore(orders);
        },
        provides: {
          "risk-limit": {
            describe: async () => ({
              id: plugin.name,
              type: "trade-frequency",
              scope: "venue",
              window: "rolling",
              threshold,
            }),
            reserve: async (intent) => reserve(intent),
            // What was sent counts whatever became of it.
            commit: async () => undefined,
            release: async () => undefined,
          },
        },
      },
    };
  },
});
