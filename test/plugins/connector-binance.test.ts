import { afterEach, beforeEach, expect, it } from "vitest";

import type {
  Execution,
  MarketEvent,
  OrderIntent,
  PortErrorCode,
  RiskPretrade,
} from "../../src/plugin/index.ts";
import { startSimulatedVenue, type Fault, type SimulatedVenue } from "../../src/testing/index.ts";
import { limitOrder, runPlugin, type RunningPlugin } from "./host.ts";

const INSTRUMENT = "BINANCE:BTC/USDT";
const ORDER_ROUTE = "POST /api/v3/order";
const secrets = { "binance-api-key": "key", "binance-api-secret": "secret" };

let venue: SimulatedVenue;
let normaliser: RunningPlugin;
let connector: RunningPlugin;
let heard: Execution[];

const risk: RiskPretrade = {
  evaluate: async () => ({ verdict: "allow", reasons: [] }),
  onExecution: async (execution) => void heard.push(execution),
};

const connect = (baseUrl = venue.url, given: Readonly<Record<string, string>> = secrets) =>
  runPlugin("connector-binance", {
    config: {
      baseUrl,
      wsUrl: venue.wsUrl,
      requestTimeoutMs: 500,
      reconnectDelayMs: 10,
      reconcileIntervalMs: 100,
    },
    secrets: given,
    ports: {
      "md-normalise": { normaliser: normaliser.port("md-normalise") },
      "risk-pretrade": { risk },
    },
  });

beforeEach(async () => {
  heard = [];
  venue = await startSimulatedVenue({ apiKey: "key", apiSecret: "secret", tickerIntervalMs: 20 });
  normaliser = await runPlugin("md-normaliser");
  connector = await connect();
});

afterEach(async () => {
  await connector[Symbol.asyncDispose]();
  await normaliser[Symbol.asyncDispose]();
  await venue.close();
});

const buy = (change: Partial<OrderIntent> = {}): OrderIntent =>
  limitOrder({ instrument: INSTRUMENT, quantity: "0.10", price: "63000.10", ...change });

it("sends prices and quantities exactly as risk saw them", async () => {
  const orders = connector.port("order-entry");
  expect(await orders.submit(buy())).toEqual({
    clientOrderId: "c-1",
    venueOrderId: "1",
    instrument: INSTRUMENT,
    side: "buy",
    quantity: "0.1",
    price: "63000.1",
    filledQuantity: "0",
    state: "accepted",
    tsVenueUs: expect.any(Number),
  });
  expect(venue.orders()).toMatchObject([{ clientOrderId: "c-1", price: "63000.10", quantity: "0.10" }]);
  // A price off the tick is refused, not rounded.
  const off = orders.submit(buy({ clientOrderId: "c-2", price: "63000.101" }));
  await expect(off).rejects.toMatchObject({ code: "FILTER_PRICE", outcome: "rejected" });
});

it("cancels, and tells the state of what has already ended", async () => {
  const orders = connector.port("order-entry");
  await orders.submit(buy());
  expect(await orders.cancel(buy())).toMatchObject({ clientOrderId: "c-1", state: "cancelled" });
  expect(await orders.cancel(buy())).toMatchObject({ clientOrderId: "c-1", state: "cancelled" });
  const missing = orders.cancel(buy({ clientOrderId: "c-9" }));
  await expect(missing).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
});

it("tells balances, open orders and positions as decimals", async () => {
  await connector.port("order-entry").submit(buy());
  const account = connector.port("account");
  expect(await account.balances()).toEqual([
    { asset: "BTC", free: "10", locked: "0" },
    { asset: "ETH", free: "100", locked: "0" },
    { asset: "USDT", free: "993699.99", locked: "6300.01" },
  ]);
  expect(await account.openOrders()).toMatchObject([{ clientOrderId: "c-1", instrument: INSTRUMENT }]);
  expect(await account.positions()).toEqual([{ instrument: INSTRUMENT, quantity: "10" }]);
});

it("tells risk of a fill that comes later", async () => {
  await connector.port("order-entry").submit(buy());
  venue.setPrice("BTC/USDT", "62000");
  await expect.poll(() => heard.at(-1)?.state, { timeout: 20_000 }).toBe("filled");
  expect(heard.at(-1)).toMatchObject({ clientOrderId: "c-1", filledQuantity: "0.1" });
});

const refusal = (status: number, code: number, msg = "…"): Fault => ({
  status,
  body: JSON.stringify({ code, msg }),
});

