import { expect, it } from "vitest";

import { openFeed, pump, type Book, type MarketEvent, type MarketUpdate } from "../../src/plugin/index.ts";
import { quietLog } from "../plugins/host.ts";

const seen = { instrument: "SIM:BTC/USDT", tsVenueUs: null, tsHostUs: 1 };
const book = (bid: string): Book => ({ ...seen, bids: [[bid, "1"]], asks: [] });
const snapshot = (bid: string): MarketUpdate => ({ type: "snapshot", book: book(bid) });
const quote = (last: string): MarketUpdate => ({
  type: "quote",
  quote: { ...seen, bid: "1", bidQuantity: "1", ask: "2", askQuantity: "1", last },
});
const trade = (id: number): MarketUpdate => ({
  type: "trade",
  trade: { ...seen, id: String(id), price: "1", quantity: "1", side: "buy" },
});

async function readAll(events: AsyncIterable<MarketEvent>): Promise<MarketEvent[]> {
  const read: MarketEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

it("hands a slow reader the newest quote only, after the snapshot", async () => {
  const feed = openFeed();
  for (const update of [snapshot("1"), quote("1"), quote("2"), quote("3")]) feed.push(update);
  feed.end();
  expect(await readAll(feed.subscription.events)).toEqual([
    { ...snapshot("1"), seq: 0 },
    { ...quote("3"), seq: 3 },
  ]);
});

it("drops no trade in silence", async () => {
  const feed = openFeed();
  feed.push(snapshot("1"));
  for (let id = 0; id < 2500; id++) feed.push(trade(id));
  feed.end();
  const [first, gap, ...trades] = await readAll(feed.subscription.events);
  expect(first).toMatchObject({ type: "snapshot" });
  expect(gap?.type === "gap" && gap.missed !== null && gap.missed + trades.length).toBe(2500);
  expect(trades.at(-1)).toMatchObject(trade(2499));
});

it("numbers events upwards, whatever was dropped", async () => {
  const feed = openFeed();
  for (let id = 0; id < 1500; id++) feed.push(id % 3 === 0 ? quote(String(id + 1)) : trade(id));
  feed.end();
  const numbers = (await readAll(feed.subscription.events)).map((event) => event.seq);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
});

it("wakes a waiting reader, and ends when the reader leaves", async () => {
  const feed = openFeed();
  const reading = (async () => {
    for await (const event of feed.subscription.events) return event;
    return undefined;
  })();
  feed.push(trade(1));
  expect(await reading).toMatchObject(trade(1));
  expect(feed.closed).toBe(true);
});

it("fails the reader with the provider's error", async () => {
  const feed = openFeed();
  feed.end(new Error("no such instrument"));
  await expect(readAll(feed.subscription.events)).rejects.toThrow("no such instrument");
});

it("reports a lost connection as a gap and starts again from a snapshot", async () => {
  const feed = openFeed();
  const stopping = new AbortController();
  const answers = [
    async () => [trade(1)],
    () => Promise.reject(new Error("connection closed")),
    async () => [trade(2)],
    async () => {
      stopping.abort();
      feed.end();
      return [];
    },
  ];
  const source = {
    snapshot: async () => book("1"),
    next: async () => (await answers.shift()?.()) ?? [],
  };
  await pump(feed, source, { delayMs: 1, signal: stopping.signal, log: quietLog });
  const types = (await readAll(feed.subscription.events)).map((event) => event.type);
  // The reader was away, so that the first snapshot was replaced by the second.
  expect(types).toEqual(["trade", "gap", "snapshot", "trade"]);
});
