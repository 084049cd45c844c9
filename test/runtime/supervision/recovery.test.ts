import { describe, expect, it, onTestFinished } from "vitest";

import { nodeFiles } from "../../../src/platform/files.ts";
import type { Runtime, RuntimeEvent } from "../../../src/runtime/index.ts";
import { startRuntime } from "../../../src/runtime/index.ts";
import { openQuarantine, readQuarantine, release } from "../../../src/store/quarantine.ts";
import { facet } from "../../support/root.ts";
import { ISOLATED, rootWith, withPort, type Actor } from "../isolation/levels.ts";
import { portsOf } from "../isolation/ports.ts";
import { ManualClock } from "./manual-clock.ts";

const stateOf = (runtime: Runtime, name: string) => runtime.status().get(facet(`${name}#main`))?.state;

const reaches = async (runtime: Runtime, name: string, state: string): Promise<void> =>
  await expect.poll(() => stateOf(runtime, name), { timeout: 20_000, interval: 5 }).toBe(state);

const told = ({ events }: Runtime, ...kinds: readonly RuntimeEvent["event"][]) =>
  events.since(0).filter(({ event }) => kinds.includes(event));

async function supervise(actors: readonly Actor[], clock = new ManualClock()) {
  const root = await rootWith(actors);
  const entries: string[] = [];
  const runtime = await startRuntime({
    root,
    supervision: { clock },
    log: ({ plugin, message }) => void entries.push(`${plugin.slice(6, plugin.lastIndexOf("@"))} ${message}`),
  });
  onTestFinished(async () => void (await runtime.stop()));
  return { root, runtime, clock, entries, ask: portsOf(runtime).ask };
}

/** Methods of a plugin that can be made to end, and that tells of its life. */
const fragile = withPort(`async end() { process.exit(7); }, async ping() { return context.plugin.version; }`);
const telling = (methods: string) =>
  `return { main: { provides: { account: { ${methods} } },
    start() { context.log.info("starts"); }, quiesce() { context.log.info("quiesces"); }, stop() { context.log.info("stops"); } } };`;

describe.each(ISOLATED)("a plugin in a %s that crashes", (level) => {
  it("takes at once what cannot do without it, and brings it back in order", async () => {
    const { runtime, clock, entries, ask } = await supervise([
      { name: "venue", level, code: fragile },
      { name: "risk", uses: ["venue"], code: telling("async ping() { return 1; }") },
      { name: "orders", uses: ["risk"], code: telling("async ping() { return 2; }") },
      { name: "apart", code: telling("async ping() { return 3; }") },
    ]);
    entries.length = 0;
    await expect(ask("venue", "end")).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
    expect(["venue", "risk", "orders", "apart"].map((name) => stateOf(runtime, name))).toEqual([
      "restarting",
      "blocked",
      "blocked",
      "ready",
    ]);
    await expect(ask("venue", "ping")).rejects.toMatchObject({
      code: "PLUGIN_CRASHED",
      outcome: "not-sent",
      retryable: true,
    });
    await expect(ask("orders", "ping")).rejects.toMatchObject({ outcome: "not-sent", retryable: true });
    expect(await ask("apart", "ping")).toBe(3);
    await expect
      .poll(() => entries)
      .toEqual(["orders quiesces", "orders stops", "risk quiesces", "risk stops"]);
    await clock.advance(999);
    expect(stateOf(runtime, "venue")).toBe("restarting");
    await clock.advance(1);
    await reaches(runtime, "orders", "ready");
    expect(entries.slice(4)).toEqual(["risk starts", "orders starts"]);
    expect(await ask("venue", "ping")).toBe("1.0.0");
    await expect
      .poll(() => told(runtime, "crashed", "restarting", "recovered").map(({ event }) => event))
      .toEqual(["crashed", "restarting", "recovered"]);
  });
});

it("holds back what crashes once too often, for the next process too, until it is released", async () => {
  const venue = { name: "venue", level: "worker" as const, code: fragile };
  const desk = { name: "desk", uses: ["venue"], code: telling("") };
  const { root, runtime, clock, ask } = await supervise([venue, desk]);
  for (const inMs of [1000, 2000, 4000]) {
    await expect(ask("venue", "end")).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
    expect(told(runtime, "restarting").at(-1)).toMatchObject({ inMs });
    await clock.advance(inMs);
    await reaches(runtime, "desk", "ready");
  }
  await expect(ask("venue", "end")).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
  expect(stateOf(runtime, "venue")).toBe("quarantined");
  expect(stateOf(runtime, "desk")).toBe("blocked");
  const content = runtime.plugins.find(({ name }) => name === "@acme/venue")?.content;
  if (!content) throw new Error("there is no venue");
  await expect
    .poll(async () => (await readQuarantine(nodeFiles, root)).get(content))
    .toMatchObject({
      plugin: "@acme/venue@1.0.0",
      reason: expect.stringMatching(/^it crashed 4 times within 60 s, last: .*crashed/),
    });
  await runtime.stop();
  await expect(startRuntime({ root })).rejects.toMatchObject({
    diagnostics: [{ code: "QUARANTINED" }, { code: "BLOCKED" }],
  });
  await release(nodeFiles, root, content);
  const again = await startRuntime({ root });
  expect(stateOf(again, "venue")).toBe("ready");
  await again.stop();
});

