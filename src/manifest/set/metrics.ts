import type { Diagnostic, Location } from "../../domain/diagnostic.ts";
import type { Manifest, Metric } from "../../domain/manifest.ts";
import { placeIn, type Document } from "../layers/scope.ts";

interface Declared {
  readonly metric: Metric;
  readonly plugin: string;
  readonly location: Location;
}

/** One name means one thing: plugins that record a metric together agree on its type, unit and labels. */
export function checkMetricCollisions(plugins: readonly Document<Manifest>[]): Diagnostic[] {
  const byName = Map.groupBy(plugins.flatMap(declaredBy), ({ metric }) => metric.name);
  return [...byName.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : others.flatMap((other) => collision(first, other)),
  );
}

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
