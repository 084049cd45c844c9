import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { expect, it, onTestFinished } from "vitest";

import { openTelemetryMetrics } from "../../../src/runtime/index.ts";
import { start, withPort } from "../isolation/levels.ts";

/** What an OTLP receiver was sent, as JSON. */
interface Sent {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly Record<string, unknown>[];
    }[];
  }[];
}

/** A receiver on loopback; resolves with the first request that it is sent. */
async function receiver(): Promise<{ readonly url: string; readonly received: Promise<Sent> }> {
  const { promise, resolve } = Promise.withResolvers<Sent>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.end("{}");
      resolve(JSON.parse(Buffer.concat(chunks).toString()) as Sent);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`, received: promise };
}

it("hands its metrics to OpenTelemetry's own exporter, which sends them as OTLP", async () => {
  const { ask, telemetry } = await start([
    {
      name: "thinker",
      manifest: {
        kind: "strategy",
        metrics: [
          { name: "tradsys_strategy_signals_total", type: "counter", unit: "1", labels: [] },
          { name: "tradsys_strategy_think_seconds", type: "histogram", unit: "seconds", labels: [] },
          { name: "tradsys_strategy_position_ratio", type: "gauge", unit: "1", labels: [] },
        ],
      },
      code: withPort(`async think() {
        context.metrics.counter("tradsys_strategy_signals_total").add(2);
        context.metrics.histogram("tradsys_strategy_think_seconds").record(0.25);
        context.metrics.gauge("tradsys_strategy_position_ratio").set(0.5);
      }`),
    },
  ]);
  await ask("thinker", "think");
  const { url, received } = await receiver();
  const resource = { attributes: {}, merge: () => resource, getRawAttributes: () => [] };
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url }),
    exportIntervalMillis: 3_600_000,
    metricProducers: [openTelemetryMetrics(telemetry, { resource, now: () => 1_700_000_000_000 })],
  });
  const provider = new MeterProvider({ readers: [reader] });
  await provider.forceFlush();
  const { resourceMetrics } = await received;
  await provider.shutdown();
  const sent = resourceMetrics[0]?.scopeMetrics.find(({ scope }) => scope.name === "tradsys")?.metrics ?? [];
  const named = (name: string) => sent.find((metric) => metric["name"] === name);
  expect(named("tradsys_strategy_signals")).toMatchObject({
    sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asDouble: 2 }] },
  });
  expect(named("tradsys_strategy_position_ratio")).toMatchObject({
    gauge: { dataPoints: [{ asDouble: 0.5 }] },
  });
  const think = named("tradsys_strategy_think_seconds")?.["histogram"] as
    | { dataPoints: { bucketCounts: number[]; explicitBounds: number[] }[] }
    | undefined;
  const point = think?.dataPoints[0];
  expect(point).toMatchObject({ count: 1, sum: 0.25 });
  expect(point?.explicitBounds[point.bucketCounts.indexOf(1)]).toBe(0.25);
});