it.each<[Fault, PortErrorCode, string]>([
  [{ status: 429, body: "{}" }, "RATE_LIMITED", "rejected"],
  [{ status: 418, body: "{}" }, "IP_BANNED", "rejected"],
  // By now ccxt has seen the key work, and takes this for a ban.
  [refusal(401, -2015), "AUTH_INVALID", "rejected"],
  [refusal(400, -1022), "AUTH_INVALID", "rejected"],
  [refusal(400, -1021), "CLOCK_SKEW", "rejected"],
  [refusal(400, -2010, "Duplicate order sent."), "DUPLICATE_CLIENT_ID", "rejected"],
  [
    refusal(400, -2010, "Account has insufficient balance for requested action."),
    "INSUFFICIENT_FUNDS",
    "rejected",
  ],
  [refusal(400, -1013, "Filter failure: PERCENT_PRICE"), "FILTER_PERCENT_PRICE", "rejected"],
  [refusal(400, -1013, "Filter failure: NOTIONAL"), "FILTER_NOTIONAL", "rejected"],
  [refusal(400, -1013, "Filter failure: LOT_SIZE"), "FILTER_LOT", "rejected"],
  [refusal(400, -1013, "Market is closed."), "MARKET_CLOSED", "rejected"],
  [refusal(503, -1000), "VENUE_UNAVAILABLE", "unknown"],
  [refusal(500, -1006), "VENUE_UNAVAILABLE", "unknown"],
  [{ status: 503, body: "<html>busy</html>" }, "VENUE_UNAVAILABLE", "unknown"],
  [{ status: 200, body: "<html>hello</html>" }, "BAD_RESPONSE", "unknown"],
  [{ status: 200, body: "" }, "BAD_RESPONSE", "unknown"],
  [refusal(400, -9999), "BAD_RESPONSE", "unknown"],
  ["hang", "TIMEOUT", "unknown"],
  ["lose-reply", "CONNECTION_LOST", "unknown"],
])("takes %j for %s, outcome %s", async (fault, code, outcome) => {
  venue.failNext(ORDER_ROUTE, fault);
  const submitted = connector.port("order-entry").submit(buy());
  await expect(submitted).rejects.toMatchObject({ code, outcome });
});

it("knows that an order was not sent where nobody listens", async () => {
  const gone = venue.port;
  await venue.close();
  const submitted = connector.port("order-entry").submit(buy());
  await expect(submitted).rejects.toMatchObject({ code: "NETWORK_UNREACHABLE", outcome: "not-sent" });
  venue = await startSimulatedVenue({ apiKey: "key", apiSecret: "secret", port: gone });
  expect(await connector.port("order-entry").submit(buy())).toMatchObject({ state: "accepted" });
});

it("finds out about an order whose confirmation was lost, without sending it twice", async () => {
  venue.failNext(ORDER_ROUTE, "lose-reply");
  const orders = connector.port("order-entry");
  await expect(orders.submit(buy())).rejects.toMatchObject({ outcome: "unknown" });
  await expect(orders.submit(buy())).rejects.toMatchObject({ outcome: "unknown" });
  await expect.poll(() => heard.at(-1)?.state, { timeout: 20_000 }).toBe("accepted");
  expect(venue.orders()).toHaveLength(1);
});

it("streams quotes from a snapshot on, and after a cut a gap and a snapshot", async () => {
  const subscription = connector.port("market-data").subscribe({ instrument: INSTRUMENT, channel: "quote" });
  const read: MarketEvent[] = [];
  for await (const event of subscription.events) {
    read.push(event);
    if (read.length === 2) venue.dropSockets();
    if (event.type === "quote" && read.some(({ type }) => type === "gap")) break;
  }
  const types = read.map((event) => event.type).join(" ");
  expect(types).toMatch(/^snapshot quote .*gap snapshot quote$/);
  const [snapshot, quote] = read;
  expect(snapshot).toMatchObject({ book: { instrument: INSTRUMENT, bids: { 0: ["63805", "1"] } } });
  expect(quote).toMatchObject({ quote: { bid: "63805", ask: "63805.02", last: "63805.01" } });
});

it("streams trades as decimals", async () => {
  const subscription = connector.port("market-data").subscribe({ instrument: INSTRUMENT, channel: "trade" });
  const moving = setInterval(() => venue.setPrice("BTC/USDT", "63900.50"), 20);
  for await (const event of subscription.events) {
    if (event.type !== "trade") continue;
    expect(event.trade).toMatchObject({ price: "63900.5", quantity: "0.00001", instrument: INSTRUMENT });
    break;
  }
  clearInterval(moving);
});

it("ends a subscription to what it does not serve", async () => {
  const { events } = connector.port("market-data").subscribe({ instrument: "BINANCE:X/Y", channel: "quote" });
  await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "INSTRUMENT_UNKNOWN" });
});

it("does not start with credentials that the venue refuses", async () => {
  const wrong = connect(venue.url, { ...secrets, "binance-api-secret": "wrong" });
  await expect(wrong).rejects.toMatchObject({ code: "AUTH_INVALID" });
});
