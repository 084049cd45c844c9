/**
 * A host with a small heap whose plugins hold as much as the load says and their mode lets them: `exhaustion-host.ts ROOT`.
 * Prints what happened, a line of JSON for each, and ends with status 0 when everything is as it was before.
 */
import { setTimeout as delay } from "node:timers/promises";

import { startRuntime } from "../../../src/runtime/index.ts";

const PEAK_MIB = 44;
const SAMPLE_MS = 20;

let loadMiB = 0;
const say = (line: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`);

const runtime = await startRuntime({
  root: process.argv[2] ?? "",
  hostModules: { load: () => loadMiB },
  resources: { sampleMs: SAMPLE_MS, readKernelFile: () => undefined },
});
await runtime.background;
runtime.events.listen((event) => {
  if (event.event === "mode" || event.event === "pressure") say({ ...event });
});

for (; loadMiB < PEAK_MIB; loadMiB += 0.5) await delay(50);
say({ event: "peak", pressure: runtime.pressure() });
await delay(500);
for (; loadMiB > 0; loadMiB -= 1) await delay(20);
for (let waited = 0; waited < 30_000 && runtime.pressure().degraded.length > 0; waited += 50) await delay(50);
say({
  event: "end",
  pressure: runtime.pressure(),
  serving: [...runtime.status().values()].filter(({ state }) => state === "ready").length,
});
await runtime.stop();
