/**
 * What metrics cost, beside the floor, prom-client and OpenTelemetry in the same run. Targets: a counter at most 3 times the
 * increment of a typed array, a histogram at most twice a bare log-linear one, both at least 50 times faster than
 * prom-client with labels and 100 times than OpenTelemetry; a scrape of 1,000 histograms at most a tenth of prom-client's;
 * all of it at most 1 % of a call of 10 µs.
 *
 * `node scripts/bench/coordination/telemetry.ts [rounds]`
 */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { Counter, Histogram, Registry } from "prom-client";

import type { Metric } from "../../../src/domain/manifest.ts";
import { BUCKETS, bucketOf } from "../../../src/runtime/telemetry/histogram.ts";
import { recorderFor } from "../../../src/runtime/telemetry/recorder.ts";
import { Sampler } from "../../../src/runtime/telemetry/sampler.ts";
import { Telemetry } from "../../../src/runtime/telemetry/telemetry.ts";
import { boundsOf } from "../../../src/runtime/telemetry/text.ts";
import { describe, measureInTurn } from "../interleaved.ts";
import { printPieces, timePieces } from "./nanoseconds.ts";

const rounds = Number(process.argv[2] ?? 101);
console.log(`${rounds} rounds, interleaved; Node.js ${process.versions.node}`);

const labels = ["venue", "side"];
const values = { venue: "sim", side: "buy" };
const metrics: readonly Metric[] = [
  { name: "tradsys_exchange_orders_total", type: "counter", unit: "1", labels },
  { name: "tradsys_exchange_wait_seconds", type: "histogram", unit: "seconds", labels },
];
const [first, last] = boundsOf("seconds");
const buckets = Array.from({ length: last - first + 1 }, (_, i) => 2 ** (first + i));

const telemetry = new Telemetry();
const owner = { system: "exchange", plugin: "@bench/a", metrics } as const;
telemetry.declare(owner);
const recorder = recorderFor({ owner: owner.plugin, metrics }, telemetry.attach(owner));

const register = new Registry();
const promCounter = new Counter({
  name: "orders_total",
  help: "-",
  labelNames: labels,
  registers: [register],
});
const promHistogram = new Histogram({
  name: "wait_seconds",
  help: "-",
  labelNames: labels,
  buckets,
  registers: [register],
});
/** Without a reader OpenTelemetry keeps nothing. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
const meter = new MeterProvider({ readers: [new Reader()] }).getMeter("bench");
const otelCounter = meter.createCounter("orders");
const otelHistogram = meter.createHistogram("wait", { advice: { explicitBucketBoundaries: buckets } });

const array = new Float64Array(16);
const counter = recorder.counter("tradsys_exchange_orders_total", values);
printPieces(
  "a counter",
  timePieces(
    {
      "typed-array increment": (i) => (array[i & 7] = (array[i & 7] ?? 0) + 1),
      counter: () => counter.add(),
      "prom-client, labels": () => promCounter.inc(values),
      "prom-client, child": (
        (child) => () =>
          child.inc()
      )(promCounter.labels(values)),
      "OpenTelemetry, attributes": () => otelCounter.add(1, values),
    },
    rounds,
  ),
);

const sizes = Float64Array.from({ length: 1024 }, (_, i) => (1 + i) * 1.7e-6);
const bare = new Float64Array(BUCKETS);
const histogram = recorder.histogram("tradsys_exchange_wait_seconds", values);
printPieces(
  "a histogram",
  timePieces(
    {
      "bare log-linear": (i) => {
        const bucket = bucketOf(sizes[i & 1023] ?? 0);
        return (bare[bucket] = (bare[bucket] ?? 0) + 1);
      },
      histogram: (i) => histogram.record(sizes[i & 1023] ?? 0),
      "prom-client, labels": (i) => promHistogram.observe(values, sizes[i & 1023] ?? 0),
      "OpenTelemetry, attributes": (i) => otelHistogram.record(sizes[i & 1023] ?? 0, values),
    },
    rounds,
  ),
);

/** A call of about 10 µs, where nothing else runs. */
function call(turn: number): number {
  let sum = turn;
  for (let i = 0; i < 7000; i++) sum = (Math.imul(sum, 31) + i) | 0;
  return sum;
}
const sampler = new Sampler(10_000, () => performance.now());
printPieces(
  "all that is recorded for a call: counter, duration and its sampling",
  timePieces(
    {
      "the call": call,
      "what is recorded": () => {
        counter.add();
        const weight = sampler.next();
        if (weight === 0) return;
        const began = performance.now();
        histogram.record((performance.now() - began) / 1000);
      },
    },
    Math.min(rounds, 15),
  ),
);

for (let i = 0; i < 1000; i++) {
  const series = { venue: `v${i >> 1}`, side: i % 2 === 0 ? "buy" : "sell" };
  for (let n = 0; n < 20; n++) promHistogram.observe(series, sizes[(i * n) & 1023] ?? 0);
}
const scraped = new Telemetry();
for (const plugin of ["@bench/a", "@bench/b", "@bench/c"]) {
  const each = { ...owner, plugin };
  scraped.declare(each);
  const { histogram: of } = boundRecorder(each);
  for (let i = 0; i < 334; i++) {
    const series = of({ venue: `v${i >> 1}`, side: i % 2 === 0 ? "buy" : "sell" });
    for (let n = 0; n < 20; n++) series.record(sizes[(i * n) & 1023] ?? 0);
  }
}

function boundRecorder(each: typeof owner | (Omit<typeof owner, "plugin"> & { plugin: string })) {
  const into = recorderFor({ owner: each.plugin, metrics }, scraped.attach(each));
  return {
    histogram: (series: Readonly<Record<string, string>>) =>
      into.histogram("tradsys_exchange_wait_seconds", series),
  };
}

const promText = await timeAsync(() => register.metrics());
const [ours] = measureInTurn(
  [
    {
      name: "ours",
      measure: () => {
        const began = performance.now();
        scraped.text();
        return performance.now() - began;
      },
    },
  ],
  rounds,
);
console.log(`\na scrape of 1,000 histograms of ${buckets.length + 1} buckets`);
const prom = { name: "prom-client", times: promText };
for (const each of ours ? [prom, ours] : [prom]) console.log(`  ${describe(each, prom)}`);

/** prom-client answers asynchronously, and computes all of it before. */
async function timeAsync(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    await work();
    if (round > 0) times.push(performance.now() - began);
  }
  return times;
}
