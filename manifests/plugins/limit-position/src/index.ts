import { decimal, definePlugin, type OrderIntent, type Reservation } from "tradsys/plugin";

import { measuresOf, type Config } from "./measures.ts";
import { PositionBook, type SavedBook } from "./position-book.ts";

const { fromScaled, toScaled } = decimal;

export default definePlugin<Config>({
  activate({ config, plugin }) {
    const book = new PositionBook();
    const measures = measuresOf(config);

    function reserve(intent: OrderIntent, referencePrice = "0"): Reservation {
      const { clientOrderId, reduceOnly } = intent;
      const isKnown = book.isReserved(clientOrderId);
      const quantity = isKnown ? 0n : toScaled(intent.quantity);
      const price = toScaled(intent.type === "limit" ? intent.price : referencePrice);
      const measured = measures.map((measure) => measure(book, { intent, quantity, price }));
      const broken = measured.find(({ observed, threshold }) => observed > threshold);
      const isGranted = isKnown || reduceOnly || broken === undefined;
      if (isGranted) book.reserve(intent, quantity, price);
      const { observed = 0n, threshold = 0n } = (isGranted ? undefined : broken) ?? measured[0] ?? {};
      return {
        verdict: isGranted ? "allow" : "deny",
        observed: fromScaled(observed),
        threshold: fromScaled(threshold),
      };
    }

    return {
      limit: {
        snapshot: () => book.snapshot(),
        restore: (state) => book.restore(state as SavedBook),
        provides: {
          "risk-limit": {
            describe: async () => ({
              id: plugin.name,
              type: "position",
              scope: "instrument",
              window: "session",
              threshold: config.maxLong,
            }),
            reserve: async (intent, referencePrice) => reserve(intent, referencePrice),
            commit: async (clientOrderId, filledQuantity) =>
              book.commit(clientOrderId, toScaled(filledQuantity)),
            release: async (clientOrderId) => book.release(clientOrderId),
          },
        },
      },
    };
  },
});
