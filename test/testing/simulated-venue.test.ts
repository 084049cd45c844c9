import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, it } from "vitest";

import { startSimulatedVenue, type SimulatedVenue } from "../../src/testing/index.ts";
import { openCcxt } from "./ccxt.ts";

const run = promisify(execFile);
const keys = { apiKey: "key", apiSecret: "secret" };
const SYMBOL = "BTC/USDT";

let venue: SimulatedVenue;
let ccxt: Awaited<ReturnType<typeof openCcxt>>;

beforeAll(async () => {
  venue = await startSimulatedVenue({ ...keys, tickerIntervalMs: 0 });
  ccxt = await openCcxt(venue, keys);
});

afterAll(async () => {
  await ccxt.close();
  await venue.close();
});

const buy = (clientOrderId: string, quantity = 0.1, price = 63_000.1) =>
  ccxt.createOrder(SYMBOL, "limit", "buy", quantity, price, { clientOrderId });

it("lists its markets to ccxt", async () => {
  const markets = await ccxt.loadMarkets();
  expect(Object.keys(markets)).toEqual(["BTC/USDT", "ETH/USDT"]);
  expect(markets[SYMBOL]?.precision).toMatchObject({ price: 0.01, amount: 0.00001 });
  expect(markets[SYMBOL]?.limits.cost?.min).toBe(5);
});

it("quotes a ticker and a book around its price", async () => {
  expect(await ccxt.fetchTicker(SYMBOL)).toMatchObject({ last: 63805.01, bid: 63805, ask: 63805.02 });
  const { bids, asks } = await ccxt.fetchOrderBook(SYMBOL, 5);
  expect(asks).toEqual([
    [63805.02, 1],
    [63805.03, 2],
    [63805.04, 3],
    [63805.05, 4],
    [63805.06, 5],
  ]);
  expect(bids).toHaveLength(5);
});

it("takes, tells and cancels an order, and holds its money meanwhile", async () => {
  expect(await buy("a-1")).toMatchObject({ clientOrderId: "a-1", status: "open", filled: 0 });
  const [open] = await ccxt.fetchOpenOrders(SYMBOL);
  expect(open).toMatchObject({ clientOrderId: "a-1", price: 63_000.1, amount: 0.1 });
  expect((await ccxt.fetchBalance())["USDT"]).toMatchObject({ free: 993_699.99, used: 6300.01 });
  await ccxt.cancelOrder(open?.id ?? "", SYMBOL);
  expect(await ccxt.fetchOpenOrders(SYMBOL)).toEqual([]);
  expect((await ccxt.fetchBalance())["USDT"]).toMatchObject({ free: 1_000_000, used: 0 });
});

it("fills a market order level by level", async () => {
  const order = await ccxt.createOrder(SYMBOL, "market", "buy", 1.5);
  expect(order).toMatchObject({ status: "closed", filled: 1.5, cost: 95_707.535 });
  expect(order.trades.map((fill) => [fill.price, fill.amount])).toEqual([
    [63805.02, 1],
    [63805.03, 0.5],
  ]);
  expect((await ccxt.fetchBalance())["BTC"]).toMatchObject({ free: 11.5 });
});

it("fills a resting order when the price reaches it", async () => {
  await buy("b-1");
  venue.setPrice(SYMBOL, "62990");
  expect(venue.orders().at(-1)).toMatchObject({ clientOrderId: "b-1", status: "FILLED" });
  venue.setPrice(SYMBOL, "63805.01");
});

it.each([
  ["a duplicate client id", "Duplicate order sent", () => buy("a-1")],
  ["more than is free", "insufficient balance", () => buy("x", 100)],
  ["too small an order", "Filter failure: NOTIONAL", () => raw({ quantity: "0.00001" })],
  ["a quantity off its step", "Filter failure: LOT_SIZE", () => raw({ quantity: "0.000015" })],
  ["a price off its tick", "Filter failure: PRICE_FILTER", () => raw({ price: "63000.001" })],
  ["a number that is none", "Illegal characters", () => raw({ price: "1e5" })],
  ["an unknown market", "Invalid symbol", () => raw({ symbol: "XXXYYY" })],
  ["an unknown order", "Order does not exist", () => ccxt.fetchOrder("999", SYMBOL)],
  ["cancelling twice", "Unknown order sent", () => ccxt.cancelOrder("1", SYMBOL)],
])("refuses %s", async (_, message, request) => {
  const before = venue.orders().length;
  await expect(request()).rejects.toThrow(message);
  expect(venue.orders()).toHaveLength(before);
});

const raw = (change: Readonly<Record<string, string>>) =>
  ccxt.privatePostOrder({
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.1",
    price: "63000.1",
    newClientOrderId: "raw",
    ...change,
  });

