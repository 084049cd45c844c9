/**
 * Lets everything happen to a set of 20 plugins that can: kills, stalls, illness, slow starts, swaps, corrupt caches,
 * new starts. Fails where anything does not come to rest, waits for ever or is left behind.
 *
 * `node scripts/chaos.ts [--minutes 30] [--seed 1]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { chaos } from "../test/support/chaos.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "30" }, seed: { type: "string", default: "1" } },
});
const rounds = Math.ceil(Number(values.minutes));
for (let round = 0; round < rounds; round++) {
  const seed = Number(values.seed) + round;
  const root = await mkdtemp(join(tmpdir(), "tradsys-chaos-"));
  const report = await chaos(root, { seed, ms: 60_000 });
  await rm(root, { recursive: true });
  const { rss, heapUsed } = process.memoryUsage();
  console.log(JSON.stringify({ seed, ...report, rssMiB: rss >> 20, heapMiB: heapUsed >> 20 }));
  if (report.stuck > 0 || report.astray.length > 0 || report.left.length > 0) process.exitCode = 1;
}
