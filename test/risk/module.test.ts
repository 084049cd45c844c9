import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { activateDesk, samplePlugin } from "../../scripts/trading/desk.ts";
import { AdaptivePluginLoader, connectorKey, Loader, Manager } from "../../src/exchange/index.ts";
import type { OrderIntent, RiskFacts, RiskRules } from "../../src/plugin/index.ts";
import { FactRecorder, RiskManagementModule, shadow, TradingGate } from "../../src/risk/index.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { limitOrder, runPlugin } from "../plugins/host.ts";

const KRAKEN = "@tradsys/connector-kraken-sim";
const INSTRUMENT = "KRAKEN:BTC/USDT";

let root: string;
let runtime: Runtime;
let gate: TradingGate;
const recorder = new FactRecorder();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "tradsys-module-"));
  await activateDesk(root, [
    { folder: samplePlugin("connector-kraken-sim"), config: { stepIntervalMs: 10, prices: ["63800"] } },
    { folder: samplePlugin("md-normaliser") },
    { folder: samplePlugin("risk-core") },
    { folder: samplePlugin("risk-rules-pretrade"), config: { duplicateWindowMs: 0 } },
    { folder: samplePlugin("limit-position"), config: { maxLong: "1", maxShort: "1" } },
    { folder: samplePlugin("limit-daily-loss") },
    { folder: samplePlugin("limit-order-rate") },
  ]);
  gate = new TradingGate({ now: () => Date.now() });
  runtime = await startRuntime({
    root,
    gate: (offered, about) => recorder.guard(gate.guard(offered, about), about),
  });
  gate.connect(runtime.ports);
});
afterAll(async () => {
  await runtime.stop();
  await rm(root, { recursive: true, force: true });
});

const refused = (reason: string) => ({ code: "BUSY", message: expect.stringContaining(reason) });
const never = () => expect.unreachable("a scan failed");

const order = (change: Partial<OrderIntent> = {}): OrderIntent =>
  limitOrder({ instrument: INSTRUMENT, price: "63000", quantity: "0.01", ...change });

it("initialises all of risk management before it says so, once however many ask", async () => {
  const risk = new RiskManagementModule(runtime);
  await Promise.all([risk.initialize(), risk.initialize(), risk.getRiskManager()]);
  expect(risk.manager.isInitialized()).toBe(true);
  expect(risk.engineTypes()).toEqual([
    "correlation-based",
    "exposure-limit",
    "liquidity-based",
    "position-limit",
    "volatility-based",
  ]);
  expect(risk.limitTypes()).toEqual([
    "concentration",
    "drawdown",
    "exposure",
    "leverage",
    "order-size",
    "position",
    "trade-frequency",
    "var",
  ]);
  const limit = await risk.getLimit("trade-frequency");
  expect(await limit.describe()).toMatchObject({ id: "@tradsys/limit-order-rate" });
});

it("1.15: keeps the defaults of the original in the manifests: one place, and no time-out within a shorter one", () => {
  const risk = new RiskManagementModule(runtime);
  const { priority, timeoutMs, memoryMiB } = risk.manager;
  expect({ priority, timeoutMs, memoryMiB }).toEqual({ priority: 20, timeoutMs: 45_000, memoryMiB: 50 });
});

it("1.3: refuses a type of limit or engine that nobody has when it is asked for, with those there are", async () => {
  const risk = new RiskManagementModule(runtime);
  const unknown = { code: "PLUGIN_UNKNOWN", diagnostics: [{ hint: expect.stringContaining("drawdown") }] };
  await expect(risk.getLimit("positon")).rejects.toMatchObject(unknown);
  await expect(risk.getRuleEngine("positon")).rejects.toMatchObject({ code: "PLUGIN_UNKNOWN" });
});

