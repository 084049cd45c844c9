import type { Reading, Sample } from "./family.ts";
import { countUpTo } from "./histogram.ts";
import type { RuntimeTelemetry } from "./runtime-signals.ts";
import { boundsOf } from "./text.ts";

/** Of OpenTelemetry's `DataPointType` and `AggregationTemporality`. */
const HISTOGRAM = 0 as const;
const GAUGE = 2 as const;
const SUM = 3 as const;
const CUMULATIVE = 1 as const;
const DOUBLE = 1 as const;

/** What the host gives: its own resource, and the time in milliseconds since the epoch. */
export interface OtlpOptions<Resource> {
  readonly resource: Resource;
  readonly now: () => number;
}

/**
 * The runtime's metrics as a producer for OpenTelemetry's readers, which hand them to whatever exporter the host has:
 * `new PeriodicExportingMetricReader({ exporter, metricProducers: [openTelemetryMetrics(telemetry, { resource, now })] })`.
 *
 * @see OpenTelemetry Metrics SDK, section "MetricProducer".
 */
export function openTelemetryMetrics<Resource>(
  telemetry: RuntimeTelemetry,
  { resource, now }: OtlpOptions<Resource>,
) {
  const startTime = hrTime(now());
  return {
    async collect() {
      const endTime = hrTime(now());
      const metrics = telemetry.read().flatMap((reading) => [...metricData(reading, { startTime, endTime })]);
      const scopeMetrics = [{ scope: { name: "tradsys" }, metrics }];
      return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
    },
  };
}

type HrTime = [seconds: number, nanoseconds: number];

interface Interval {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

function* metricData({ metric, help, labelNames, samples }: Reading, interval: Interval) {
  if (samples.length === 0) return;
  const { name, type, unit } = metric;
  const point = <T>(sample: Sample, value: T) => ({
    ...interval,
    attributes: Object.fromEntries(labelNames.map((label, i) => [label, sample.labels[i] ?? ""])),
    value,
  });
  const common = {
    // Exporters to Prometheus append the end of a counter's name again.
    descriptor: { name: name.replace(/_total$/, ""), description: help, unit, valueType: DOUBLE },
    aggregationTemporality: CUMULATIVE,
  };
  if (type === "histogram") {
    const dataPoints = samples.map((sample) => point(sample, explicit(sample, unit)));
    yield { ...common, dataPointType: HISTOGRAM, dataPoints };
    return;
  }
  const dataPoints = samples.map((sample) => point(sample, sample.value));
  if (type === "counter") yield { ...common, dataPointType: SUM, isMonotonic: true, dataPoints };
  else yield { ...common, dataPointType: GAUGE, dataPoints };
}

function explicit(
  { buckets = [], value }: { readonly buckets?: ArrayLike<number>; readonly value: number },
  unit: string,
) {
  const [first, last] = boundsOf(unit);
  const exponents = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const cumulative = exponents.map((exponent) => countUpTo(buckets, exponent));
  let count = 0;
  for (let i = 0; i < buckets.length; i++) count += buckets[i] ?? 0;
  const counts = [...cumulative, count].map((each, i, all) => each - (all[i - 1] ?? 0));
  return { buckets: { boundaries: exponents.map((exponent) => 2 ** exponent), counts }, count, sum: value };
}
