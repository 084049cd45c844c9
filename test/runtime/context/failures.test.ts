import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import type { PluginFailure } from "../../../src/runtime/index.ts";
import { rootWith, start, withPort } from "../isolation/levels.ts";

/** The ways in which something can be thrown while nobody is there to catch it. */
const FAILING = {
  "in a timer": "setTimeout(() => { throw new Error('lost'); })",
  "in a promise that nobody awaits": "void Promise.reject(new Error('lost'))",
  "in a microtask": "queueMicrotask(() => { throw new Error('lost'); })",
  "in an async function": "void (async () => { await null; throw new Error('lost'); })()",
  "in a listener of the host's": "host.once('tick', () => { throw new Error('lost'); })",
  "and is no error": "setTimeout(() => { throw 'lost'; })",
} as const;

const LISTENED = ["uncaughtException", "unhandledRejection"] as const;

/** Fails in `start`, or in a method that an inline plugin calls. */
const failing = (work: string): string =>
  `const host = require("emitter");
   return { main: { start() { ${work} }, provides: { account: { async fail() { ${work} } } } } };`;

it.each(Object.entries(FAILING))("names the plugin that fails %s", async (_, work) => {
  const failures: PluginFailure[] = [];
  const host = new EventEmitter();
  // The test runner takes these for failures of the test.
  const theirs = LISTENED.map((event) => [event, process.rawListeners(event)] as const);
  for (const event of LISTENED) process.removeAllListeners(event);
  try {
    await start(
      [
        { name: "innocent", code: withPort("") },
        { name: "guilty", code: failing(work), manifest: { hostProvided: ["emitter"] } },
      ],
      { onFailure: (failure) => void failures.push(failure), hostModules: { emitter: host } },
    );
    setImmediate(() => host.emit("tick"));
    await expect.poll(() => failures.length).toBe(1);
  } finally {
    for (const [event, listeners] of theirs) {
      for (const listener of listeners) process.on(event, listener as () => void);
    }
  }
  expect(failures[0]?.plugin).toMatch(/guilty@1\.0\.0$/);
  expect(String(failures[0]?.error)).toContain("lost");
});

it("blames the plugin whose code failed, not the one that called it", async () => {
  const root = await rootWith([
    { name: "guilty", code: withPort("async fail() { setTimeout(() => { throw new Error('lost'); }); }") },
    {
      name: "innocent",
      uses: ["guilty"],
      code: `return { main: { start: () => context.ports.one("account").fail(), provides: { account: {} } } };`,
    },
  ]);
  const run = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("host-with-reports.ts", import.meta.url)), root],
    {
      encoding: "utf8",
    },
  );
  expect(run.stdout).toMatch(/guilty@1\.0\.0: lost/);
  // The host's own failure still ends it.
  expect(run.stderr).toContain("the host's own");
  expect(run.status).not.toBe(0);
});
