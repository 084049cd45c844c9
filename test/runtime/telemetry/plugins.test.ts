import { spawnSync } from "node:child_process";

import { expect, it } from "vitest";

import type { Metric } from "../../../src/domain/manifest.ts";
import { LEVELS, start, withPort, type Actor } from "../isolation/levels.ts";

const METRICS: readonly Metric[] = [
  { name: "tradsys_strategy_signals_total", type: "counter", unit: "1", labels: ["side"] },
  { name: "tradsys_strategy_think_seconds", type: "histogram", unit: "seconds", labels: [] },
];

const thinking = (level: NonNullable<Actor["level"]>): Actor => ({
  name: "thinker",
  level,
  manifest: { kind: "strategy", metrics: METRICS },
  code: withPort(
    `async think() { signals.add(); seconds.record(0.25); },
     async fail() { throw Object.assign(new Error("no"), { code: "MARKET_CLOSED" }); }`,
    `const signals = context.metrics.counter("tradsys_strategy_signals_total", { side: "buy" });
     const seconds = context.metrics.histogram("tradsys_strategy_think_seconds")`,
  ),
});

it.each(LEVELS)("reads what a plugin in %s records, with what it was asked", async (level) => {
  const { ask, telemetry } = await start([thinking(level)]);
  for (let i = 0; i < 3; i++) await ask("thinker", "think");
  await ask("thinker", "fail").catch(() => undefined);
  const place = 'system="strategy",plugin="@acme/thinker"';
  await expect
    .poll(() => telemetry.text(), { timeout: 5000 })
    .toContain(`tradsys_strategy_signals_total{${place},side="buy"} 3\n`);
  const text = telemetry.text();
  expect(text).toContain(`tradsys_strategy_think_seconds_bucket{${place},le="0.25"} 3\n`);
  expect(text).toContain(`tradsys_strategy_think_seconds_bucket{${place},le="0.125"} 0\n`);
  expect(text).toContain(`tradsys_strategy_think_seconds_sum{${place}} 0.75\n`);
  expect(text).toContain(`tradsys_runtime_facet_starts_total{${place},facet="main"} 1\n`);
  const crossed = text.includes(`tradsys_runtime_calls_total{${place}} 4\n`);
  const failed = text.includes(`tradsys_runtime_call_errors_total{${place},code="MARKET_CLOSED"} 1\n`);
  expect([crossed, failed]).toEqual(level === "inline" ? [false, false] : [true, true]);
  expect(text).toContain("tradsys_runtime_telemetry_busy_seconds_total ");
  expect(text).toMatch(/^tradsys_runtime_telemetry_memory_bytes [1-9]\d+$/m);
});

/** A plugin that declares a metric and must not run. */
const named = (name: string, metric: Metric): Actor => ({
  name,
  code: `throw new Error("it ran")`,
  manifest: { kind: "strategy", metrics: [metric] },
});

it("refuses a set whose metrics collide before any of its code runs", async () => {
  const wait: Metric = {
    name: "tradsys_strategy_wait_seconds",
    type: "histogram",
    unit: "seconds",
    labels: [],
  };
  const count: Metric = { name: "tradsys_strategy_wait_seconds_count", type: "gauge", unit: "1", labels: [] };
  await expect(start([named("one", wait), named("other", count)])).rejects.toMatchObject({
    code: "METRIC_COLLISION",
    message: expect.stringContaining("@acme/other and tradsys_strategy_wait_seconds of @acme/one") as string,
  });
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

it.skipIf(!hasPromtool)("writes what promtool takes (skipped where promtool is absent)", async () => {
  const { ask, telemetry } = await start(
    ["inline", "worker"].map((level) => ({ ...thinking(level as "inline"), name: level })),
  );
  await ask("inline", "think");
  await ask("worker", "think");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: telemetry.text(), encoding: "utf8" });
  expect(checked.stderr + checked.stdout).toBe("");
  expect(checked.status).toBe(0);
});
