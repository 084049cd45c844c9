import { expect, it } from "vitest";

import type { Metric } from "../../../src/domain/manifest.ts";
import { MAX_SERIES, OVERFLOW, recorderFor } from "../../../src/runtime/telemetry/recorder.ts";
import { Telemetry, type MetricOwner } from "../../../src/runtime/telemetry/telemetry.ts";

const counter = (name: string, labels: readonly string[] = [], unit = "1"): Metric => ({
  name,
  type: "counter",
  unit,
  labels,
});
const owner = (plugin: string, ...metrics: Metric[]): MetricOwner => ({
  system: "exchange",
  plugin,
  metrics,
});

const ORDERS = counter("tradsys_exchange_orders_total", ["venue"]);

/** A plugin that records, and the registry it records in. */
function recording(telemetry: Telemetry, each: MetricOwner) {
  telemetry.declare(each);
  const source = telemetry.attach(each);
  return { source, recorder: recorderFor({ owner: each.plugin, metrics: each.metrics }, source) };
}

it("counts for each plugin and its labels, and writes what Prometheus reads", () => {
  const telemetry = new Telemetry();
  const { recorder } = recording(telemetry, owner("@acme/a", ORDERS));
  recorder.counter(ORDERS.name, { venue: "sim" }).add();
  recorder.counter(ORDERS.name, { venue: "sim" }).add(2);
  recorder.counter(ORDERS.name, { venue: 'a "quoted" \\ place\n' }).add();
  expect(telemetry.text()).toBe(
    [
      "# HELP tradsys_exchange_orders_total Recorded by @acme/a.",
      "# TYPE tradsys_exchange_orders_total counter",
      'tradsys_exchange_orders_total{system="exchange",plugin="@acme/a",venue="sim"} 3',
      'tradsys_exchange_orders_total{system="exchange",plugin="@acme/a",venue="a \\"quoted\\" \\\\ place\\n"} 1',
      "",
    ].join("\n"),
  );
  expect(telemetry.text("openmetrics")).toMatch(/^# TYPE tradsys_exchange_orders counter\n[^]*# EOF\n$/);
});

it("takes nothing that spoils a number for ever", () => {
  const wait: Metric = {
    name: "tradsys_exchange_wait_seconds",
    type: "histogram",
    unit: "seconds",
    labels: [],
  };
  const telemetry = new Telemetry();
  const { recorder } = recording(telemetry, owner("@acme/a", ORDERS, wait));
  const orders = recorder.counter(ORDERS.name, { venue: "sim" });
  for (const amount of [1, -5, Number.NaN]) orders.add(amount);
  const waits = recorder.histogram(wait.name);
  for (const value of [0.5, -1, Number.NaN, Infinity]) waits.record(value);
  expect(telemetry.read().map(({ samples }) => samples[0]?.value)).toEqual([1, 0.5]);
});

it("refuses one name with two meanings, and names both owners", () => {
  const telemetry = new Telemetry();
  telemetry.declare(owner("@acme/a", ORDERS));
  expect(() => telemetry.declare(owner("@acme/b", counter(ORDERS.name, ["account"])))).toThrow(
    expect.objectContaining({
      code: "METRIC_COLLISION",
      message: expect.stringContaining("@acme/b and @acme/a both record") as string,
    }),
  );
});

const gauge = (name: string, unit: string): Metric => ({ name, type: "gauge", unit, labels: [] });
const histogram = (name: string, unit: string): Metric => ({ name, type: "histogram", unit, labels: [] });

it.each([
  [
    "the count of a histogram",
    histogram("tradsys_risk_wait_seconds", "seconds"),
    gauge("tradsys_risk_wait_seconds_count", "1"),
  ],
  [
    "a gauge that a counter becomes",
    counter("tradsys_risk_checks_total"),
    gauge("tradsys_risk_checks", "checks"),
  ],
  [
    "the unit of a counter without its end",
    counter("tradsys_risk_busy_seconds_total", [], "seconds"),
    gauge("tradsys_risk_busy_seconds", "seconds"),
  ],
])("refuses a metric that takes %s, and names both", (_, first, second) => {
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const telemetry = new Telemetry();
    telemetry.declare(owner("@acme/a", one));
    expect(() => telemetry.declare(owner("@acme/b", other))).toThrow(
      expect.objectContaining({
        code: "METRIC_COLLISION",
        message: expect.stringMatching(/of @acme\/b and .* of @acme\/a are one name/) as string,
      }),
    );
  }
});

it("lets plugins record one metric together when they mean the same", () => {
  const telemetry = new Telemetry();
  for (const plugin of ["@acme/a", "@acme/b"]) {
    recording(telemetry, owner(plugin, ORDERS)).recorder.counter(ORDERS.name, { venue: "sim" }).add();
  }
  expect(telemetry.read("system")[0]?.samples).toEqual([{ labels: ["exchange", "sim"], value: 2 }]);
});

