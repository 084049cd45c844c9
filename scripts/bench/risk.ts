/**
 * From an order to the decision on it: the real risk plugins through signed bundles, in the host and with the risk
 * manager in a worker, beside the same rules as plain calls and beside json-rules-engine. In turn, in one process.
 *
 * Targets: at most 10 µs in the host at the median; 12 checks over 10,000 instruments and 100 accounts in bounded memory.
 *
 * `node scripts/bench/risk.ts [orders]`; a million by default.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import type { Config } from "../../manifests/plugins/risk-rules-pretrade/src/rules.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import type { OrderIntent, RiskPretrade } from "../../src/plugin/index.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { activateDesk, samplePlugin } from "../trading/desk.ts";
import { quantile } from "./interleaved.ts";
import { jsonRulesEngine, plainCalls, PRICE, type Decide } from "./risk/rivals.ts";
import { settledMemory } from "./settled-memory.ts";

const orders = Number(process.argv[2] ?? 1_000_000);
const INSTRUMENTS = 10_000;
/** Each is a subscription of its own across the border of the worker, which holds some thousands at most. */
const INSTRUMENTS_OF_WORKER = 1000;
const ACCOUNTS = 100;
/** Orders of one subject before it is the next one's turn. */
const TURN = 20_000;

const folder = mkdtempSync(join(tmpdir(), "tradsys-risk-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true });
}

interface Subject {
  readonly name: string;
  readonly decide: Decide;
  /** What follows a decision and is not measured. */
  readonly settle?: (intent: OrderIntent) => Promise<void>;
  /** Share of the orders that it is given: a slow one need not have all. */
  readonly share: number;
  readonly micros: Float64Array;
  count: number;
}

async function measure(): Promise<void> {
  const host = await start("host", { isolation: "inline", instruments: INSTRUMENTS });
  const isolated = await start("worker", {
    isolation: "worker",
    instruments: INSTRUMENTS_OF_WORKER,
  });
  const rules = parse(
    (await nodeFiles.read(join(samplePlugin("risk-rules-pretrade"), "plugin.yaml"), 1e6)).toString(),
  ) as { config: { defaults: Config } };
  const subject = (name: string, share: number, decide: Decide): Subject => ({
    name,
    decide,
    share,
    micros: new Float64Array(Math.ceil(orders * share)),
    count: 0,
  });
  const through = (runtime: Runtime, name: string, share: number): Subject => {
    const risk = runtime.ports.one("risk-pretrade");
    return {
      ...subject(name, share, async (intent) => allowed(await risk.evaluate(intent))),
      settle: (intent) => risk.onExecution({ ...intent, state: "cancelled", filledQuantity: "0" }),
    };
  };
  const subjects = [
    through(host, "in the host", 1),
    through(isolated, "risk manager in a worker", 0.02),
    subject("plain calls", 1, plainCalls(rules.config.defaults)),
    subject("json-rules-engine", 0.02, jsonRulesEngine()),
  ];

  for (let from = 0; from < orders; from += TURN) {
    for (const each of subjects) await turn(each, from);
  }
  console.log(
    `\nµs from an order to the decision; ${orders} orders, in turns of ${TURN}; Node.js ${process.versions.node}`,
  );
  const [baseline] = subjects;
  for (const { name, micros, count } of subjects) {
    const taken = micros.subarray(0, count);
    const [p50, p99, max] = [0.5, 0.99, 1].map((part) => quantile([...taken], part).toFixed(1));
    const ratio =
      quantile([...taken], 0.5) / quantile([...(baseline?.micros.subarray(0, baseline.count) ?? [])], 0.5);
    console.log(
      `  ${name.padEnd(26)} p50 ${p50?.padStart(7)}  p99 ${p99?.padStart(7)}  max ${max?.padStart(9)}  p50 ratio ${ratio.toFixed(2)}  (${count} orders)`,
    );
  }
  await memory(host.ports.one("risk-pretrade"));
  await Promise.all([host.stop(), isolated.stop()]);
}

async function turn(subject: Subject, from: number): Promise<void> {
  const until = Math.min(subject.micros.length, subject.count + Math.ceil(TURN * subject.share));
  for (let i = from; subject.count < until; i++) {
    const intent = orderOf(`${subject.name}-${i}`, i % INSTRUMENTS_OF_WORKER);
    const began = performance.now();
    const answer = subject.decide(intent);
    const isAllowed = typeof answer === "boolean" ? answer : await answer;
    subject.micros[subject.count++] = (performance.now() - began) * 1000;
    if (!isAllowed) throw new Error(`${subject.name} refused order ${i}`);
    await subject.settle?.(intent);
  }
}

/** One position in every instrument of every account; twice over, since the second time may need nothing more. */
async function memory(risk: RiskPretrade): Promise<void> {
  const pairs = Math.min(orders, INSTRUMENTS * ACCOUNTS);
  console.log(`\nMiB of heap that positions take; ${pairs} pairs of instrument and account`);
  const before = settledMemory().heap;
  for (const round of ["held once", "held again"]) {
    for (let i = 0; i < pairs; i++) {
      const account = `A${Math.floor(i / INSTRUMENTS)}`;
      const intent = { ...orderOf(`${round}-${i}`, i), quantity: "0.001", account };
      if (!allowed(await risk.evaluate(intent))) throw new Error(`order ${i} was refused`);
      await risk.onExecution({ ...intent, state: "filled", filledQuantity: "0.001", averagePrice: PRICE });
    }
    console.log(
      `  ${round.padEnd(26)} ${((settledMemory().heap - before) / 2 ** 20).toFixed(0)} more than before`,
    );
  }
}

function allowed({ verdict }: Awaited<ReturnType<RiskPretrade["evaluate"]>>): boolean {
  return verdict === "allow";
}

function orderOf(clientOrderId: string, i: number): OrderIntent {
  return {
    clientOrderId,
    instrument: `BENCH:A${i % INSTRUMENTS}/USDT`,
    side: "buy",
    quantity: `0.${String((i % 900) + 100)}`,
    type: "limit",
    price: PRICE,
    timeInForce: "GTC",
    reduceOnly: false,
  };
}

/** The desk with limits so wide that nothing is refused: a refusal would be measured instead. */
async function start(
  name: string,
  { isolation, instruments }: { isolation: "inline" | "worker"; instruments: number },
): Promise<Runtime> {
  const root = join(folder, name);
  const ageMs = 600_000;
  await activateDesk(root, [
    { folder: join(import.meta.dirname, "risk/venue"), config: { instruments } },
    {
      folder: samplePlugin("risk-core"),
      isolation,
      config: { maxQuoteAgeMs: ageMs, accountRefreshMs: ageMs, maxAccountAgeMs: ageMs, checkTimeoutMs: 5000 },
    },
    {
      folder: samplePlugin("risk-rules-pretrade"),
      config: { maxQuoteAgeMs: ageMs, maxMessagesPerSecond: 100_000, duplicateWindowMs: 0 },
    },
    { folder: samplePlugin("limit-position"), config: { maxLong: "1000000", maxShort: "1000000" } },
    { folder: samplePlugin("limit-daily-loss") },
    { folder: samplePlugin("limit-order-rate"), config: { maxOrders: 100_000, windowMs: 1 } },
  ]);
  const runtime = await startRuntime({ root, upkeepAfterMs: ageMs });
  // Every instrument's quote has to be read once.
  for (;;) {
    const risk = runtime.ports.one("risk-pretrade");
    const probe = orderOf(`probe-${name}`, instruments - 1);
    const isReady = allowed(await risk.evaluate(probe));
    await risk.onExecution({ ...probe, state: "cancelled", filledQuantity: "0" });
    if (isReady) return runtime;
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}
