/**
 * Calls between plugins at each level of isolation, each beside the raw primitive in the same run. Targets:
 * inline through a port at most 5 direct calls; a worker call, alone and pipelined, at most 1.3 raw messages; a worker
 * ready in at most 1.2 empty ones; 500,000 events a second to a worker in bounded memory; a stuck worker ended within
 * 20 ms of being found.
 *
 * `node scripts/bench/calls.ts [rounds] [--loaded]`; `--loaded` keeps all processors busy meanwhile. Needs a build.
 */
import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { wrap, type Endpoint } from "comlink";
import { Piscina } from "piscina";
import { startRuntime } from "tradsys/runtime";

import { Peer } from "../../src/runtime/isolation/peer.ts";
import { SpareWorkers } from "../../src/runtime/isolation/spare-workers.ts";
import { SELF } from "../../src/runtime/isolation/wire.ts";
import { activateRoot } from "./calls/root.ts";
import { inTurn, ORDER, pipelined, print, rate, table, type Echo } from "./calls/series.ts";
import type { Measured } from "./interleaved.ts";

/** Comlink's types for this file say that it is something else than it is. */
const nodeEndpoint = createRequire(import.meta.url)("comlink/dist/umd/node-adapter.js") as (
  worker: Worker,
) => Endpoint;

const rounds = Number(process.argv[2] ?? 15);
const isLoaded = process.argv.includes("--loaded");

/** The port of the benchmark's plugins, as they are used here. */
interface EchoPort {
  readonly echo: Echo;
  /** Reads a subscription of this host to its end, and says how many events there were. */
  readonly read: (count: number) => Promise<number>;
  readonly subscribe: (count: number) => { readonly events: AsyncIterable<unknown> };
  readonly hang: () => Promise<void>;
}

const ECHO = `
  const quote = { instrument: "SIM:BTC/USDT", tsVenueUs: 1, tsHostUs: 2, bid: "63000.1", bidQuantity: "1", ask: "63000.2", askQuantity: "2", last: "63000.1" };
  async function* events(count) { for (let seq = 0; seq < count; seq++) yield { type: "quote", seq, quote }; }
  const sources = context.ports.all("account");
  return { main: { provides: { account: {
    async echo(order) { return order; },
    subscribe: (count) => ({ events: events(count), close() {} }),
    async read(count) { let read = 0; for await (const _ of sources[0].port.subscribe(count).events) read++; return read; },
    async hang() { for (;;); },
  } } } };`;

const folder = mkdtempSync(join(tmpdir(), "tradsys-calls-"));
const busy = isLoaded
  ? Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ["-e", "for(;;);"]))
  : [];
try {
  await activateRoot(folder, [
    { name: "inline", isolation: "inline", code: ECHO },
    { name: "worker", isolation: "worker", code: ECHO, uses: ["inline"] },
    { name: "process", isolation: "process", code: ECHO },
  ]);
  console.log(
    `${rounds} rounds, interleaved; Node.js ${process.versions.node}; ${isLoaded ? "all processors busy" : "no load of its own"}`,
  );
  await measure();
} finally {
  for (const process of busy) process.kill("SIGKILL");
  rmSync(folder, { recursive: true });
}

async function measure(): Promise<void> {
  const runtime = await startRuntime({ root: folder, isolation: { watching: { heartbeatMs: 5000 } } });
  const port = (name: string): EchoPort => {
    const found = runtime.ports.all("account").find(({ provider }) => provider === `@bench/${name}#main`);
    if (!found) throw new Error(`no port ${name}`);
    return found.port as unknown as EchoPort;
  };
  const [inline, worker, isolated] = [port("inline"), port("worker"), port("process")];

  const rawWorker = new Worker(new URL("calls/echo-raw.mjs", import.meta.url));
  const raw = asking(
    (order) => rawWorker.postMessage(order),
    (listen) => rawWorker.on("message", listen),
  );
  const rawProcess = fork(new URL("calls/echo-raw.mjs", import.meta.url), { serialization: "advanced" });
  const rawIpc = asking(
    (order) => rawProcess.send(order),
    (listen) => rawProcess.on("message", listen),
  );
  const comlinkWorker = new Worker(new URL("calls/echo-comlink.mjs", import.meta.url));
  const comlink = wrap<{ echo: Echo }>(nodeEndpoint(comlinkWorker));
  const piscina = new Piscina({
    filename: new URL("calls/echo-piscina.mjs", import.meta.url).href,
    maxThreads: 1,
  });
  const viaPiscina: Echo = async (order) => piscina.run(order, { name: "echo" });
  const direct = { echo: async (order: typeof ORDER) => order };

  await table(
    { title: "inline, µs a call", count: 20_000, way: inTurn, rounds },
    {
      "direct call": direct.echo,
      "through a port": (order) => inline.echo(order),
    },
  );
  await table(
    { title: "to a worker, µs a round trip", count: 1000, way: inTurn, rounds },
    {
      "raw postMessage": raw,
      "through a port": (order) => worker.echo(order),
      comlink: (order) => comlink.echo(order),
      piscina: viaPiscina,
    },
  );
  await table(
    { title: "to a worker, 64 in flight, µs a call", count: 6400, way: pipelined, rounds },
    {
      "raw postMessage": raw,
      "through a port": (order) => worker.echo(order),
      comlink: (order) => comlink.echo(order),
      piscina: viaPiscina,
    },
  );
  await table(
    { title: "to a process, µs a round trip", count: 300, way: inTurn, rounds },
    {
      "raw process.send": rawIpc,
      "through a port": (order) => isolated.echo(order),
    },
  );
  await table(
    { title: "to a process, 64 in flight, µs a call", count: 3200, way: pipelined, rounds },
    {
      "raw process.send": rawIpc,
      "through a port": (order) => isolated.echo(order),
    },
  );

  console.log("\nquotes a second");
  const peak = { bytes: 0 };
  const watching = setInterval(() => (peak.bytes = Math.max(peak.bytes, process.memoryUsage.rss())), 20);
  const before = process.memoryUsage.rss();
  await rate("from the host to a worker", Math.min(rounds, 10), async (count) => worker.read(count));
  await rate("from a worker to the host", Math.min(rounds, 10), async (count) => {
    for await (const _ of worker.subscribe(count).events);
  });
  clearInterval(watching);
  console.log(`resident memory meanwhile: at most ${((peak.bytes - before) / 2 ** 20).toFixed(0)} MiB more`);

  await ring();

  await Promise.all([rawWorker.terminate(), comlinkWorker.terminate(), piscina.destroy(), runtime.stop()]);
  rawProcess.kill();
  await readiness();
  await assignment();
  await stuck();
}

