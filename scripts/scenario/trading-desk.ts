import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Manager } from "../../src/exchange/index.ts";
import type { OrderEntry, OrderIntent } from "../../src/plugin/index.ts";
import { FactRecorder, TradingGate, type Latch } from "../../src/risk/index.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { startSimulatedVenue, type SimulatedVenue } from "../../src/testing/index.ts";
import { activateDesk, samplePlugin } from "../trading/desk.ts";
import { outcomeOf } from "./narrate.ts";

/** Two venues behind one risk desk, built, signed, applied and started, with the host's gate in front of all orders. */
export interface TradingDesk extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly gate: TradingGate;
  readonly latches: readonly Latch[];
  readonly recorder: FactRecorder;
  readonly manager: Manager;
  readonly venue: SimulatedVenue;
  readonly binance: OrderEntry;
  readonly kraken: OrderEntry;
}

const CREDENTIALS = { apiKey: "scenario-key", apiSecret: "scenario-secret" };

export async function openTradingDesk(): Promise<TradingDesk> {
  await using stack = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), "tradsys-scenario-"));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const venue = stack.use(await startSimulatedVenue({ ...CREDENTIALS, tickerIntervalMs: 50 }));
  const fast = { reconcileIntervalMs: 200, requestTimeoutMs: 2000 };
  await activateDesk(root, [
    {
      folder: samplePlugin("connector-binance"),
      config: { baseUrl: venue.url, wsUrl: venue.wsUrl, ...fast },
    },
    {
      folder: samplePlugin("connector-kraken-sim"),
      config: { stepIntervalMs: 50, prices: ["63800"], spread: "1" },
    },
    { folder: samplePlugin("md-normaliser") },
    { folder: samplePlugin("calendar-mena") },
    { folder: samplePlugin("risk-core") },
    {
      folder: samplePlugin("risk-rules-pretrade"),
      config: { duplicateWindowMs: 0, maxMessagesPerSecond: 10_000 },
    },
    { folder: samplePlugin("limit-position"), config: { maxLong: "50", maxShort: "50" } },
    { folder: samplePlugin("limit-daily-loss") },
    { folder: samplePlugin("limit-order-rate"), config: { maxOrders: 100_000 } },
  ]);
  const latches: Latch[] = [];
  const gate = new TradingGate({ now: Date.now, pauseMs: 50, onLatch: (latch) => void latches.push(latch) });
  const recorder = new FactRecorder();
  const secret = (name: string) => (name.endsWith("key") ? CREDENTIALS.apiKey : CREDENTIALS.apiSecret);
  const runtime = await startRuntime({
    root,
    secret,
    gate: (offered, about) => recorder.guard(gate.guard(offered, about), about),
  });
  stack.defer(async () => void (await runtime.stop()));
  gate.connect(runtime.ports);
  const entryOf = (connector: string): OrderEntry => {
    const found = runtime.ports.all("order-entry").find(({ provider }) => provider.includes(connector));
    if (!found) throw new Error(`${connector} has no order entry`);
    return found.port;
  };
  const [binance, kraken] = [entryOf("connector-binance"), entryOf("connector-kraken-sim")];
  await Promise.all([untilOpen(binance, "BINANCE"), untilOpen(kraken, "KRAKEN")]);
  const parts = stack.move();
  return {
    runtime,
    gate,
    latches,
    recorder,
    manager: new Manager({ host: runtime, gate, secret }),
    venue,
    binance,
    kraken,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

type Resting = Partial<Pick<Extract<OrderIntent, { type: "limit" }>, "clientOrderId" | "price">>;

let lastId = 0;

/** A purchase far below the market, which rests; changed as asked. */
export const resting = (venue: string, change: Resting = {}): OrderIntent => ({
  clientOrderId: `s-${++lastId}`,
  instrument: `${venue}:BTC/USDT`,
  side: "buy",
  quantity: "0.001",
  type: "limit",
  price: "62000",
  timeInForce: "GTC",
  reduceOnly: false,
  ...change,
});

/** Until risk has seen a price of the venue, it denies what opens. */
async function untilOpen(orders: OrderEntry, venue: string): Promise<void> {
  for (;;) {
    const order = resting(venue);
    if ((await outcomeOf(orders.submit(order))) === "accepted") return void (await orders.cancel(order));
    await delay(50);
  }
}
