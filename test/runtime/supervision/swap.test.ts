import { setImmediate, setTimeout as delay } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";

import { applyPlan } from "../../../src/activation/activate.ts";
import { canonical } from "../../../src/domain/canonical.ts";
import type { Generation } from "../../../src/domain/plan.ts";
import { nodeFiles } from "../../../src/platform/files.ts";
import { startRuntime, type IsolationLevel, type Runtime } from "../../../src/runtime/index.ts";
import { generationFolder, rootPaths } from "../../../src/store/generations.ts";
import {
  activating,
  activation,
  digestOf,
  facet,
  generationOf,
  planFrom,
  publishSample,
  temporaryFolder,
} from "../../support/root.ts";
import { LEVELS } from "../isolation/levels.ts";
import { portsOf } from "../isolation/ports.ts";

interface Release {
  readonly name: string;
  readonly version: string;
  readonly code: string;
  readonly level?: IsolationLevel;
  readonly uses?: readonly string[];
  readonly manifest?: Parameters<typeof publishSample>[1]["manifest"];
}

/** A generation of these releases in a root. */
async function generation(root: string, releases: readonly Release[]): Promise<Generation> {
  const plugins = [];
  for (const { name, version, code, level = "inline", manifest } of releases) {
    plugins.push(
      await publishSample(root, {
        name,
        version,
        code: `module.exports.default = { async activate(context) { ${code} } };\n`,
        facets: { main: { account: "1.0.0" } },
        manifest: { hostProvided: [], isolation: level, ...manifest },
      }),
    );
  }
  const wiring = releases.map(({ name, uses = [] }) => {
    const needed = uses.map((used) => `${used}#main`);
    return [`${name}#main`, { after: needed, ports: { account: needed } }] as const;
  });
  return generationOf(
    plugins.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    Object.fromEntries(wiring),
  );
}

/** Starts a set in a root of its own; `apply` makes another one current there. */
async function running(releases: readonly Release[]) {
  const root = await temporaryFolder();
  const first = await generation(root, releases);
  await applyPlan(planFrom(null, first), activation(root));
  const runtime = await startRuntime({ root });
  onTestFinished(async () => void (await runtime.stop()));
  const apply = async (next: readonly Release[]): Promise<void> => {
    const wanted = await generation(root, next);
    await applyPlan(planFrom(runtime.digest, wanted), activation(root));
  };
  return { runtime, apply, first, ask: askOf(runtime) };
}

/** Ports are asked for each time, as what there is changes. */
const askOf =
  (runtime: Runtime) =>
  (name: string, method: string, ...args: readonly unknown[]): Promise<unknown> =>
    portsOf(runtime).ask(name, method, ...args);

const states = (runtime: Runtime) =>
  Object.fromEntries([...runtime.status()].map(([id, { state }]) => [id.slice(6, id.indexOf("#")), state]));

/** Answers with its version, after a turn or two, and counts what it was asked. */
const counting = `const asked = new Set(); return { main: { provides: { account: {
  async buy(id) { if (asked.has(id)) throw new Error("twice"); asked.add(id); if (id % 3 === 0) await new Promise((done) => setTimeout(done, id % 7)); return context.plugin.version; },
  async count() { return asked.size; } } } } };`;