/** Request and answer over a primitive that keeps order. */
function asking(send: (order: typeof ORDER) => void, listen: (listener: () => void) => void): Echo {
  const waiting: (() => void)[] = [];
  listen(() => waiting.shift()?.());
  return (order) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    send(order);
    return promise;
  };
}

/** What a ring in shared memory could reach at best: both ends spin, and nothing is carried. */
async function ring(): Promise<void> {
  const shared = new SharedArrayBuffer(8);
  const turn = new Int32Array(shared);
  const spinner = new Worker(new URL("calls/echo-raw.mjs", import.meta.url), { workerData: shared });
  await new Promise((resolve) => void spinner.once("online", resolve));
  const times: number[] = [];
  const trips = 2000;
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    for (let trip = 0; trip < trips; trip++) {
      const answer = Atomics.add(turn, 0, 1) + 2;
      while (Atomics.load(turn, 0) !== answer);
    }
    if (round > 0) times.push((1000 * (performance.now() - began)) / trips);
  }
  Atomics.store(turn, 1, 1);
  const spin: Measured = { name: "both ends spin", times };
  const copied: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (let i = 0; i < trips; i++) JSON.parse(JSON.stringify(ORDER));
    copied.push((1000 * (performance.now() - began)) / trips);
  }
  print(
    "shared memory, µs a round trip",
    [spin, { name: "one order to text and back", times: copied }],
    "µs",
  );
  await spinner.terminate();
}

/** From asking for a worker until the plugin in it is ready. */
async function readiness(): Promise<void> {
  const root = join(folder, "one");
  await activateRoot(root, [{ name: "worker", isolation: "worker", code: ECHO }]);
  const empty = new URL("calls/echo-raw.mjs", import.meta.url);
  const timed: [empty: number[], plugin: number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    let began = performance.now();
    const worker = new Worker(empty);
    await new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage("ready?");
    });
    const emptyMs = performance.now() - began;
    await worker.terminate();
    began = performance.now();
    const runtime = await startRuntime({ root });
    const pluginMs = runtime.report.readyMs - runtime.report.verifyMs;
    await runtime.stop();
    if (round > 0) timed.forEach((times, i) => times.push(i === 0 ? emptyMs : pluginMs));
  }
  print(
    "ready, ms",
    [
      { name: "an empty worker", times: timed[0] },
      { name: "a plugin in a worker", times: timed[1] },
    ],
    "ms",
  );
}

/** From asking for a worker until it answers, begun anew and from a spare. */
async function assignment(): Promise<void> {
  const options = { memoryBytes: 0, files: [], env: {} };
  const spares = new SpareWorkers(1);
  const none = new SpareWorkers(0);
  const timed = ["begun anew", "a spare"].map((name) => ({ name, times: [] as number[] }));
  for (let round = 0; round < Math.min(rounds, 6); round++) {
    // A spare is made a second after the last was taken.
    await delay(1500);
    for (const [i, workers] of [none, spares].entries()) {
      const began = performance.now();
      const isolate = workers.take(options);
      await new Peer(isolate.channel, () => undefined).call(SELF, "ping", []);
      timed[i]?.times.push(performance.now() - began);
      isolate.kill();
      await isolate.ended;
    }
  }
  await Promise.all([none.close(), spares.close()]);
  print("a worker that answers, ms", timed, "ms");
}

/** From finding a plugin stuck until its thread is gone. */
async function stuck(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < Math.min(rounds, 10); round++) {
    let worker: Worker | undefined;
    process.once("worker", (started) => (worker = started));
    const { promise: found, resolve: find } = Promise.withResolvers<number>();
    const runtime = await startRuntime({
      root: join(folder, "one"),
      isolation: { watching: { heartbeatMs: 100 }, onCrash: () => find(performance.now()) },
    });
    const { promise: gone, resolve: go } = Promise.withResolvers<number>();
    worker?.once("exit", () => go(performance.now()));
    const hanging = runtime.ports.one("account") as unknown as EchoPort;
    hanging.hang().catch(() => undefined);
    times.push(-(await found) + (await gone));
    await runtime.stop();
  }
  print("a stuck worker, ms from found to ended", [{ name: "ended", times }], "ms");
}
