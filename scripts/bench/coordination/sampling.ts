/**
 * What it costs the host to look at its workers and at its own limits.
 * Target: at most 50 µs of the host's time for a worker.
 *
 * `node scripts/bench/coordination/sampling.ts [rounds]`
 */
import { startWorker } from "../../../src/runtime/isolation/worker.ts";
import { memoryUses } from "../../../src/runtime/resources/measure.ts";
import { describe, measureInTurn, type Measured } from "../interleaved.ts";

const rounds = Number(process.argv[2] ?? 15);
const WORKERS = 8;
const TIMES = 200;

const workers = Array.from({ length: WORKERS }, () => startWorker({ files: [], env: {} }));
await Promise.all(workers.map((worker) => worker.memoryBytes()));

/** Microseconds of this thread's own time for each, without what it waits for. */
async function cpuOf(looks: number, look: () => unknown): Promise<number> {
  const began = process.threadCpuUsage();
  const pending: unknown[] = [];
  for (let at = 0; at < looks; at++) pending.push(look());
  await Promise.all(pending);
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / looks;
}

const times: { readonly [name: string]: number[] } = { worker: [], limits: [] };
for (let round = 0; round <= rounds; round++) {
  let next = 0;
  const worker = await cpuOf(TIMES, () => workers[next++ % WORKERS]?.memoryBytes());
  const limits = await cpuOf(TIMES, () => memoryUses({ budgetBytes: 2 ** 29, isolatedBytes: 0 }));
  if (round === 0) continue;
  times["worker"]?.push(worker);
  times["limits"]?.push(limits);
}
const [bare] = measureInTurn(
  [
    {
      name: "one memoryUsage()",
      measure() {
        const began = performance.now();
        for (let at = 0; at < TIMES; at++) process.memoryUsage();
        return ((performance.now() - began) * 1000) / TIMES;
      },
    },
  ],
  rounds,
);
if (!bare) throw new Error("nothing was measured");
const subjects: Measured[] = [
  bare,
  { name: "a look at a worker", times: times["worker"] ?? [] },
  { name: "all limits of the process", times: times["limits"] ?? [] },
];
for (const subject of subjects) console.log(describe(subject, bare, "µs"));
for (const worker of workers) worker.kill();
