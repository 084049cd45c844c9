import { definePlugin, guardOrders } from "tradsys/plugin";

import { marketData } from "./market-data.ts";
import { account, orderEntry } from "./orders.ts";
import { openVenue, type Config } from "./venue.ts";

export default definePlugin<Config>({
  activate(context) {
    const { config, log, ports, scope, secret } = context;
    const venue = openVenue(config, {
      apiKey: secret("binance-api-key"),
      secret: secret("binance-api-secret"),
    });
    const accountPort = account(venue);
    const guarded = guardOrders(orderEntry(venue), {
      risk: () => ports.one("risk-pretrade"),
      riskTimeoutMs: config.riskTimeoutMs,
      account: accountPort,
      scope,
      log,
    });
    let reconciling: NodeJS.Timeout | undefined;

    return {
      "market-data": {
        provides: { "market-data": marketData(venue, context) },
        start: () => venue.ready(),
        async stop() {
          await venue.api.close();
        },
      },
      account: {
        provides: { account: accountPort },
        async start() {
          await venue.ready();
          // Wrong credentials should stop the start, not the first order.
          await accountPort.balances();
        },
      },
      "order-entry": {
        provides: { "order-entry": guarded.orderEntry },
        async start() {
          await venue.ready();
          reconciling = setInterval(() => void guarded.reconcile(), config.reconcileIntervalMs);
        },
        stop: () => clearInterval(reconciling),
      },
    };
  },
});