it.each([
  ["another prefix", counter("exchange_orders_total")],
  ["no unit", counter("tradsys_exchange_orders")],
  ["another unit", gauge("tradsys_exchange_wait_ms", "seconds")],
  ["upper case", counter("tradsys_exchange_Orders_total")],
  ["a label of every series", counter("tradsys_exchange_orders_total", ["plugin"])],
])("refuses a metric with %s", (_, metric) => {
  expect(() => new Telemetry().declare(owner("@acme/a", metric))).toThrow(
    expect.objectContaining({ code: "METRIC_INVALID" }),
  );
});

it("records only what is declared, as it is declared", () => {
  const { recorder } = recording(new Telemetry(), owner("@acme/a", ORDERS));
  for (const wrong of [
    () => recorder.counter("tradsys_exchange_other_total"),
    () => recorder.gauge(ORDERS.name, { venue: "sim" }),
    () => recorder.counter(ORDERS.name),
    () => recorder.counter(ORDERS.name, { venue: "sim", account: "7" }),
    () => recorder.counter(ORDERS.name, { account: "7" }),
  ]) {
    expect(wrong).toThrow(expect.objectContaining({ code: "METRIC_INVALID" }));
  }
});

it("bounds the series of a metric: the rest is counted together, and how often is told", () => {
  const overflows: string[] = [];
  const telemetry = new Telemetry();
  const each = { ...owner("@acme/a", ORDERS), overflow: (name: string) => void overflows.push(name) };
  const { recorder } = recording(telemetry, each);
  for (let i = 0; i < MAX_SERIES + 10; i++) recorder.counter(ORDERS.name, { venue: `v${i}` }).add();
  recorder.counter(ORDERS.name, { venue: "v0" }).add();
  const samples = telemetry.read()[0]?.samples ?? [];
  expect(samples).toHaveLength(MAX_SERIES + 1);
  expect(samples.at(-1)).toEqual({ labels: ["exchange", "@acme/a", OVERFLOW], value: 10 });
  expect(samples[0]?.value).toBe(2);
  expect(overflows).toEqual(Array.from({ length: 10 }, () => ORDERS.name));
});

it("keeps what a thread counted when it ends, and adds what its successor counts", () => {
  const level = gauge("tradsys_exchange_level_ratio", "1");
  const each = owner("@acme/a", ORDERS, level);
  const telemetry = new Telemetry();
  const first = recording(telemetry, each);
  first.recorder.counter(ORDERS.name, { venue: "sim" }).add(5);
  first.recorder.gauge(level.name).set(7);
  first.source.end();
  expect(telemetry.read().map(({ samples }) => samples[0]?.value)).toEqual([5, undefined]);
  const second = recording(telemetry, each);
  second.recorder.counter(ORDERS.name, { venue: "sim" }).add(3);
  second.recorder.gauge(level.name).set(1);
  expect(telemetry.read().map(({ samples }) => samples[0]?.value)).toEqual([8, 1]);
});

it("sums histograms exactly over plugins, systems and the platform", () => {
  const wait = histogram("tradsys_exchange_wait_seconds", "seconds");
  const telemetry = new Telemetry();
  for (const [system, plugin, value] of [
    ["exchange", "@acme/a", 0.5],
    ["exchange", "@acme/b", 2],
    ["risk", "@acme/c", 4],
  ] as const) {
    const each = { system, plugin, metrics: [wait] };
    recording(telemetry, each).recorder.histogram(wait.name).record(value);
  }
  const counts = (level: "platform" | "system" | "plugin") =>
    telemetry.read(level)[0]?.samples.map(({ labels, value, buckets }) => ({
      labels,
      value,
      count: buckets?.reduce((sum, each) => sum + each, 0),
    }));
  expect(counts("platform")).toEqual([{ labels: [], value: 6.5, count: 3 }]);
  expect(counts("system")).toEqual([
    { labels: ["exchange"], value: 2.5, count: 2 },
    { labels: ["risk"], value: 4, count: 1 },
  ]);
  expect(counts("plugin")).toHaveLength(3);
});

it("takes anything from a plugin's thread, and nothing that does not fit", () => {
  const telemetry = new Telemetry();
  const each = owner("@acme/a", ORDERS);
  telemetry.declare(each);
  const source = telemetry.attach(each);
  const fine = { metric: 0, labels: ["sim"], chunk: 0, offset: 0 };
  for (const sent of [
    undefined,
    null,
    7,
    {},
    { ...fine, metric: 9 },
    { ...fine, labels: [] },
    { ...fine, offset: -1 },
    { ...fine, labels: [7] },
    { ...fine, offset: 1e9 },
    { ...fine, labels: ["x".repeat(10_000)] },
  ]) {
    source.series(sent);
  }
  for (const [chunk, slots] of [
    [-1, new Float64Array(8192)],
    [1e9, new Float64Array(8192)],
    [0, "numbers"],
    [0, new Float64Array(1)],
    ["length", new Float64Array(8192)],
  ]) {
    source.slots(chunk, slots);
  }
  source.overflow("tradsys_risk_made_up_total");
  expect(telemetry.text()).toBe("");
  for (let i = 0; i < 10_000; i++) source.series({ ...fine, labels: [`v${i}`] });
  expect(telemetry.read()[0]?.samples).toHaveLength(MAX_SERIES + 1);
});
