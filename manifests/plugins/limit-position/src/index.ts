import { definePlugin } from "tradsys/plugin";

import { PositionLimit, type Config } from "./position-limit.ts";

export default definePlugin<Config>({
  activate({ config, plugin }) {
    const limit = new PositionLimit(config);
    return {
      limit: {
        provides: {
          "risk-limit": {
            describe: async () => ({
              id: plugin.name,
              type: "position",
              scope: "instrument",
              window: "session",
              threshold: config.maxLong,
            }),
            reserve: async (intent) => limit.reserve(intent),
            commit: async (clientOrderId, filledQuantity) => limit.commit(clientOrderId, filledQuantity),
            release: async (clientOrderId) => limit.release(clientOrderId),
          },
        },
      },
    };
  },
});
