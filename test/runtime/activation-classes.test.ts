import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import type { BundleManifest } from "../../src/domain/bundle.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import type { Subscribed } from "../../src/runtime/subscription.ts";
import {
  activating,
  applyAll,
  facet,
  generationOf,
  publishSample,
  temporaryFolder,
  type Wiring,
} from "../support/root.ts";

type Changes = Partial<Omit<BundleManifest, "files">>;

interface Plugin extends Wiring {
  readonly manifest?: Changes;
  /** Body of `activate`; by default it tells that it was activated. */
  readonly code?: string;
  readonly provides?: Readonly<Record<string, string>>;
}

/** A root with these plugins, each with one facet `main`, and what they tell. */
async function rootOf(plugins: Readonly<Record<string, Plugin>>) {
  const root = await temporaryFolder();
  const events: string[] = [];
  const published = [];
  for (const [name, { manifest = {}, code = `return { main: {} };`, provides = {} }] of Object.entries(
    plugins,
  )) {
    published.push(
      await publishSample(root, {
        name,
        facets: { main: provides },
        manifest: { hostProvided: ["recorder"], ...manifest },
        code: `const tell = require("recorder");\n${activating(`tell("${name}"); ${code}`)}`,
      }),
    );
  }
  const facets = Object.fromEntries(
    Object.entries(plugins).map(([name, wiring]) => [`${name}#main`, wiring]),
  );
  await applyAll(root, generationOf(published, facets));
  return { root, events, hostModules: { recorder: (event: string) => void events.push(event) } };
}

it("is ready without background plugins, which start after it, and without lazy ones, which do not", async () => {
  const { root, events, hostModules } = await rootOf({
    lazy: { manifest: { activation: "lazy" } },
    background: { manifest: { activation: "background" } },
    critical: {},
  });
  const runtime = await startRuntime({ root, hostModules });
  expect(events).toEqual(["critical"]);
  await runtime.background;
  expect(events).toEqual(["critical", "background"]);
  expect(runtime.status().get(facet("lazy#main"))).toEqual({ state: "waiting" });
  await runtime.stop();
  expect(events).toHaveLength(2);
});

it("starts what others wait for as early as they start", async () => {
  const { root, events, hostModules } = await rootOf({
    calendar: { manifest: { activation: "lazy" } },
    feed: { manifest: { activation: "background" }, after: ["calendar#main"] },
    desk: { after: ["feed#main"] },
    other: { manifest: { activation: "lazy" } },
  });
  const runtime = await startRuntime({ root, hostModules });
  expect(events).toEqual(["calendar", "feed", "desk"]);
  await runtime.stop();
});

it("starts a lazy plugin and what it waits for when a port of it is first used, once for all users", async () => {
  const { root, events, hostModules } = await rootOf({
    base: { manifest: { activation: "lazy" } },
    venue: {
      manifest: { activation: "lazy" },
      after: ["base#main"],
      provides: { account: "1.0.0" },
      code: `return { main: { provides: { account: { balances: async () => ["1 BTC"] } } } };`,
    },
  });
  const runtime = await startRuntime({ root, hostModules });
  expect(events).toEqual([]);
  const account = runtime.ports.one("account");
  expect(await Promise.all([account.balances(), account.balances()])).toEqual([["1 BTC"], ["1 BTC"]]);
  expect(events).toEqual(["base", "venue"]);
  expect(await account.balances()).toEqual(["1 BTC"]);
  await runtime.stop();
  expect(() => account.balances()).toThrow("which is not ready");
});

const failing = `return { main: { start() { throw new Error("no route"); } } };`;

const LAZY_VENUE: Plugin = {
  manifest: { activation: "lazy" },
  provides: { account: "1.0.0" },
  code: `
    async function* events() { yield "1 BTC"; yield "2 BTC"; }
    const subscribe = (name) => { tell("subscribed " + name); return { events: events(), close: () => tell("closed") }; };
    return { main: { provides: { account: { subscribe } } } };`,
};

/** A port of a test that can be subscribed to. */
const subscribeTo = ({ ports }: Runtime, name: string): Subscribed =>
  (ports.one("account") as unknown as { subscribe(name: string): Subscribed }).subscribe(name);

it("gives a subscription at once where the first use of a lazy plugin is one, and opens it once it is ready", async () => {
  const { root, events, hostModules } = await rootOf({ venue: LAZY_VENUE });
  const runtime = await startRuntime({ root, hostModules });
  const first = subscribeTo(runtime, "first");
  const second = subscribeTo(runtime, "second");
  expect(await Array.fromAsync(first.events)).toEqual(["1 BTC", "2 BTC"]);
  for await (const event of second.events) {
    expect(event).toBe("1 BTC");
    break;
  }
  expect(events).toEqual(["venue", "subscribed first", "subscribed second", "closed", "closed"]);
  await runtime.stop();
});

it("never opens a subscription that was closed before its provider was ready", async () => {
  const { root, events, hostModules } = await rootOf({ venue: LAZY_VENUE });
  const runtime = await startRuntime({ root, hostModules });
  const unread = subscribeTo(runtime, "unread");
  const read = subscribeTo(runtime, "read");
  const reading = Array.fromAsync(read.events);
  unread.close();
  read.close();
  expect(await reading).toEqual([]);
  expect(await Array.fromAsync(unread.events)).toEqual([]);
  await runtime.demand(facet("venue#main"));
  expect(events).toEqual(["venue"]);
  await runtime.stop();
});

