import type { Diagnostic, Location } from "../../domain/diagnostic.ts";
import type { Manifest, Metric } from "../../domain/manifest.ts";
import { takenNames } from "../../domain/metric-names.ts";
import { placeIn, type Document } from "../layers/scope.ts";

interface Declared {
  readonly metric: Metric;
  readonly plugin: string;
  readonly location: Location;
}

/**
 * One name means one thing: plugins that record a metric together agree on its type, unit and labels, and no two metrics
 * are one name once they are translated for Prometheus or OpenTelemetry.
 */
export function checkMetricCollisions(plugins: readonly Document<Manifest>[]): Diagnostic[] {
  const taken = new Map<string, Declared>();
  return plugins.flatMap(declaredBy).flatMap((other) => {
    const names = takenNames(other.metric);
    const name = names.find((each) => taken.has(each));
    const first = name === undefined ? undefined : taken.get(name);
    for (const each of names) if (!taken.has(each)) taken.set(each, other);
    if (name === undefined || first === undefined) return [];
    return first.metric.name === other.metric.name
      ? collision(first, other)
      : [translated(first, other, name)];
  });
}

const translated = (first: Declared, other: Declared, name: string): Diagnostic => ({
  code: "METRIC_COLLISION",
  severity: "error",
  message: `${other.metric.name} of ${other.plugin} and ${first.metric.name} of ${first.plugin} are one name, ${name}, to Prometheus or OpenTelemetry`,
  location: other.location,
  related: [{ message: `recorded by ${first.plugin}`, location: first.location }],
  hint: "Rename one of them.",
});

const declaredBy = (plugin: Document<Manifest>): Declared[] =>
  plugin.value.metrics.map((metric, i) => ({
    metric,
    plugin: plugin.value.name,
    location: placeIn(plugin, `/metrics/${i}/name`),
  }));

function collision(first: Declared, other: Declared): Diagnostic[] {
  const differences = [
    ...differs("type", first.metric.type, other.metric.type),
    ...differs("unit", first.metric.unit, other.metric.unit),
    ...differs("labels", labelsOf(first.metric), labelsOf(other.metric)),
  ];
  if (differences.length === 0) return [];
  return [
    {
      code: "METRIC_COLLISION",
      severity: "error",
      message: `${other.plugin} and ${first.plugin} both record ${other.metric.name}, with another ${differences.join(" and ")}`,
      location: other.location,
      related: [{ message: `recorded by ${first.plugin}`, location: first.location }],
      hint: "Rename one of them, or make them agree.",
    },
  ];
}

const labelsOf = ({ labels }: Metric): string => labels.toSorted().join(", ");

const differs = (what: string, a: string, b: string): string[] =>
  a === b ? [] : [`${what} (${b || "none"}, not ${a || "none"})`];
