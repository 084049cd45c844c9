import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, it, onTestFinished } from "vitest";

import type { Left } from "../../scripts/bench/unload/cycles.ts";
import type { LogEntry } from "../../src/runtime/activate-plugin.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { execute, repository } from "../support/command.ts";
import { activating, applyAll, oneOf, temporaryFolder, type Sample } from "../support/root.ts";

/** Runs a program of this repository that may collect garbage when it likes. */
async function collecting(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(
    process.execPath,
    ["--no-warnings", "--expose-gc", ...args],
    {
      cwd: repository,
    },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** What many starts and stops of a plugin leave behind. */
async function leftBy(
  code: string,
  {
    isolation = "inline",
    swapped = [],
  }: { readonly isolation?: "inline" | "worker"; readonly swapped?: readonly string[] } = {},
): Promise<Left> {
  const folder = await temporaryFolder();
  for (const each of ["a", "b"]) {
    const root = join(folder, each);
    await mkdir(root);
    const plugin: Sample = {
      name: "sample",
      code: activating(`${code}; return { main: { provides: { account: { balances: async () => [] } } } };`),
      facets: { main: { account: "1.0.0" } },
      manifest: { isolation, hostProvided: [] },
    };
    await applyAll(root, await oneOf(root, plugin));
  }
  return JSON.parse(await collecting("scripts/bench/unload/cycles.ts", folder, "12", ...swapped)) as Left;
}

const DATA = `const data = Array.from({ length: 20_000 }, (_, i) => ({ i })); globalThis.witness?.(data)`;

it.each([
  ["nothing going", ""],
  ["timers running", "setInterval(() => data, 1000); setTimeout(() => data, 1e8); setImmediate(() => data)"],
  ["a listener on its signal", `context.signal.addEventListener("abort", () => data)`],
  ["a promise that nothing settles", "new Promise(() => {}).then(() => data)"],
  [
    "work that goes on when it is stopped",
    `(async () => { for (;;) { await new Promise((go) => setTimeout(go, 1)); data.at(0); } })()`,
  ],
])("collects every instance of a plugin that leaves %s", async (_, code) => {
  const { instances, alive, heapBytes } = await leftBy(`${DATA}; ${code}`);
  expect({ instances, alive }).toEqual({ instances: 24, alive: 0 });
  expect(heapBytes[1] / heapBytes[0]).toBeLessThan(1.15);
});

it("collects every instance that another took over from, in a set that runs on", async () => {
  const going = `setInterval(() => data, 1000); context.signal.addEventListener("abort", () => data)`;
  const left = await leftBy(`${DATA}; ${going}`, { swapped: ["@acme/sample"] });
  expect(left).toMatchObject({ instances: 25, alive: 1 });
});

it("would find an instance that is held", async () => {
  expect((await leftBy(`${DATA}; (globalThis.held ??= []).push(data)`)).alive).toBe(24);
});

it("gets the memory of a worker back with the worker", async () => {
  const { heapBytes } = await leftBy(DATA, { isolation: "worker" });
  expect(heapBytes[1] / heapBytes[0]).toBeLessThan(1.15);
});

/** Starts a plugin, stops it, and returns what was logged. */
async function logOf(code: string): Promise<readonly LogEntry[]> {
  const root = await temporaryFolder();
  await applyAll(
    root,
    await oneOf(root, { name: "leaky", code: activating(`${code}; return { main: {} };`) }),
  );
  const log: LogEntry[] = [];
  const runtime = await startRuntime({ root, log: (entry) => void log.push(entry) });
  onTestFinished(async () => void (await runtime.stop()));
  await sleep(20);
  await runtime.stop();
  return log;
}

it("says how many timers a plugin left running, and ends them", async () => {
  const told = `context.log.info("late")`;
  const log = await logOf(
    `setInterval(() => ${told}, 60); setTimeout(() => ${told}, 60); setTimeout(() => {}, 1)`,
  );
  expect(log).toEqual([
    {
      level: "warn",
      plugin: "@acme/leaky@1.0.0",
      message: "left timers running, which were ended",
      fields: { timers: 2 },
    },
  ]);
  await sleep(100);
  expect(log).toHaveLength(1);
});

it("says nothing of timers that are over, and of ones that the plugin ended itself", async () => {
  const code = `clearTimeout(setTimeout(() => {}, 1e6)); setInterval(() => {}, 1e6).close();
    setTimeout(() => {}, 1e6)[Symbol.dispose](); setImmediate(() => {}); setTimeout(() => {}, 1);`;
  expect(await logOf(code)).toEqual([]);
});

it("sets no timer any more for a plugin that was unloaded", async () => {
  await logOf(`globalThis.afterwards = (ran) => setTimeout(ran, 1)`);
  let ran = 0;
  const afterwards = Reflect.get(globalThis, "afterwards") as (ran: () => void) => void;
  Reflect.deleteProperty(globalThis, "afterwards");
  afterwards(() => (ran += 1));
  await sleep(20);
  expect(ran).toBe(0);
});

it("lets a plugin wait for a timer as everywhere", async () => {
  const code = `const wait = require("node:util").promisify(setTimeout);
    return wait(1, "value").then((value) => { context.log.info(value); return { main: {} }; })`;
  expect((await logOf(code)).map(({ message }) => message)).toEqual(["value"]);
});

it("keeps no timer in mind that is over", async () => {
  const program = `
    import { PluginTimers } from "./src/runtime/loading/plugin-timers.ts";
    const timers = new PluginTimers();
    const callbacks = [];
    for (let i = 0; i < 5000; i++) {
      const callback = () => {};
      callbacks.push(new WeakRef(callback));
      timers.setTimeout(callback, 0);
      if (i % 100 === 0) await new Promise((go) => setTimeout(go, 2));
    }
    await new Promise((go) => setTimeout(go, 5));
    globalThis.gc();
    console.log(callbacks.filter((ref) => ref.deref()).length);`;
  expect(Number(await collecting("--input-type=module", "-e", program))).toBeLessThan(500);
});
