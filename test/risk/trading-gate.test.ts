import { setTimeout as delay } from "node:timers/promises";

import { expect, it } from "vitest";

import { portError, type OrderEntry, type OrderIntent, type RiskPretrade } from "../../src/plugin/index.ts";
import { TradingGate } from "../../src/risk/trading-gate.ts";
import type { Latch } from "../../src/risk/trading-states.ts";
import { limitOrder, runPlugin } from "../plugins/host.ts";

const INSTRUMENT = "KRAKEN:BTC/USDT";
const ALLOW: RiskPretrade["evaluate"] = async () => ({ verdict: "allow", reasons: [] });

/** The real paper venue behind the gate; parts are replaced to see them fail. */
async function gatedVenue({
  evaluate = ALLOW,
  orders: change = (orders) => orders,
}: {
  readonly evaluate?: RiskPretrade["evaluate"];
  readonly orders?: (orders: OrderEntry) => OrderEntry;
} = {}) {
  const parts = new AsyncDisposableStack();
  const normaliser = parts.use(await runPlugin("md-normaliser"));
  const venue = parts.use(
    await runPlugin("connector-kraken-sim", {
      config: { prices: ["63800"], stepIntervalMs: 10, riskTimeoutMs: 10_000 },
      ports: {
        "md-normalise": { normaliser: normaliser.port("md-normalise") },
        "risk-pretrade": { risk: { evaluate, onExecution: async () => undefined } },
      },
    }),
  );
  const latched: Latch[] = [];
  let nowMs = 0;
  const gate = new TradingGate({
    now: () => ++nowMs,
    answerMs: 300,
    pauseMs: 1,
    onLatch: (latch) => void latched.push(latch),
  });
  const about = { user: "the host", provider: "@tradsys/venue#order-entry", port: "order-entry" };
  const raw = change(venue.port("order-entry"));
  const orders = gate.guard(raw, about as never) as OrderEntry;
  gate.connect({
    one: () => Promise.reject(new Error("not needed")) as never,
    all: ((name: string) =>
      name === "account"
        ? [{ provider: "@tradsys/venue#account", port: venue.port("account") }]
        : [{ provider: "@tradsys/venue#order-entry", port: raw }]) as never,
  });
  return {
    gate,
    latched,
    orders,
    raw,
    account: venue.port("account"),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const hang = () => new Promise<never>(() => {});
const away = () => Promise.reject(portError("NETWORK_UNREACHABLE", "nobody listens"));

let lastId = 0;
/** Far from the market: it rests. */
const resting = (change: Partial<OrderIntent> = {}): OrderIntent =>
  limitOrder({ clientOrderId: `g-${++lastId}`, instrument: INSTRUMENT, price: "60000", ...change });

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    ({ code }: { code: string }) => code,
  );

it("K1: halts first, cancels everything, confirms each by asking, and stays halted", async () => {
  await using desk = await gatedVenue();
  await desk.orders.submit(resting({ clientOrderId: "k-1" }));
  await desk.orders.submit(resting({ clientOrderId: "k-2" }));
  // Made by hand: it never came through the gate.
  await desk.raw.submit(resting({ clientOrderId: "k-3" }));

  const report = await desk.gate.kill({ scope: "venue:KRAKEN", by: "nadia", reason: "a drill" });
  expect(report.orders.map(({ clientOrderId, fate }) => `${clientOrderId} ${fate}`)).toEqual([
    "k-1 cancelled",
    "k-2 cancelled",
    "k-3 cancelled",
  ]);
  expect(await desk.account.openOrders()).toEqual([]);
  expect(await codeOf(desk.orders.submit(resting()))).toBe("TRADING_HALTED");
  expect(desk.latched).toMatchObject([{ scope: "venue:KRAKEN", state: "halted", by: "nadia" }]);
  const [latch] = desk.latched;
  desk.gate.hold({ ...(latch as Latch), agreed: ["nadia"] });
  expect(await codeOf(desk.orders.submit(resting()))).toBe("TRADING_HALTED");
  desk.gate.hold({ ...(latch as Latch), agreed: ["omar"] });
  expect(await codeOf(desk.orders.submit(resting()))).toBe("no error");
});

it("K1: works while risk hangs: what waits for it is called off and never sent", async () => {
  const { promise: decided, resolve } = Promise.withResolvers<void>();
  await using desk = await gatedVenue({
    evaluate: () => decided.then(() => ({ verdict: "allow", reasons: [] })),
  });
  const waiting = codeOf(desk.orders.submit(resting({ clientOrderId: "k-9" })));
  const killed = desk.gate.kill({ scope: "host", by: "nadia", reason: "a drill" });
  expect(await waiting).toBe("CANCELLED");
  expect(await codeOf(desk.orders.submit(resting()))).toBe("TRADING_HALTED");
  resolve();
  expect(await killed).toMatchObject({
    calledOff: ["k-9"],
    orders: [{ clientOrderId: "k-9", fate: "rejected" }],
  });
  await delay(20);
  expect(await desk.account.openOrders()).toEqual([]);
});

it("K1: says of each order that a hanging connector does not tell about that its fate is unknown", async () => {
  let isHanging = false;
  await using desk = await gatedVenue({
    orders: (orders) => ({
      submit: (intent) => orders.submit(intent),
      cancel: (ref) => (isHanging ? hang() : orders.cancel(ref)),
      query: (ref) => (isHanging ? hang() : orders.query(ref)),
    }),
  });
  const { clientOrderId } = await desk.orders.submit(resting());
  isHanging = true;
  const report = await desk.gate.kill({ scope: "venue:KRAKEN", by: "nadia", reason: "a drill" });
  expect(report.orders).toMatchObject([
    { clientOrderId, fate: "unknown", reason: expect.stringContaining("300 ms") },
  ]);
});

it("K1: a drill changes nothing", async () => {
  await using desk = await gatedVenue();
  const { clientOrderId } = await desk.orders.submit(resting());
  const report = await desk.gate.cancelAll("venue:KRAKEN", { dryRun: true });
  expect(report).toEqual({
    scope: "venue:KRAKEN",
    dryRun: true,
    calledOff: [],
    orders: [{ clientOrderId, instrument: INSTRUMENT, fate: "accepted" }],
  });
  expect(await desk.account.openOrders()).toHaveLength(1);
  expect(await codeOf(desk.orders.submit(resting()))).toBe("no error");
});

it("kills one strategy and leaves the others alone", async () => {
  await using desk = await gatedVenue();
  await desk.orders.submit(resting({ strategy: "mm" }));
  const { clientOrderId } = await desk.orders.submit(resting({ strategy: "other" }));
  const report = await desk.gate.kill({ scope: "strategy:mm", by: "nadia", reason: "a drill" });
  expect(report.orders).toHaveLength(1);
  expect(await desk.account.openOrders()).toMatchObject([{ clientOrderId }]);
  expect(await codeOf(desk.orders.submit(resting({ strategy: "mm" })))).toBe("TRADING_HALTED");
  expect(await codeOf(desk.orders.submit(resting({ strategy: "other" })))).toBe("no error");
});

it("F13: an order of unknown fate is never sent again, and is found when the venue is asked", async () => {
  let isLost = true;
  const sent: string[] = [];
  await using desk = await gatedVenue({
    orders: (orders) => ({
      ...orders,
      cancel: (ref) => orders.cancel(ref),
      query: (ref) => orders.query(ref),
      async submit(intent) {
        sent.push(intent.clientOrderId);
        const order = await orders.submit(intent);
        if (!isLost) return order;
        throw portError("CONNECTION_LOST", "no answer came", { outcome: "unknown" });
      },
    }),
  });
  expect(await codeOf(desk.orders.submit(resting({ clientOrderId: "u-1" })))).toBe("CONNECTION_LOST");
  isLost = false;
  expect(desk.gate.openOrders()).toMatchObject([{ clientOrderId: "u-1" }]);
  expect(await desk.gate.reconcile("KRAKEN")).toMatchObject([{ clientOrderId: "u-1", fate: "accepted" }]);
  expect(sent).toEqual(["u-1"]);
});

it("opens nothing at a venue whose orders are not accounted for", async () => {
  let isAway = true;
  await using desk = await gatedVenue({
    orders: (orders) => ({
      submit: (intent) => orders.submit(intent),
      cancel: (ref) => orders.cancel(ref),
      query: (ref) => (isAway ? away() : orders.query(ref)),
    }),
  });
  await desk.orders.submit(resting({ clientOrderId: "r-1" }));
  expect(await desk.gate.reconcile("KRAKEN")).toMatchObject([{ clientOrderId: "r-1", fate: "unknown" }]);
  expect(await codeOf(desk.orders.submit(resting()))).toBe("RECONCILING");
  isAway = false;
  await desk.gate.reconcile("KRAKEN");
  expect(await codeOf(desk.orders.submit(resting()))).toBe("no error");
});

const breached: RiskPretrade["evaluate"] = async ({ reduceOnly }) =>
  reduceOnly
    ? { verdict: "allow", reasons: [] }
    : { verdict: "deny", reasons: [{ code: "LOSS", rule: "loss", text: "too much", latches: true }] };

it("holds a venue to reducing orders once a hard limit is breached", async () => {
  await using desk = await gatedVenue({ evaluate: breached });
  expect(await codeOf(desk.orders.submit(resting()))).toBe("RISK_BREACHED");
  expect(await codeOf(desk.orders.submit(resting()))).toBe("TRADING_REDUCING");
  expect(await codeOf(desk.orders.submit(resting({ side: "sell", price: "70000", reduceOnly: true })))).toBe(
    "no error",
  );
  expect(desk.latched).toMatchObject([{ scope: "venue:KRAKEN", state: "reducing", by: "risk" }]);
});
