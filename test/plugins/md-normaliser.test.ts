import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";

import { decimal, type RawMarketData } from "../../src/plugin/index.ts";
import { runPlugin, type RunningPlugin } from "./host.ts";

let plugin: RunningPlugin;
beforeAll(async () => {
  plugin = await runPlugin("md-normaliser");
});
afterAll(() => plugin[Symbol.asyncDispose]());

const seen = {
  venue: "binance",
  symbol: "btc_usdt",
  tsVenueUs: 1_700_000_000_000_000,
  tsHostUs: 1_700_000_000_000_500,
};
const quote = {
  ...seen,
  kind: "quote",
  bid: "63805.00000000",
  bidQuantity: "1.0",
  ask: "63805.02",
  askQuantity: "2",
  last: "063805.010",
} as const;
const trade = { ...seen, kind: "trade", id: "7", price: "0.00000100", quantity: "5", side: "sell" } as const;

const normalise = (raw: RawMarketData) => plugin.port("md-normalise").normalise(raw);

it("gives quotes one form", async () => {
  expect(await normalise(quote)).toEqual({
    type: "quote",
    quote: {
      instrument: "BINANCE:BTC/USDT",
      bid: "63805",
      bidQuantity: "1",
      ask: "63805.02",
      askQuantity: "2",
      last: "63805.01",
      tsVenueUs: 1_700_000_000_000_000,
      tsHostUs: 1_700_000_000_000_500,
    },
  });
});

it("gives trades one form", async () => {
  expect(await normalise({ ...trade, symbol: "BTC/USDT", tsVenueUs: null })).toEqual({
    type: "trade",
    trade: {
      instrument: "BINANCE:BTC/USDT",
      id: "7",
      price: "0.000001",
      quantity: "5",
      side: "sell",
      tsVenueUs: null,
      tsHostUs: 1_700_000_000_000_500,
    },
  });
});

it.each<[string, RawMarketData]>([
  ["a bid above its ask", { ...quote, bid: "63806" }],
  ["a bid at its ask", { ...quote, bid: "63805.02" }],
  ["a price of zero", { ...trade, price: "0" }],
  ["a negative quantity", { ...trade, quantity: "-1" }],
  ["an exponent", { ...trade, price: "1e-7" }],
  ["a symbol without a separator", { ...trade, symbol: "BTCUSDT" }],
  ["a time in seconds and a bit", { ...trade, tsVenueUs: 1.5 }],
])("refuses %s", async (_, raw) => {
  await expect(normalise(raw)).rejects.toMatchObject({ code: "BAD_RESPONSE" });
});

it("changes the form of a price, never its value", async () => {
  const digits = fc.stringMatching(/^[0-9]{1,12}\.[0-9]{1,18}$/);
  const property = fc.asyncProperty(digits, async (price) => {
    fc.pre(decimal.compare(price, "0") > 0);
    const update = await normalise({ ...trade, price });
    expect(update.type === "trade" && decimal.compare(update.trade.price, price)).toBe(0);
  });
  await fc.assert(property);
});
