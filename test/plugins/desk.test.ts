import { expect, it } from "vitest";

import type { OrderIntent, RiskPretrade } from "../../src/plugin/index.ts";
import { limitOrder, runPlugin, type RunningPlugin } from "./host.ts";

/** The sample plugins around one paper venue, wired as a deployment wires them. */
async function openDesk() {
  const parts = new AsyncDisposableStack();
  const start = async (...args: Parameters<typeof runPlugin>) => parts.use(await runPlugin(...args));

  const normaliser = await start("md-normaliser");
  const rules = await start("risk-rules-pretrade", { config: { duplicateWindowMs: 0 } });
  const limit = await start("limit-position", { config: { maxLong: "2", maxShort: "2" } });

  // Order entry asks risk, and risk reads the venue: risk is bound once it has started.
  let core: RunningPlugin | undefined;
  const bound = (): RiskPretrade => core?.port("risk-pretrade") ?? notBound();
  const venue = await start("connector-kraken-sim", {
    config: { stepIntervalMs: 10 },
    ports: {
      "md-normalise": { normaliser: normaliser.port("md-normalise") },
      "risk-pretrade": {
        risk: {
          evaluate: async (intent) => bound().evaluate(intent),
          onExecution: async (execution) => bound().onExecution(execution),
        },
      },
    },
  });
  const startRisk = async () => {
    core = await start("risk-core", {
      ports: {
        "risk-rules": { rules: rules.port("risk-rules") },
        "risk-limit": { limit: limit.port("risk-limit") },
        "market-data": { venue: venue.port("market-data") },
        account: { venue: venue.port("account") },
      },
    });
  };
  return {
    orders: venue.port("order-entry"),
    startRisk,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function notBound(): never {
  throw new Error("risk is not bound");
}

let lastId = 0;
const market = (side: "buy" | "sell", quantity: string): OrderIntent =>
  limitOrder({
    clientOrderId: `d-${++lastId}`,
    instrument: "KRAKEN:BTC/USDT",
    type: "market",
    side,
    quantity,
  });

it("trades up to its limit, and again after selling", async () => {
  await using desk = await openDesk();
  const denied = { code: "RISK_UNAVAILABLE", outcome: "not-sent" };
  await expect(desk.orders.submit(market("buy", "1"))).rejects.toMatchObject(denied);

  await desk.startRisk();
  const submit = async (order: OrderIntent) =>
    desk.orders.submit(order).then(
      ({ state }) => state,
      ({ code }: { code: string }) => code,
    );
  // Until the first quote has come, risk has nothing to measure by.
  await expect.poll(() => submit(market("buy", "1")), { interval: 5, timeout: 20_000 }).toBe("filled");
  expect(await submit(market("buy", "1"))).toBe("filled");
  expect(await submit(market("buy", "0.1"))).toBe("RISK_DENIED");
  expect(await submit(market("sell", "0.5"))).toBe("filled");
  expect(await submit(market("buy", "0.5"))).toBe("filled");
  expect(await submit(market("buy", "0.1"))).toBe("RISK_DENIED");
});