describe.each(LEVELS)("a swap in %s", (level) => {
  it("loses no call and makes none twice, while it is called all the time", async () => {
    const { runtime, apply, ask } = await running([
      { name: "venue", version: "1.0.0", level, code: counting },
    ]);
    await apply([{ name: "venue", version: "1.1.0", level, code: counting }]);
    const over = new AbortController();
    const calls: Promise<unknown>[] = [];
    const port = portsOf(runtime);
    // About 10,000 calls a second.
    const calling = (async () => {
      for (let id = 0; !over.signal.aborted || id % 100 !== 0; id++) {
        calls.push(port.ask("venue", "buy", id));
        if (id % 20 === 19) await delay(1);
      }
    })();
    while (calls.length < 200) await setImmediate();
    const swapped = await runtime.upgrade().finally(() => over.abort());
    await calling;
    const versions = await Promise.all(calls);
    expect(swapped).toEqual([{ from: "@acme/venue@1.0.0", to: "@acme/venue@1.1.0", darkMs: 0 }]);
    const switched = versions.indexOf("1.1.0");
    expect(switched).toBeGreaterThanOrEqual(200);
    expect(versions.slice(0, switched).every((version) => version === "1.0.0")).toBe(true);
    expect(versions.slice(switched).every((version) => version === "1.1.0")).toBe(true);
    expect(await ask("venue", "count")).toBe(versions.length - switched);
  });

  it("hands state over while calls wait, and none is lost or made twice", async () => {
    const code = `let sum = 0; return { main: {
      provides: { account: { async add() { const before = sum; await null; sum = before + 1; return [context.plugin.version, sum]; } } },
      snapshot: () => sum, restore(state) { sum = state; } } };`;
    const state = { schemaVersion: 1, canRestoreFrom: "^1" };
    const venue = { name: "venue", level, code, manifest: { state } };
    const { runtime, apply } = await running([{ ...venue, version: "1.0.0" }]);
    await apply([{ ...venue, version: "1.1.0" }]);
    const port = portsOf(runtime);
    const answers: [string, number][] = [];
    const over = new AbortController();
    const calling = (async () => {
      while (!over.signal.aborted) {
        answers.push((await port.ask("venue", "add")) as [string, number]);
        await setImmediate();
      }
    })();
    while (answers.length < 20) await setImmediate();
    const [swapped] = await runtime.upgrade().finally(() => over.abort());
    await calling;
    answers.push((await port.ask("venue", "add")) as [string, number]);
    expect(answers.map(([, sum]) => sum)).toEqual(answers.map((_, i) => i + 1));
    expect(new Set(answers.map(([version]) => version))).toEqual(new Set(["1.0.0", "1.1.0"]));
    expect(swapped?.darkMs).toBeGreaterThan(0);
  });

  it.each([
    ["does not start", `return { main: { provides: { account: {} }, start() { throw new Error("no"); } } };`],
    ["is not well", `return { main: { provides: { account: {} }, health() { throw new Error("no"); } } };`],
    [
      "refuses the state",
      `return { main: { provides: { account: {} }, restore() { throw new Error("no"); } } };`,
    ],
  ])("goes back to the one before where the next one %s", async (_, bad) => {
    const code = `let sum = 0; return { main: { provides: { account: { async add() { return ++sum; } } }, snapshot: () => sum } };`;
    const manifest = { state: { schemaVersion: 1, canRestoreFrom: "^1" } };
    const { runtime, apply, first, ask } = await running([
      { name: "venue", version: "1.0.0", level, code, manifest },
      { name: "desk", version: "1.0.0", code: counting, uses: ["venue"] },
    ]);
    expect(await ask("venue", "add")).toBe(1);
    await apply([
      { name: "venue", version: "1.1.0", level, code: bad, manifest },
      { name: "desk", version: "1.0.0", code: counting, uses: ["venue"] },
    ]);
    await expect(runtime.upgrade()).rejects.toMatchObject({
      code: "SWAP_FAILED",
      message: expect.stringMatching(/no$/),
    });
    expect(await ask("venue", "add")).toBe(2);
    expect(states(runtime)).toEqual({ venue: "ready", desk: "ready" });
    expect(runtime.digest).toBe(digestOf(first));
    expect(runtime.events.since(0).filter(({ event }) => event === "rolled-back")).toHaveLength(1);
  });

  it("moves subscriptions, whose events stay in order", async () => {
    const code = `return { main: { provides: { account: { subscribe() {
      let isClosed = false, seq = 0;
      return { events: (async function* () { while (!isClosed) { yield { from: context.plugin.version, seq: seq++ }; await new Promise((done) => setTimeout(done, 1)); } })(), close() { isClosed = true; } };
    } } } } };`;
    const { runtime, apply } = await running([{ name: "venue", version: "1.0.0", level, code }]);
    await apply([{ name: "venue", version: "1.1.0", level, code }]);
    const seen: { from: string; seq: number }[] = [];
    const reading = (async () => {
      for await (const event of portsOf(runtime).eventsOf("venue")) {
        seen.push(event as { from: string; seq: number });
        if (seen.at(-10)?.from === "1.1.0") break;
      }
    })();
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(10);
    await runtime.upgrade();
    await reading;
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i));
    expect(seen.at(-1)?.from).toBe("1.1.0");
  });
});

const said = (name: string) => `const asked = []; return { main: { provides: { account: {
  async ask() { asked.push(1); return "${name} " + context.plugin.version + " " + asked.length; } } } } };`;

