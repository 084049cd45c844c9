import { setImmediate, setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import type { StartableFacet } from "../../src/runtime/lifecycle/facet-run.ts";
import { facet } from "../support/root.ts";
import { startable, startFacets } from "./startable.ts";

const start = (...facets: readonly StartableFacet[]) => startFacets(facets);
const never = Promise.withResolvers<never>().promise;

it("has no barriers: a slow facet holds up only what waits for it", async () => {
  const order: string[] = [];
  const slow = Promise.withResolvers<void>();
  const says = (name: string) => ({ start: () => void order.push(name) });
  const started = start(
    startable("slow#main", { start: () => slow.promise }),
    startable("first#main", says("first")),
    startable("second#main", says("second"), { after: [facet("first#main")] }),
    startable("last#main", says("last"), { after: [facet("slow#main"), facet("second#main")] }),
  );
  await setImmediate();
  expect(order).toEqual(["first", "second"]);
  slow.resolve();
  expect((await started).status().get(facet("last#main"))).toEqual({ state: "ready" });
  expect(order).toEqual(["first", "second", "last"]);
});

it("stops a facet whose start failed at once, once, and blocks what waits for it by name", async () => {
  const stops: string[] = [];
  const started = await start(
    startable("bad#main", {
      start: () => Promise.reject(new Error("no route to venue")),
      stop: () => void stops.push("bad"),
    }),
    startable("next#main", {}, { after: [facet("bad#main")] }),
    startable("far#main", {}, { after: [facet("next#main")] }),
    startable("apart#main", { stop: () => void stops.push("apart") }),
  );
  await setImmediate();
  expect(stops).toEqual(["bad"]);
  expect(Object.fromEntries(started.status())).toMatchObject({
    "@acme/bad#main": {
      state: "failed",
      error: { code: "START_FAILED", message: "@acme/bad#main failed to start: no route to venue" },
    },
    "@acme/next#main": { state: "blocked", by: "@acme/bad#main" },
    "@acme/far#main": { state: "blocked", by: "@acme/next#main" },
    "@acme/apart#main": { state: "ready" },
  });
  expect(await started.stop()).toEqual([]);
  expect(stops).toEqual(["bad", "apart"]);
});

it("names a facet that is late, and disposes of what it delivers afterwards", async () => {
  const late = Promise.withResolvers<void>();
  const events: string[] = [];
  const started = await start(
    startable(
      "late#main",
      { start: () => late.promise, stop: () => void events.push("stopped") },
      { startTimeoutMs: 5, stopTimeoutMs: 1 },
    ),
  );
  expect(started.status().get(facet("late#main"))).toMatchObject({
    state: "failed",
    error: { code: "START_TIMEOUT", message: "@acme/late#main was not ready after 5 ms" },
  });
  // Much longer than it has for its stop: until it is told to stop, it may take its time.
  await setTimeout(20);
  expect(events).toEqual([]);
  events.push("delivered");
  late.resolve();
  await setImmediate();
  expect(events).toEqual(["delivered", "stopped"]);
  expect(await started.stop()).toEqual([]);
  expect(events).toHaveLength(2);
});

it("does not start what was activated too late", async () => {
  const activated = Promise.withResolvers<{ start(): void; stop(): void }>();
  const calls: string[] = [];
  const started = await start(
    startable("late#main", {}, { startTimeoutMs: 5, handle: () => activated.promise }),
  );
  activated.resolve({ start: () => void calls.push("start"), stop: () => void calls.push("stop") });
  await setImmediate();
  await started.stop();
  expect(calls).toEqual([]);
});

it("survives a rejection that comes after the time was up", async () => {
  const late = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  const started = await start(
    startable("late#main", { start: () => late.promise }, { startTimeoutMs: 5 }),
    startable("stuck#main", { stop: () => stuck.promise }, { stopTimeoutMs: 5 }),
  );
  late.reject(new Error("too late"));
  expect(await started.stop()).toMatchObject([{ code: "STOP_TIMEOUT" }]);
  stuck.reject(new Error("much too late"));
  // An unhandled rejection would fail the whole test run.
  await setImmediate();
});

it("stops a facet whose start never ends, after waiting as long as for a stop", async () => {
  const stops: string[] = [];
  const started = await start(
    startable(
      "hung#main",
      { start: () => never, stop: () => void stops.push("hung") },
      { startTimeoutMs: 5, stopTimeoutMs: 5 },
    ),
  );
  expect(stops).toEqual([]);
  expect(await started.stop()).toEqual([]);
  expect(stops).toEqual(["hung"]);
});

it("goes on stopping when one facet fails to stop and another hangs, and tells of both", async () => {
  const stops: string[] = [];
  const started = await start(
    startable("first#main", { stop: () => void stops.push("first") }),
    startable("fails#main", {
      stop() {
        throw new Error("socket is gone");
      },
    }),
    startable("hangs#main", { stop: () => never }, { stopTimeoutMs: 5 }),
  );
  expect(await started.stop()).toMatchObject([
    { code: "STOP_TIMEOUT", message: "@acme/hangs#main had not stopped after 5 ms" },
    { code: "STOP_FAILED", message: "@acme/fails#main failed to stop: socket is gone" },
  ]);
  expect(stops).toEqual(["first"]);
  expect(started.status().get(facet("first#main"))).toEqual({ state: "stopped" });
  expect(started.status().get(facet("fails#main"))).toMatchObject({ state: "failed" });
});

it("stops once, however often and however early it is asked again", async () => {
  const stops: string[] = [];
  const stopping = Promise.withResolvers<void>();
  const started = await start(
    startable("a#main", {
      stop() {
        stops.push("a");
        return stopping.promise;
      },
    }),
  );
  const [first, second] = [started.stop(), started.stop()];
  stopping.resolve();
  expect(await Promise.all([first, second, started.stop()])).toEqual([[], [], []]);
  expect(stops).toEqual(["a"]);
});

it("refuses a facet that lacks a port it promises, and stops it", async () => {
  const stops: string[] = [];
  const started = await start(
    startable("a#main", { stop: () => void stops.push("a") }, { promises: ["account"] }),
  );
  await setImmediate();
  expect(started.status().get(facet("a#main"))).toMatchObject({
    error: {
      code: "START_FAILED",
      message: "@acme/a#main promises the port account and does not provide it",
    },
  });
  expect(stops).toEqual(["a"]);
});

it("can be called off while it starts: what is not ready fails, what is ready is stopped", async () => {
  const off = new AbortController();
  const said: string[] = [];
  const starting = startFacets(
    [
      startable("quick#main", { stop: () => void said.push("quick stopped") }),
      startable(
        "stuck#main",
        { start: () => never, stop: () => void said.push("stuck stopped") },
        { stopTimeoutMs: 20 },
      ),
      startable(
        "after#main",
        { start: () => void said.push("after started") },
        { after: [facet("stuck#main")] },
      ),
    ],
    { signal: off.signal },
  );
  await setImmediate();
  off.abort();
  const started = await starting;
  expect(started.status().get(facet("stuck#main"))).toMatchObject({
    state: "failed",
    error: {
      code: "START_FAILED",
      message: `the start was called off before ${facet("stuck#main")} was ready`,
    },
  });
  expect(started.status().get(facet("after#main"))).toEqual({ state: "blocked", by: facet("stuck#main") });
  await started.stop();
  expect(said).toEqual(["stuck stopped", "quick stopped"]);
});
