/**
 * What loading and unloading leaves behind: `unload.ts [CYCLES]`. Plugins of 200 kB code, each with 2 MB of numbers and
 * 20,000 objects, that leave a timer and a listener behind; eight different ones, started and stopped in turn.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Manifest } from "../../src/domain/manifest.ts";
import { activateRoot } from "./calls/root.ts";
import { sourcesOf } from "./preload/generate.ts";
import type { Left } from "./unload/cycles.ts";

const CYCLES = join(import.meta.dirname, "unload/cycles.ts");
const VARIANTS = 8;

const cycles = Number(process.argv[2] ?? 200);
const folder = mkdtempSync(join(tmpdir(), "unload-"));
try {
  for (const level of ["inline", "worker"] as const) report(level, await measure(level));
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(isolation: Manifest["isolation"]): Promise<Left> {
  for (let i = 0; i < VARIANTS; i++) {
    const code = wasteful(sourcesOf(i, 200_000).cjs);
    await activateRoot(join(folder, isolation, String(i)), [{ name: "p", isolation, code }]);
  }
  const args = ["--no-warnings", "--expose-gc", CYCLES, join(folder, isolation), String(cycles)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Left;
}

function wasteful(code: string): string {
  return `const module = { exports: {} };
${code}
module.exports.default.activate();
const numbers = new Float64Array(2 ** 18);
const objects = Array.from({ length: 20_000 }, (_, i) => ({ i, numbers }));
globalThis.witness?.(objects);
setInterval(() => objects.length, 1000);
context.signal.addEventListener("abort", () => objects.length);
return { main: { provides: { account: { balances: async () => [String(objects.length)] } } } };`;
}

function report(level: string, { heapBytes, rssBytes, instances, alive }: Left): void {
  const line = ([base, end]: readonly [number, number, ...number[]]): string =>
    `${mebi(base)} to ${mebi(end)} MiB, ${(end / base).toFixed(2)} of it, ${((end - base) / 2 ** 20 / cycles).toFixed(3)} MiB a cycle`;
  const [base, , idle] = rssBytes;
  console.log(`${level}, ${cycles} cycles after the first ones`);
  console.log(`  heap  ${line(heapBytes)}`);
  console.log(`  RSS   ${line(rssBytes)}; ${mebi(idle)} MiB once idle, ${(idle / base).toFixed(2)} of it`);
  if (instances > 0) console.log(`  ${alive} of ${instances} instances not collected`);
}

function mebi(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