it("becomes another set: what is new starts, what differs is swapped, what is gone stops, the rest goes on", async () => {
  const { runtime, apply, ask } = await running([
    { name: "calendar", version: "1.0.0", code: said("calendar") },
    { name: "venue", version: "1.0.0", code: said("venue"), uses: ["calendar"] },
    { name: "risk", version: "1.0.0", code: said("risk"), uses: ["venue"] },
    { name: "old", version: "1.0.0", code: said("old") },
  ]);
  const names = ["calendar", "venue", "risk"];
  for (const name of names) await ask(name, "ask");
  await apply([
    { name: "calendar", version: "1.0.0", code: said("calendar") },
    { name: "fresh", version: "1.0.0", code: said("fresh") },
    { name: "venue", version: "2.0.0", code: said("venue"), uses: ["calendar", "fresh"] },
    { name: "risk", version: "1.0.0", code: said("risk"), uses: ["venue"] },
  ]);
  expect(await runtime.upgrade()).toMatchObject([{ from: "@acme/venue@1.0.0", to: "@acme/venue@2.0.0" }]);
  expect(states(runtime)).toEqual({ calendar: "ready", fresh: "ready", venue: "ready", risk: "ready" });
  expect([...runtime.status().keys()]).toEqual(
    ["calendar", "fresh", "venue", "risk"].map((name) => facet(`${name}#main`)),
  );
  expect(await Promise.all([...names, "fresh"].map((name) => ask(name, "ask")))).toEqual([
    "calendar 1.0.0 2",
    "venue 2.0.0 1",
    "risk 1.0.0 2",
    "fresh 1.0.0 1",
  ]);
  expect(runtime.instances().map(({ name, version }) => `${name}@${version}`)).toContain("@acme/venue@2.0.0");
  expect(await runtime.upgrade()).toEqual([]);
  expect(await runtime.stop()).toEqual([]);
});

it("takes an upgrade back whole where a later plugin of it fails", async () => {
  const code = `return { main: { provides: { account: { async version() { return context.plugin.version; } } } } };`;
  const { runtime, apply, ask } = await running([
    { name: "venue", version: "1.0.0", code },
    { name: "risk", version: "1.0.0", code, uses: ["venue"] },
  ]);
  await apply([
    { name: "fresh", version: "1.0.0", code },
    { name: "venue", version: "2.0.0", code },
    { name: "risk", version: "2.0.0", code: `throw new Error("no licence");`, uses: ["venue"] },
  ]);
  await expect(runtime.upgrade()).rejects.toMatchObject({ code: "SWAP_FAILED" });
  expect(await Promise.all(["venue", "risk"].map((name) => ask(name, "version")))).toEqual([
    "1.0.0",
    "1.0.0",
  ]);
  expect(states(runtime)).toEqual({ venue: "ready", risk: "ready" });
});

it("exchanges a plugin for a new instance of itself", async () => {
  const { runtime, ask } = await running([{ name: "venue", version: "1.0.0", code: counting }]);
  await ask("venue", "buy", 1);
  expect(await runtime.swap("@acme/venue")).toMatchObject({
    from: "@acme/venue@1.0.0",
    to: "@acme/venue@1.0.0",
  });
  expect(await ask("venue", "count")).toBe(0);
  await expect(runtime.swap("@acme/other")).rejects.toMatchObject({ code: "SWAP_FAILED" });
});

/** Bound to one of two versions. */
const boundTo = (version: string) => {
  const lib = [`lib@${version}#main`];
  return { after: lib, ports: { account: lib } };
};

it("runs two versions of a plugin side by side, each for its own users", async () => {
  const root = await temporaryFolder();
  const code = `return { main: { provides: { account: { async version() { return context.plugin.version; } } } } };`;
  const asks = `const account = context.ports.one("account"); return { main: { provides: { account: { ask: () => account.version() } } } };`;
  const manifest = { multiVersion: true };
  const facets = { main: { account: "1.0.0" } };
  const plugins = [
    await publishSample(root, { name: "lib", version: "1.0.0", code: activating(code), manifest, facets }),
    await publishSample(root, { name: "lib", version: "2.0.0", code: activating(code), manifest, facets }),
    await publishSample(root, { name: "new", code: activating(asks), facets }),
    await publishSample(root, { name: "old", code: activating(asks), facets }),
  ];
  const set = generationOf(plugins, {
    "lib@1.0.0#main": {},
    "lib@2.0.0#main": {},
    "new#main": boundTo("2.0.0"),
    "old#main": boundTo("1.0.0"),
  });
  const paths = rootPaths(root);
  await nodeFiles.write(paths.generation(digestOf(set)), canonical(set));
  await nodeFiles.switchLink(paths.current, generationFolder(digestOf(set)));
  const runtime = await startRuntime({ root });
  expect([await askOf(runtime)("old", "ask"), await askOf(runtime)("new", "ask")]).toEqual([
    "1.0.0",
    "2.0.0",
  ]);
  await runtime.stop();
});
