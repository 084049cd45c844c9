import type { Metric } from "./manifest.ts";

/** Whether a metric's name closes with its unit, as the convention `tradsys_<system>_<name>_<unit>` asks. */
export function closesWithUnit({ name, unit }: Metric): boolean {
  const base = name.replace(/_total$/, "");
  if (name.endsWith(`_${unit}`)) return true;
  return unit === "1" ? base !== name || /_(?:ratio|count)$/.test(name) : base.endsWith(`_${unit}`);
}

/**
 * The name of a metric's family in Prometheus: what is no letter or digit becomes `_`, the unit is put at the end where
 * it is missing, and `_total` is left out. Metrics whose names differ before may be the same here.
 *
 * @see OpenTelemetry, "Prometheus and OpenMetrics Compatibility", section "Metric Metadata".
 */
export function familyName({ name, unit }: Metric): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9_]+/g, "_")
    .replaceAll(/_{2,}/g, "_")
    .replace(/_total$/, "");
  return unit === "1" || plain.endsWith(`_${unit}`) ? plain : `${plain}_${unit}`;
}

const SUFFIXES: Readonly<Record<Metric["type"], readonly string[]>> = {
  counter: ["", "_total", "_created"],
  gauge: [""],
  histogram: ["", "_bucket", "_sum", "_count", "_created"],
};

/** Every name that a metric takes in any of its forms. OpenTelemetry's names are the same in upper and lower case. */
export const takenNames = (metric: Metric): readonly string[] =>
  SUFFIXES[metric.type].map((suffix) => (familyName(metric) + suffix).toLowerCase());

/** Whether two metrics are one that several record together. */
export const isSameMetric = (a: Metric, b: Metric): boolean =>
  a.name === b.name && a.type === b.type && a.unit === b.unit && sameLabels(a.labels, b.labels);

const sameLabels = (a: readonly string[], b: readonly string[]): boolean =>
  a.toSorted().join() === b.toSorted().join();
