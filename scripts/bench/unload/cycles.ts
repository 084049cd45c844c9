/**
 * Starts and stops what is active in some roots, in turn, many times over in one process, and tells what that left
 * behind: `node --expose-gc cycles.ts FOLDER CYCLES [PLUGIN]`. With a plugin it is swapped for another instance of itself
 * instead, that many times in a set that runs on. Prints one line of JSON, a `Left`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { startRuntime, type Runtime } from "../../../src/runtime/index.ts";

export interface Left {
  /** Bytes after the first cycles and after the last, all garbage collected. */
  readonly heapBytes: readonly [base: number, end: number];
  /** `idle`: after the collection with which an idle process gives memory back. */
  readonly rssBytes: readonly [base: number, end: number, idle: number];
  /** Instances of plugins that ran in this thread, and those of them that are not collected. */
  readonly instances: number;
  readonly alive: number;
  /** What was logged on the host's own account. */
  readonly warnings: number;
}

const [folder = "", count = "200", swapped] = process.argv.slice(2);
const cycles = Number(count);
/** Cycles until everything that is loaded once is loaded, and memory that is used again and again has been taken. */
const WARM_UP = Math.min(30, cycles);

const roots = readdirSync(folder).map((name) => join(folder, name));

const witnessed: WeakRef<object>[] = [];
Object.assign(globalThis, { witness: (object: object) => void witnessed.push(new WeakRef(object)) });
let warnings = 0;

const start = (root = ""): Promise<Runtime> =>
  startRuntime({ root, log: ({ level }) => (warnings += Number(level === "warn")) });
const running = swapped === undefined ? undefined : await start(roots[0]);

async function cycle(root: string | undefined): Promise<void> {
  if (running && swapped !== undefined) {
    await running.ports.one("account").balances();
    await running.swap(swapped);
    return;
  }
  const runtime = await start(root);
  await runtime.ports.one("account").balances();
  const failures = await runtime.stop();
  if (failures.length > 0) throw new AggregateError(failures);
}

/** What waits for a turn of the event loop still holds what it waits with. */
async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await setTimeout(5);
    globalThis.gc?.();
  }
}

async function run(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await cycle(roots[i % roots.length]);
}

await run(WARM_UP);
await collect();
const base = process.memoryUsage();
await run(cycles);
await collect();
const end = process.memoryUsage();
globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
const left: Left = {
  heapBytes: [base.heapUsed, end.heapUsed],
  rssBytes: [base.rss, end.rss, process.memoryUsage.rss()],
  instances: witnessed.length,
  alive: witnessed.filter((ref) => ref.deref()).length,
  warnings,
};
process.stdout.write(`${JSON.stringify(left)}\n`, () => process.exit());
