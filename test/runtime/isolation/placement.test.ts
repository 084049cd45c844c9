import * as fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";

import { asFunction } from "../../../src/domain/bundle.ts";
import type { PluginName } from "../../../src/domain/ids.ts";
import { Home } from "../../../src/runtime/context/cell.ts";
import { Peer } from "../../../src/runtime/isolation/peer.ts";
import { SpareWorkers } from "../../../src/runtime/isolation/spare-workers.ts";
import type { Message } from "../../../src/runtime/isolation/wire.ts";
import { createLoader } from "../../../src/runtime/loading/load.ts";
import { levelFor, placerFor } from "../../../src/runtime/place-plugin.ts";
import type { Placement } from "../../../src/runtime/plugin-instance.ts";
import { PortRegistry } from "../../../src/runtime/ports.ts";
import { Timeline } from "../../../src/runtime/report/timeline.ts";
import { RuntimeSignals } from "../../../src/runtime/telemetry/runtime-signals.ts";
import type { VerifiedPlugin } from "../../../src/store/verified-plugin.ts";
import { packed } from "../../bundle/sample.ts";
import { LEVELS, start, withPort } from "./levels.ts";

const level = fc.constantFrom(...LEVELS);

it("places no plugin below what its manifest, its deployment or its host asks for", () => {
  fc.assert(
    fc.property(level, fc.option(level, { nil: undefined }), level, (manifest, deployment, floor) => {
      const bundle = packed({ isolation: manifest, hostProvided: [] }, "");
      const plugin = { bundle, ...(deployment && { isolation: deployment }) };
      const asked = [manifest, deployment ?? "inline", floor].map((each) => LEVELS.indexOf(each));
      expect(LEVELS.indexOf(levelFor(plugin, floor))).toBe(Math.max(...asked));
    }),
  );
});

const tellsThread = withPort(
  `async where() { return [process.pid, require("node:worker_threads").threadId]; }`,
);
const mayAsk = { permissions: { net: [], secrets: [], fs: [], env: [], builtins: ["worker_threads"] } };

it("runs each level where it says", async () => {
  const { ask } = await start(
    LEVELS.map((each) => ({ name: each, level: each, manifest: mayAsk, code: tellsThread })),
  );
  const [inline, worker, isolated] = await Promise.all(
    LEVELS.map(async (each) => (await ask(each, "where")) as [number, number]),
  );
  expect(inline?.[0]).toBe(process.pid);
  expect(worker?.[0]).toBe(process.pid);
  expect(worker?.[1]).not.toBe(inline?.[1]);
  expect(isolated?.[0]).not.toBe(process.pid);
});

it("raises every plugin to the host's floor", async () => {
  const { ask } = await start([{ name: "sample", manifest: mayAsk, code: tellsThread }], {
    isolation: { floor: "process" },
  });
  expect(await ask("sample", "where")).not.toContain(process.pid);
});

it("gives a plugin without grants a worker that has started, and then makes another", async () => {
  let started = 0;
  const count = (): void => void (started += 1);
  process.on("worker", count);
  onTestFinished(() => void process.off("worker", count));

  const spares = new SpareWorkers(1);
  await expect.poll(() => started, { timeout: 10_000 }).toBe(1);
  const options = { memoryBytes: 0, files: [], env: {} };
  const isolates = [spares.take(options)];
  await expect.poll(() => started, { timeout: 10_000 }).toBe(2);
  isolates.push(spares.take({ ...options, files: ["/tmp"] }));
  await expect.poll(() => started, { timeout: 10_000 }).toBe(3);
  for (const isolate of isolates) isolate.kill();
  await Promise.all([...isolates.map(({ ended }) => ended), spares.close()]);
});

it("survives whatever the other end of a connection sends", async () => {
  const word = fc.oneof(
    fc.constantFrom("call", "open", "done", "failed", "cancel", "events", "read", "other"),
    fc.anything(),
  );
  const message = fc.oneof(
    fc.tuple(word, fc.oneof(fc.integer({ min: 0, max: 3 }), fc.anything()), fc.anything(), fc.anything()),
    fc.array(fc.anything()),
    fc.anything(),
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.array(message), fc.anything()), async (batch) => {
      const sent: Message[] = [];
      const listeners: ((batch: unknown) => void)[] = [];
      const deliver = (given: unknown): void => listeners.forEach((listener) => listener(given));
      const peer = new Peer(
        {
          send: (messages) => void sent.push(...messages),
          receive: (listener) => void listeners.push(listener),
        },
        () => "served",
      );
      const called = peer.call("a port", "method", []).catch(() => undefined);
      peer.subscribe("a port", "subscribe", []);
      deliver(batch);
      await new Promise(setImmediate);
      deliver([["call", 9, "a port", "method", []]]);
      await new Promise(setImmediate);
      expect(sent).toContainEqual(["done", 9, "served"]);
      deliver([["done", 1]]);
      await called;
    }),
  );
});

it.each(LEVELS)(
  "runs two versions of one plugin at once, each with a state of its own, in %s",
  async (each) => {
    const plugins = ["1.0.0", "2.0.0"].map((version): VerifiedPlugin => {
      const facets = { main: { provides: {}, requires: [] } };
      const bundle = packed({ version, multiVersion: true, facets }, counts);
      const { manifest, content, blob } = bundle;
      const { name } = manifest;
      const proof = { content, blob, envelopes: [], signatures: [], warnings: [] };
      return { ...proof, name, version, config: {}, bundle, code: () => asFunction(Buffer.from(counts)) };
    });
    const watching = { heartbeatMs: 1000, sampleMs: 100 };
    const placer = placerFor({ floor: each, spareWorkers: 0, watching });
    await placer.admit(plugins);
    const instances = plugins.map((plugin) => placer.place(plugin, placement));
    const ports = await Promise.all(
      instances.map(async (instance) => {
        const { provides } = (await instance.handles()).get("main") ?? {};
        return provides?.account as unknown as { next(): Promise<[string, number]> };
      }),
    );
    const [one, two] = ports;
    expect([await one?.next(), await one?.next(), await two?.next()]).toEqual([
      ["1.0.0", 1],
      ["1.0.0", 2],
      ["2.0.0", 1],
    ]);
    await Promise.all([...instances.map((instance) => instance.close()), placer.close()]);
  },
);

const counts = `let count = 0; module.exports.default = { activate: ({ plugin }) => ({ main: { provides: { account: {
  async next() { count += 1; return [plugin.version, count]; } } } } }) };`;

const timeline = new Timeline(0);
const placement: Placement = {
  bound: new Map(),
  ports: new PortRegistry().accessFor("nobody", new Map()),
  secret: () => undefined,
  env: () => undefined,
  log: () => undefined,
  timeline,
  loader: createLoader({ cache: { take: () => undefined }, hostModules: {}, timeline }),
  signal: new AbortController().signal,
  home: new Home(),
  signals: new RuntimeSignals(() => 0).instance({
    kind: "strategy",
    name: "@acme/any" as PluginName,
    metrics: [],
  }),
  onCrash: () => undefined,
};
