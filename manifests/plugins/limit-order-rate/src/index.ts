import { definePlugin, type OrderIntent, type Reservation } from "tradsys/plugin";

import { OrderRate } from "./order-rate.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config {
  readonly maxOrders: number;
  readonly windowMs: number;
}

export default definePlugin<Config>({
  activate({ config, now, plugin }) {
    const venues = new Map<string, OrderRate>();
    const threshold = String(config.maxOrders);

    function reserve({ clientOrderId, instrument, reduceOnly }: OrderIntent): Reservation {
      const venue = instrument.slice(0, instrument.indexOf(":"));
      const rate = venues.get(venue) ?? new OrderRate(config.maxOrders, config.windowMs);
      venues.set(venue, rate);
      const { isTaken, count } = rate.take(clientOrderId, now(), reduceOnly);
      return { verdict: isTaken ? "allow" : "deny", observed: String(count), threshold };
    }

    return {
      limit: {
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
