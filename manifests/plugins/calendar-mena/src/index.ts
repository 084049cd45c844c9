import { definePlugin, portError } from "tradsys/plugin";

import { MARKETS } from "./hours.ts";
import { phaseAt } from "./phase-at.ts";

export default definePlugin({
  activate: () => ({
    calendar: {
      provides: {
        calendar: {
          markets: async () => Object.keys(MARKETS).toSorted(),
          async phaseAt(market, atUs) {
            const hours = MARKETS[market];
            if (hours) return phaseAt(hours, atUs);
            throw portError("INSTRUMENT_UNKNOWN", `this calendar does not cover ${market}`);
          },
        },
      },
    },
  }),
});