it("tells the reader of a subscription why its provider did not become ready", async () => {
  const { root, hostModules } = await rootOf({ venue: { ...LAZY_VENUE, code: failing } });
  const runtime = await startRuntime({ root, hostModules });
  subscribeTo(runtime, "nobody reads this one");
  const { events } = subscribeTo(runtime, "first");
  await expect(Array.fromAsync(events)).rejects.toMatchObject({
    code: "START_FAILED",
    message: "@acme/venue#main failed to start: no route",
  });
  await runtime.stop();
});

it("tries a failed plugin again on demand, not before its time, and with a new instance", async () => {
  const { root, events, hostModules } = await rootOf({
    flaky: {
      manifest: { activation: "lazy" },
      code: `globalThis.flakyTries = (globalThis.flakyTries ?? 0) + 1;
        return { main: { start() { if (globalThis.flakyTries < 2) throw new Error("venue is closed"); } } };`,
    },
  });
  const runtime = await startRuntime({ root, hostModules });
  const failure = { code: "START_FAILED", message: "@acme/flaky#main failed to start: venue is closed" };
  // The second waits for the first, and looks again at the moment at which that has failed.
  const both = await Promise.allSettled([0, 1].map(() => runtime.demand(facet("flaky#main"))));
  expect(both).toMatchObject([{ reason: failure }, { reason: failure }]);
  expect(events).toEqual(["flaky"]);
  await setTimeout(110);
  await runtime.demand(facet("flaky#main"));
  expect(events).toEqual(["flaky", "flaky"]);
  expect(runtime.status().get(facet("flaky#main"))).toEqual({ state: "ready" });
  await runtime.stop();
});

const withFailure = (bad: Changes, next: Changes) =>
  rootOf({
    bad: { manifest: bad, code: failing },
    next: { manifest: next, after: ["bad#main"] },
    far: { manifest: { criticality: "optional" }, after: ["next#main"] },
    apart: {},
  });

it.each([
  [
    { onBootFailure: "abort", criticality: "optional" },
    [
      "@acme/bad#main failed to start: no route",
      "@acme/next#main was not started: @acme/bad#main did not become ready",
    ],
  ],
  [
    { onBootFailure: "skip", criticality: "critical" },
    ["@acme/next#main was not started: @acme/bad#main did not become ready"],
  ],
] as const)(
  "gives up where a plugin that fails, or one that it blocks, is not to be missed: %j",
  async (bad, messages) => {
    const { root, hostModules } = await withFailure(bad, { criticality: "important" });
    await expect(startRuntime({ root, hostModules })).rejects.toMatchObject({
      diagnostics: messages.map((message) => ({ message })),
    });
  },
);

it.each([
  [{ onBootFailure: "skip", criticality: "critical" }, { criticality: "optional" }],
  [{ onBootFailure: "degrade", criticality: "critical" }, { criticality: "critical" }],
] as const)("goes on without a plugin that says %j, and without what it blocks, %j", async (bad, next) => {
  const { root, hostModules } = await withFailure(bad, next);
  const runtime = await startRuntime({ root, hostModules });
  expect(Object.fromEntries(runtime.status())).toMatchObject({
    "@acme/bad#main": { state: "failed" },
    "@acme/next#main": { state: "blocked", by: "@acme/bad#main" },
    "@acme/far#main": { state: "blocked", by: "@acme/next#main" },
    "@acme/apart#main": { state: "ready" },
  });
  await runtime.stop();
});

it("names the deepest facet that a start waits for when the time for all is over, and what it kept from starting", async () => {
  const hanging = `return { main: { start: () => new Promise(() => {}) } };`;
  const resources = { memoryMiB: 1, startTimeoutMs: 60_000, drainTimeoutMs: 10, stopTimeoutMs: 10 };
  const { root, hostModules } = await rootOf({
    alone: { manifest: { resources }, code: hanging },
    venue: { manifest: { resources }, code: hanging },
    risk: { after: ["venue#main"] },
    orders: { after: ["risk#main"] },
  });
  await expect(startRuntime({ root, hostModules, limitMs: 300 })).rejects.toMatchObject({
    diagnostics: [
      {
        code: "START_TIMEOUT",
        message: expect.stringMatching(
          /^the 300 ms for the whole start were over, and @acme\/venue#main was not ready after \d+ ms, which kept @acme\/risk#main → @acme\/orders#main from starting$/,
        ),
      },
      { code: "START_TIMEOUT", message: expect.stringContaining("@acme/alone#main") },
      { code: "BLOCKED" },
      { code: "BLOCKED" },
    ],
  });
});

it("reports what each plugin spent its start with, and the chain that decided when all was ready", async () => {
  const { root, hostModules } = await rootOf({
    venue: { code: `return { main: { start: () => new Promise((done) => setTimeout(done, 30)) } };` },
    quick: {},
    risk: { after: ["quick#main", "venue#main"] },
  });
  const runtime = await startRuntime({ root, hostModules });
  const { report } = runtime;
  await runtime.stop();
  expect(report.criticalPath).toEqual([facet("venue#main"), facet("risk#main")]);
  expect(report.codeCache).toEqual({ state: "missing", hits: 0, misses: 3, rejected: [] });
  const phases = report.spans.filter(({ plugin }) => plugin === "@acme/risk").map(({ phase }) => phase);
  expect(phases).toEqual(["compile", "evaluate", "activate", "start"]);
  expect(report.spans.every(({ fromMs, toMs }) => 0 <= fromMs && fromMs <= toMs)).toBe(true);
});