it("ends what may not rest: immediate-or-cancel in part, fill-or-kill whole", async () => {
  const book = { price: "63805.02", quantity: "1.5" };
  const part = await raw({ ...book, timeInForce: "IOC", newClientOrderId: "ioc" });
  expect(part).toMatchObject({ status: "EXPIRED", executedQty: "1.00000000" });
  const whole = await raw({ ...book, timeInForce: "FOK", newClientOrderId: "fok" });
  expect(whole).toMatchObject({ status: "EXPIRED", executedQty: "0.00000000" });
});

it("refuses a wrong signature, a wrong key and a late request, in that venue's words", async () => {
  const secret = await openCcxt(venue, { ...keys, apiSecret: "wrong" });
  await expect(secret.fetchBalance()).rejects.toThrow('"code":-1022');
  const key = await openCcxt(venue, { ...keys, apiKey: "wrong" });
  await expect(key.fetchBalance()).rejects.toThrow('"code":-2015');
  await using ahead = await startSimulatedVenue({ ...keys, now: () => Date.now() + 60_000 });
  const late = await openCcxt(ahead, keys);
  await expect(late.fetchBalance()).rejects.toThrow('"code":-1021');
});

it("spoils the requests it is told to, and only those", async () => {
  venue.failNext("GET /api/v3/account", { status: 503, body: "<html>busy</html>" });
  await expect(ccxt.fetchBalance()).rejects.toThrow("503");
  await expect(ccxt.fetchBalance()).resolves.toBeDefined();
  venue.failNext("POST /api/v3/order", "lose-reply");
  await expect(buy("lost-1")).rejects.toThrow("fetch failed");
  expect(venue.orders().at(-1)).toMatchObject({ clientOrderId: "lost-1", status: "NEW" });
});

it("streams the ticker, and does so again after its sockets were cut", async () => {
  const { last } = await ccxt.fetchTicker(SYMBOL);
  expect(await ccxt.watchTicker(SYMBOL)).toMatchObject({ last });
  const cut = ccxt.watchTicker(SYMBOL);
  venue.dropSockets();
  await expect(cut).rejects.toThrow("1006");
  expect(await ccxt.watchTicker(SYMBOL)).toMatchObject({ last });
});

it("streams what changes in the book", async () => {
  expect((await ccxt.watchOrderBook(SYMBOL)).bids[0]).toEqual([63805, 1]);
  const next = ccxt.watchOrderBook(SYMBOL);
  venue.setPrice(SYMBOL, "63800");
  const { bids, asks } = await next;
  expect([bids[0], asks[0], bids.length, asks.length]).toEqual([[63799.99, 1], [63800.01, 1], 10, 10]);
});

it("streams trades", async () => {
  const trades = ccxt.watchTrades(SYMBOL);
  // Nobody can tell when the subscription has arrived, so the price moves until it is heard.
  const moving = setInterval(() => venue.setPrice(SYMBOL, "63900"), 20);
  const [trade] = await trades.finally(() => clearInterval(moving));
  expect(trade).toMatchObject({ price: 63_900, symbol: SYMBOL });
});

async function publicAnswers(): Promise<string[]> {
  await using twin = await startSimulatedVenue({
    ...keys,
    now: () => 1_700_000_000_000,
    tickerIntervalMs: 0,
  });
  twin.setPrice(SYMBOL, "64000.5");
  const paths = ["exchangeInfo", "depth?symbol=BTCUSDT", "ticker/24hr", "trades?symbol=BTCUSDT"];
  const replies = await Promise.all(paths.map((path) => fetch(`${twin.url}/api/v3/${path}`)));
  return await Promise.all(replies.map((reply) => reply.text()));
}

it("answers equal requests equally", async () => {
  expect(await publicAnswers()).toEqual(await publicAnswers());
});

it("leaves nothing that keeps a process alive", async () => {
  const code = `
    const { startSimulatedVenue } = await import(process.argv[1]);
    const venue = await startSimulatedVenue({ apiKey: "key", apiSecret: "secret" });
    const socket = new WebSocket(venue.wsUrl);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    await fetch(venue.url + "/api/v3/time");
    await venue.close();
    console.log("closed");
  `;
  const entry = new URL("../../src/testing/index.ts", import.meta.url).href;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code, entry]);
  expect(stdout).toBe("closed\n");
});

it("says which port is taken", async () => {
  const second = startSimulatedVenue({ ...keys, port: venue.port });
  await expect(second).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

it("gives its port back, also with clients connected and a request unanswered", async () => {
  const first = await startSimulatedVenue(keys);
  const client = await openCcxt(first, keys);
  await client.watchTicker(SYMBOL);
  first.failNext("GET /api/v3/account", "hang");
  const hanging = client.fetchBalance();
  await first.close();
  await expect(hanging).rejects.toThrow("fetch failed");
  await client.close();
  await using again = await startSimulatedVenue({ ...keys, port: first.port });
  expect(again.port).toBe(first.port);
});
