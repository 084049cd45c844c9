import { decimal, definePlugin, type OrderIntent, type Reservation } from "tradsys/plugin";

import { DayResult, type SavedDay } from "./day-result.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config {
  readonly maxLoss: decimal.Decimal;
  readonly maxDrawdown?: decimal.Decimal;
}

const { fromScaled, toScaled } = decimal;

export default definePlugin<Config>({
  activate({ config, now, plugin }) {
    const result = new DayResult();
    const maxLoss = toScaled(config.maxLoss);
    const maxDrawdown = config.maxDrawdown === undefined ? undefined : toScaled(config.maxDrawdown);

    function reserve(intent: OrderIntent, referencePrice = "0"): Reservation {
      const nowUs = now();
      const [loss, drawdown] = [result.loss(nowUs), result.drawdown(nowUs)];
      const isFallen = maxDrawdown !== undefined && drawdown >= maxDrawdown;
      const isOpen = loss < maxLoss && !isFallen;
      const isAllowed = isOpen || intent.reduceOnly || result.isReserved(intent.clientOrderId);
      if (isAllowed) {
        result.reserve(intent, toScaled(intent.type === "limit" ? intent.price : referencePrice));
      }
      const [observed, threshold] = isFallen && loss < maxLoss ? [drawdown, maxDrawdown] : [loss, maxLoss];
      return {
        verdict: isAllowed ? "allow" : "deny",
        observed: fromScaled(observed),
        threshold: fromScaled(threshold),
        // The loss stays: every further order would be refused as well, until somebody looks at it.
        ...(!isAllowed && { latches: true }),
      };
    }

    return {
      limit: {
        snapshot: () => result.snapshot(),
        restore: (state) => result.restore(state as SavedDay),
        provides: {
          "risk-limit": {
            describe: async () => ({
              id: plugin.name,
              type: "drawdown",
              scope: "global",
              window: "calendar-day",
              threshold: config.maxLoss,
            }),
            reserve: async (intent, referencePrice) => reserve(intent, referencePrice),
            async commit(clientOrderId, filledQuantity, price) {
              const averagePrice = price === null || price === undefined ? undefined : toScaled(price);
              result.commit(clientOrderId, { filled: toScaled(filledQuantity), averagePrice }, now());
            },
            release: async (clientOrderId) => result.release(clientOrderId),
          },
        },
      },
    };
  },
});
