import { expect, it } from "vitest";

import { guardOrders, portError, type RiskPretrade, type VenueOrders } from "../../../src/plugin/index.ts";
import { Home } from "../../../src/runtime/context/cell.ts";
import { callScopeIn } from "../../../src/runtime/context/current.ts";
import { guardPort } from "../../../src/runtime/recovery/guard-port.ts";
import { limitOrder, quietLog } from "../../plugins/host.ts";

it("sends no opening order while a breaker keeps risk from being asked, and lets cancels and reducing ones pass", async () => {
  let asked = 0;
  const broken: RiskPretrade = {
    async evaluate() {
      asked += 1;
      throw portError("PLUGIN_CRASHED", "risk has crashed", { outcome: "not-sent", retryable: true });
    },
    onExecution: async () => undefined,
  };
  const risk = guardPort(
    broken,
    { breaker: { failures: 1, openMs: 60_000 }, retry: { attempts: 5, firstMs: 1, longestMs: 1 } },
    {
      port: "risk-pretrade",
      provider: "@acme/risk#main",
      now: () => 0,
      random: () => 0,
      sleep: async () => undefined,
      tell: () => undefined,
    },
  ) as RiskPretrade;
  const sent: string[] = [];
  const order = { ...limitOrder(), price: null, venueOrderId: "1", filledQuantity: "0", tsVenueUs: 0 };
  const venue: VenueOrders = {
    async submit({ clientOrderId }) {
      sent.push(clientOrderId);
      return { ...order, state: "accepted" };
    },
    cancel: async () => ({ ...order, state: "cancelled" }),
    query: async () => ({ ...order, state: "cancelled" }),
  };
  const { orderEntry } = guardOrders(venue, {
    risk: () => risk,
    riskTimeoutMs: 1000,
    account: {
      openOrders: async () => [],
      positions: async () => [{ instrument: limitOrder().instrument, quantity: "1.5" }],
    },
    scope: callScopeIn(new Home()),
    log: quietLog,
  });
  for (const clientOrderId of ["c-1", "c-2", "c-3"]) {
    await expect(orderEntry.submit(limitOrder({ clientOrderId }))).rejects.toMatchObject({
      code: "RISK_UNAVAILABLE",
      outcome: "not-sent",
    });
  }
  expect(asked).toBe(1);
  expect(sent).toEqual([]);
  expect(await orderEntry.cancel(limitOrder())).toMatchObject({ state: "cancelled" });
  await orderEntry.submit(limitOrder({ clientOrderId: "c-4", side: "sell", quantity: "1" }));
  expect(sent).toEqual(["c-4"]);
});
