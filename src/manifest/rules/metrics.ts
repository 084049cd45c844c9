import { didYouMean } from "../../domain/diagnostic.ts";
import { type Manifest, type Metric, systemOf } from "../../domain/manifest.ts";
import { closesWithUnit } from "../../domain/metric-names.ts";
import type { Finding } from "../document.ts";

/** Labels that every series has: whose it is. */
const OF_EVERY_SERIES = ["system", "plugin"];

/** Labels that the exposition format keeps for itself, too, by the instrument that uses them. */
const RESERVED: Readonly<Record<Metric["type"], readonly string[]>> = {
  histogram: ["le", ...OF_EVERY_SERIES],
  counter: OF_EVERY_SERIES,
  gauge: OF_EVERY_SERIES,
};

/**
 * Metrics are named `tradsys_<system>_<name>_<unit>`, each once: both systems share one name space.
 * A counter may close with `total` after its unit; one that counts things has the unit `1` and closes with `total`.
 *
 * @see OpenMetrics 1.0, sections "Counter" and "Units and Base Units".
 */
export function checkMetrics({ kind, metrics }: Manifest): Finding[] {
  const prefix = `tradsys_${systemOf(kind)}_`;
  const firstOf = new Map<string, number>();
  return metrics.flatMap((metric, i) => {
    const first = firstOf.get(metric.name);
    firstOf.set(metric.name, first ?? i);
    return first === undefined
      ? [...wrongSystem(metric, i, prefix), ...wrongUnit(metric, i), ...reservedLabels(metric, i)]
      : [repeated(metric.name, i, first)];
  });
}

const invalid = (pointer: string, message: string, hint: string): Finding => ({
  code: "METRIC_INVALID",
  severity: "error",
  pointer,
  message,
  hint,
});

/** A warning: the metric works, and may be shared with another system on purpose. */
function wrongSystem({ name }: Metric, i: number, prefix: string): Finding[] {
  if (name.startsWith(prefix)) return [];
  const rest = name.replace(/^tradsys_(?:(?:exchange|risk|strategy|data)_)?/, "");
  const { hint, meant } = didYouMean(prefix + rest);
  const message = `metrics of this kind of plugin start with \`${prefix}\``;
  return [{ ...invalid(`/metrics/${i}/name`, message, hint), meant, severity: "warning" }];
}

function wrongUnit(metric: Metric, i: number): Finding[] {
  const { name, type, unit } = metric;
  const base = name.replace(/_total$/, "");
  if (base !== name && type !== "counter") {
    return [
      invalid(
        `/metrics/${i}/name`,
        `\`_total\` is for counters, and this is a ${type}`,
        "Leave `_total` out.",
      ),
    ];
  }
  if (closesWithUnit(metric)) return [];
  return [
    {
      ...invalid(
        `/metrics/${i}/unit`,
        `the name does not close with the unit \`${unit}\``,
        unit === "1"
          ? "A number without unit closes with `_total` where it counts, else with `_ratio` or `_count`."
          : `End the name in \`_${unit}${type === "counter" ? "_total" : ""}\`, or correct the unit.`,
      ),
      related: [{ pointer: `/metrics/${i}/name`, message: "the name" }],
    },
  ];
}

const reservedLabels = ({ type, labels }: Metric, i: number): Finding[] =>
  labels.flatMap((label, j) =>
    RESERVED[type].includes(label)
      ? [
          invalid(
            `/metrics/${i}/labels/${j}`,
            `a ${type} has a label \`${label}\` of its own`,
            "Choose another name for the label.",
          ),
        ]
      : [],
  );

const repeated = (name: string, i: number, first: number): Finding => ({
  ...invalid(
    `/metrics/${i}/name`,
    `\`${name}\` is listed twice`,
    "Keep one of them; labels tell cases apart.",
  ),
  related: [{ pointer: `/metrics/${first}/name`, message: "it is listed here first" }],
});
