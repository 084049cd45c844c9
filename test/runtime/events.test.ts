import { expect, it } from "vitest";

import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { EventChannel } from "../../src/runtime/supervision/events.ts";
import { applyAll, digestOf, facet, oneOf, temporaryFolder } from "../support/root.ts";

const at = new Date("2026-03-15T12:00:00Z");
const failing = facet("a#main");

it("numbers what happens, remembers the last thousand, and tells who listens until they leave", () => {
  const channel = new EventChannel(() => at);
  const heard: number[] = [];
  const leave = channel.listen(({ seq }) => void heard.push(seq));
  channel.listen(() => {
    throw new Error("a broken listener");
  });
  for (let told = 0; told < 5000; told++) {
    if (told === 3) leave();
    channel.tell({ event: "facet", facet: failing, state: { state: "starting" } });
  }
  expect(heard).toEqual([0, 1, 2]);
  expect(channel.since(0).map(({ seq }) => seq)).toEqual(Array.from({ length: 1000 }, (_, i) => 4000 + i));
  expect(channel.since(4998)).toEqual(
    [4998, 4999].map((seq) => ({
      event: "facet",
      facet: failing,
      state: { state: "starting" },
      seq,
      atMs: at.getTime(),
    })),
  );
});

it("keeps what a listener failed to take, up to a bound, and counts the rest", () => {
  const channel = new EventChannel(() => at);
  channel.listen(({ seq }) => {
    if (seq % 2 === 1) throw new Error(`cannot take ${seq}`);
  });
  for (let told = 0; told < 300; told++) {
    channel.tell({ event: "facet", facet: failing, state: { state: "starting" } });
  }
  const { count, last } = channel.undelivered();
  expect(count).toBe(150);
  expect(last).toHaveLength(100);
  expect(last.at(-1)).toMatchObject({ event: { seq: 299 }, reason: "cannot take 299" });
});

it("tells everybody in one order, also what a listener tells in answer", () => {
  const channel = new EventChannel(() => at);
  const heard: number[] = [];
  channel.listen(({ seq }) => {
    if (seq < 3) channel.tell({ event: "facet", facet: failing, state: { state: "stopping" } });
  });
  channel.listen(({ seq }) => void heard.push(seq));
  channel.tell({ event: "facet", facet: failing, state: { state: "starting" } });
  expect(heard).toEqual([0, 1, 2, 3]);
});

it("tells the whole life of a set", async () => {
  const root = await temporaryFolder();
  const generation = await oneOf(root, { name: "sample" });
  await applyAll(root, generation);
  const runtime = await startRuntime({ root });
  expect(runtime.instances()).toMatchObject([
    { name: "@acme/sample", version: "1.0.0", level: "inline", facets: ["@acme/sample#main"] },
  ]);
  await runtime.stop();
  const told = runtime.events
    .since(0)
    .map((event) => (event.event === "facet" ? event.state.state : event.event));
  expect(told).toEqual([
    "starting",
    "ready",
    "started",
    "stopping",
    "draining",
    "stopping",
    "stopped",
    "stopped",
  ]);
  expect(runtime.events.since(0).at(-1)).toMatchObject({
    event: "stopped",
    generation: digestOf(generation),
  });
});
