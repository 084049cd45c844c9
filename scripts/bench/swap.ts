/**
 * Swaps of a small plugin that keeps state while it is called about 10,000 times a second: how long calls wait for one,
 * whether any is lost or made twice, and what memory a swap leaves behind. Targets: dark at most 50 ms, none lost or
 * doubled, the heap at most 1.15 times and resident memory 1.7 times what it was after 200 swaps.
 *
 * `node scripts/bench/swap.ts [swaps]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { startRuntime, type IsolationLevel } from "../../src/runtime/index.ts";
import { activateRoot } from "./calls/root.ts";
import { quantile } from "./interleaved.ts";
import { settledMemory } from "./settled-memory.ts";

const swaps = Number(process.argv[2] ?? 200);
const MIB = 2 ** 20;

/** Counts what it is asked, and hands that on. */
const COUNTER = `
  let count = 0;
  return { main: {
    provides: { account: { async add() { count += 1; return count; } } },
    snapshot: () => count, restore(state) { count = state; },
  } };`;

for (const level of ["inline", "worker"] as const) {
  const root = mkdtempSync(join(tmpdir(), "tradsys-swap-"));
  try {
    await activateRoot(root, [{ name: "counter", isolation: level, code: COUNTER, isStateful: true }]);
    await measure(root, level);
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function measure(root: string, level: IsolationLevel): Promise<void> {
  const runtime = await startRuntime({ root, isolation: { spareWorkers: 1 } });
  const counter = runtime.ports.one("account") as unknown as { add(): Promise<number> };
  const seen: number[] = [];
  const over = new AbortController();
  const calling = (async () => {
    while (!over.signal.aborted) {
      const batch = await Promise.all(Array.from({ length: 20 }, () => counter.add()));
      seen.push(...batch);
      await delay(1);
    }
  })();
  for (let i = 0; i < 10; i++) await runtime.swap("@bench/counter");
  const base = settledMemory();
  const dark: number[] = [];
  const began = performance.now();
  const first = seen.length;
  for (let i = 0; i < swaps; i++) {
    dark.push((await runtime.swap("@bench/counter")).darkMs);
    await delay(5);
  }
  const rate = (1000 * (seen.length - first)) / (performance.now() - began);
  const after = settledMemory();
  over.abort();
  await calling;
  await runtime.stop();
  const numbers = new Set(seen);
  const ms = (share: number): string => quantile(dark, share).toFixed(2);
  console.log(`\n${level}: ${swaps} swaps under ${rate.toFixed(0)} calls a second`);
  console.log(`  dark ms: p50 ${ms(0.5)}, p99 ${ms(0.99)}, max ${ms(1)}`);
  console.log(
    `  calls: ${seen.length}, lost ${seen.reduce((a, b) => Math.max(a, b), 0) - numbers.size}, doubled ${seen.length - numbers.size}`,
  );
  console.log(
    `  heap: ${(after.heap / base.heap).toFixed(2)} times, ${((after.heap - base.heap) / MIB / swaps).toFixed(3)} MiB a swap`,
  );
  console.log(
    `  resident: ${(after.rss / base.rss).toFixed(2)} times, ${((after.rss - base.rss) / MIB / swaps).toFixed(3)} MiB a swap`,
  );
}
