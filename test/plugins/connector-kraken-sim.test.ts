import { expect, it } from "vitest";

import type { Execution, MarketEvent, RiskPretrade } from "../../src/plugin/index.ts";
import { limitOrder, runPlugin } from "./host.ts";

const INSTRUMENT = "KRAKEN:BTC/USDT";

async function paperVenue() {
  const parts = new AsyncDisposableStack();
  const heard: Execution[] = [];
  const risk: RiskPretrade = {
    evaluate: async () => ({ verdict: "allow", reasons: [] }),
    onExecution: async (execution) => void heard.push(execution),
  };
  const normaliser = parts.use(await runPlugin("md-normaliser"));
  const venue = parts.use(
    await runPlugin("connector-kraken-sim", {
      config: { stepIntervalMs: 10 },
      ports: {
        "md-normalise": { normaliser: normaliser.port("md-normalise") },
        "risk-pretrade": { risk },
      },
    }),
  );
  return { venue, heard, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

it("follows its price path, from a snapshot on", async () => {
  await using desk = await paperVenue();
  const { events } = desk.venue.port("market-data").subscribe({ instrument: INSTRUMENT, channel: "trade" });
  const read: MarketEvent[] = [];
  for await (const event of events) if (read.push(event) === 5) break;
  expect(read[0]).toMatchObject({ type: "snapshot", book: { bids: [["63799.5", "10"]] } });
  const prices = read.flatMap((event) => (event.type === "trade" ? [event.trade.price] : []));
  expect(prices).toEqual(["63805.5", "63811", "63804.5", "63798"]);
});

it("fills a resting order when the path reaches it, and tells risk", async () => {
  await using desk = await paperVenue();
  const orders = desk.venue.port("order-entry");
  const order = limitOrder({ instrument: INSTRUMENT, price: "63796", quantity: "2" });
  expect(await orders.submit(order)).toMatchObject({ state: "accepted", venueOrderId: "1" });
  await expect.poll(() => desk.heard.at(-1)?.state, { interval: 5, timeout: 20_000 }).toBe("filled");
  expect(await desk.venue.port("account").positions()).toEqual([{ instrument: INSTRUMENT, quantity: "7" }]);
  expect(await orders.cancel(order)).toMatchObject({ state: "filled" });
});

it("serves its one instrument only", async () => {
  await using desk = await paperVenue();
  const { events } = desk.venue.port("market-data").subscribe({ instrument: "KRAKEN:X/Y", channel: "quote" });
  await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "INSTRUMENT_UNKNOWN" });
  const order = desk.venue.port("order-entry").submit(limitOrder({ instrument: "KRAKEN:X/Y" }));
  await expect(order).rejects.toMatchObject({ code: "INSTRUMENT_UNKNOWN", outcome: "rejected" });
});

it("cancels what is open when the dead-man's switch is not set again in time", async () => {
  await using desk = await paperVenue();
  const [orders, control] = [desk.venue.port("order-entry"), desk.venue.port("control")];
  expect(await control.describe()).toMatchObject({ venue: "KRAKEN", deadMansSwitch: { maxMs: 300_000 } });
  const order = limitOrder({ instrument: INSTRUMENT, price: "60000" });
  await orders.submit(order);
  await control.setDeadMansSwitch(60_000);
  await control.setDeadMansSwitch(null);
  expect(await orders.query(order)).toMatchObject({ state: "accepted" });
  await control.setDeadMansSwitch(1);
  await expect.poll(() => desk.heard.at(-1)?.state, { interval: 5, timeout: 20_000 }).toBe("cancelled");
  await expect(control.setDeadMansSwitch(300_001)).rejects.toMatchObject({ code: "CONTRACT_VIOLATION" });
});