it("1.9: tells connectors apart by code, configuration and credentials, not by the venue's name", () => {
  const plugin = new Manager({ host: runtime, gate, secret: () => undefined }).registry.getPlugin(KRAKEN);
  const withSecret = { ...plugin, secrets: ["api-key"] };
  const keys = [
    connectorKey(plugin, () => undefined),
    connectorKey({ ...plugin, config: { ...plugin.config, spread: "2" } }, () => undefined),
    connectorKey(withSecret, () => "one"),
    connectorKey(withSecret, () => "two"),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(connectorKey(withSecret, () => "one")).toBe(keys[2]);
});

it("1.9: makes a connector once however many ask at the same time", async () => {
  const manager = new Manager({ host: runtime, gate, secret: () => undefined });
  const [one, two] = await Promise.all([manager.createConnector(KRAKEN), manager.createConnector(KRAKEN)]);
  expect(one).toBe(two);
  expect(manager.listConnectors()).toEqual([one.key]);
});

it("F9: never closes a connector that has open orders, readers or dependants", async () => {
  const manager = new Manager({ host: runtime, gate, secret: () => undefined });
  const connector = await manager.createConnector(KRAKEN);
  const { orderEntry } = connector;
  await expect
    .poll(
      async () =>
        orderEntry?.submit(order({ clientOrderId: "f9" })).then(
          () => "sent",
          () => "refused",
        ),
      { timeout: 20_000 },
    )
    .toBe("sent");
  await expect(manager.closeConnector(KRAKEN)).rejects.toMatchObject(refused("1 orders are open"));
  await orderEntry?.cancel(order({ clientOrderId: "f9" }));
  const subscription = connector.subscribe({ instrument: INSTRUMENT, channel: "quote" });
  await expect(manager.closeConnector(KRAKEN)).rejects.toMatchObject(refused("subscriptions"));
  subscription.close();
  await expect(manager.closeConnector(KRAKEN)).rejects.toMatchObject(refused("depends on it"));
});

it("2.4: lets two subscribers to one instrument end apart from each other", async () => {
  const manager = new Manager({ host: runtime, gate, secret: () => undefined });
  const connector = await manager.createConnector(KRAKEN);
  const [one, two] = [1, 2].map(() => connector.subscribe({ instrument: INSTRUMENT, channel: "quote" }));
  one?.close();
  const read: string[] = [];
  for await (const { type } of two?.events ?? []) if (read.push(type) === 2) break;
  expect(read).toEqual(["snapshot", "quote"]);
});

it("keeps orders away while a connector is replaced, and accounts for every order before they flow again", async () => {
  const manager = new Manager({ host: runtime, gate, secret: () => undefined });
  const { orderEntry } = await manager.createConnector(KRAKEN);
  await orderEntry?.submit(order({ clientOrderId: "swap-1" }));
  let during = "";
  const fates = await manager.replaceConnector(KRAKEN, {
    deadManMs: 60_000,
    async work() {
      await orderEntry
        ?.submit(order({ clientOrderId: "swap-2" }))
        .catch(({ code }: { code: string }) => (during = code));
    },
  });
  expect(during).toBe("DRAINING");
  expect(fates).toMatchObject([{ clientOrderId: "swap-1", fate: "accepted" }]);
  expect(await orderEntry?.submit(order({ clientOrderId: "swap-3" }))).toMatchObject({ state: "accepted" });
});

it("1.10: finds what was activated, by digest, and says nothing twice", async () => {
  const loader = new AdaptivePluginLoader(new Loader({ root }));
  expect(await loader.scan()).toEqual({ added: [KRAKEN], changed: [], removed: [] });
  expect(await loader.scan()).toEqual({ added: [], changed: [], removed: [] });
  const { promise: told, resolve } = Promise.withResolvers<readonly string[]>();
  const background = new AdaptivePluginLoader(new Loader({ root }));
  background.startBackgroundScanner({
    shortestMs: 5,
    longestMs: 20,
    onScan: ({ added }) => resolve(added),
    onError: never,
  });
  expect(await told).toEqual([KRAKEN]);
  background.stopBackgroundScanner();
});

it("tries rules that may come on the facts of those that run, without any effect", async () => {
  const facts: readonly RiskFacts[] = recorder.facts();
  expect(facts.length).toBeGreaterThan(0);
  const running: RiskRules = runtime.ports.one("risk-rules");
  const open = gate.openOrders();
  expect(await shadow(facts, running, running)).toEqual({ judged: facts.length, disagreements: [] });
  await using tighter = await runPlugin("risk-rules-pretrade", {
    config: { duplicateWindowMs: 0, maxOrderQuantity: "0.005" },
  });
  const { disagreements } = await shadow(facts, running, tighter.port("risk-rules"));
  const passed = disagreements.filter(({ primary }) => primary.length === 0);
  expect(passed.length).toBeGreaterThan(0);
  expect(passed[0]).toMatchObject({ candidate: ["MAX_ORDER_QUANTITY_EXCEEDED"] });
  expect(gate.openOrders()).toEqual(open);
});