it("starts what was released again without a new process", async () => {
  const { root, runtime, clock, ask } = await supervise([{ name: "venue", level: "worker", code: fragile }]);
  for (const inMs of [1000, 2000, 4000]) {
    await ask("venue", "end").catch(() => undefined);
    await clock.advance(inMs);
    await reaches(runtime, "venue", "ready");
  }
  await ask("venue", "end").catch(() => undefined);
  const [plugin] = runtime.plugins;
  if (!plugin) throw new Error("there is no plugin");
  await expect.poll(async () => (await readQuarantine(nodeFiles, root)).size).toBe(1);
  await runtime.demand(facet("venue#main"));
  expect(stateOf(runtime, "venue")).toBe("quarantined");
  await release(nodeFiles, root, plugin.content);
  await runtime.demand(facet("venue#main"));
  expect(stateOf(runtime, "venue")).toBe("ready");
});

it("counts a start that the process did not survive, and holds back what was starting in two of them", async () => {
  const { root, runtime } = await supervise([{ name: "venue", code: fragile }]);
  const [plugin] = runtime.plugins;
  if (!plugin) throw new Error("there is no plugin");
  await runtime.stop();
  const open = async () => openQuarantine(runtime.plugins, { files: nodeFiles, root, now: new Date(0) });
  for (let died = 0; died < 2; died++) {
    const { held, marks } = await open();
    expect([...held.keys()]).toEqual([]);
    marks?.begin(plugin.content);
  }
  expect([...(await open()).held]).toEqual([
    [
      plugin.content,
      {
        plugin: "@acme/venue@1.0.0",
        reason: "the process ended 2 times while it was starting",
        since: "1970-01-01T00:00:00.000Z",
      },
    ],
  ]);
});

it("forgets an interrupted start after one that went well", async () => {
  const { root, runtime } = await supervise([{ name: "venue", code: fragile }]);
  const [plugin] = runtime.plugins;
  if (!plugin) throw new Error("there is no plugin");
  await runtime.stop();
  for (let round = 0; round < 4; round++) {
    const { held, marks } = await openQuarantine(runtime.plugins, {
      files: nodeFiles,
      root,
      now: new Date(0),
    });
    expect(held.size).toBe(0);
    marks?.begin(plugin.content);
    if (round % 2 === 0) continue;
    marks?.end(plugin.content);
    marks?.close();
  }
});

it("starts anew what says three times in a row that it is not well, with the state that it last gave", async () => {
  const code = `let count = 0, isIll = false; return { main: {
    provides: { account: { async next() { return ++count; }, async fallIll() { isIll = true; } } },
    snapshot: () => ({ count }), restore(state) { count = state.count; },
    health() { if (isIll) throw new Error("lost its session"); } } };`;
  const state = { schemaVersion: 1, canRestoreFrom: "*" };
  const { runtime, clock, ask } = await supervise([{ name: "venue", code, manifest: { state } }]);
  expect([await ask("venue", "next"), await ask("venue", "next")]).toEqual([1, 2]);
  await clock.advance(5000);
  await ask("venue", "next");
  await ask("venue", "fallIll");
  await clock.advance(5000);
  await reaches(runtime, "venue", "degraded");
  await clock.advance(5000);
  await clock.advance(5000);
  await reaches(runtime, "venue", "restarting");
  await clock.advance(1000);
  await reaches(runtime, "venue", "ready");
  // What it did after its last look was not kept; what it knew by then was.
  expect(await ask("venue", "next")).toBe(3);
});

it("goes on with less where an optional provider or one of many has gone, says so, and is whole again after it", async () => {
  const optional = {
    port: "account",
    range: "*",
    when: "start",
    optional: true,
    cardinality: "many",
  } as const;
  const needs = { ...optional, optional: false };
  const facets = (requires: readonly (typeof optional | typeof needs)[]) => ({
    main: { provides: { account: "1.0.0" }, requires },
  });
  const { runtime, clock, ask } = await supervise([
    { name: "one", level: "worker", code: fragile },
    { name: "two", code: fragile },
    { name: "extra", uses: ["one"], code: telling(""), manifest: { facets: facets([optional]) } },
    { name: "any", uses: ["one", "two"], code: telling(""), manifest: { facets: facets([needs]) } },
    { name: "only", uses: ["one"], code: telling(""), manifest: { facets: facets([needs]) } },
  ]);
  await ask("one", "end").catch(() => undefined);
  expect(["extra", "any", "only"].map((name) => runtime.status().get(facet(`${name}#main`)))).toEqual([
    { state: "degraded", reason: "it lacks @acme/one#main" },
    { state: "degraded", reason: "it lacks @acme/one#main" },
    { state: "blocked", by: facet("one#main") },
  ]);
  await clock.advance(1000);
  for (const name of ["extra", "any", "only"]) await reaches(runtime, name, "ready");
});
