import { byText } from "../../domain/by-text.ts";
import type { Manifest, Metric } from "../../domain/manifest.ts";
import { familyName } from "../../domain/metric-names.ts";
import { HOST_METRICS, RUNTIME_METRICS } from "./runtime-metrics.ts";

/** A metric as Prometheus has it. */
export interface Catalogued extends Metric {
  /** Its name there; of a histogram, what its series begin with. */
  readonly exposed: string;
  readonly help: string;
  /** Who records it: plugins, or the runtime itself. */
  readonly owners: readonly string[];
}

/** Every metric of the runtime and of these plugins, by name. */
export function catalogueOf(plugins: readonly Pick<Manifest, "name" | "metrics">[]): readonly Catalogued[] {
  const own = [...HOST_METRICS, ...RUNTIME_METRICS].map((metric) => ({ ...metric, owners: ["the runtime"] }));
  const declared = plugins.flatMap(({ name, metrics }) => metrics.map((metric) => ({ metric, name })));
  const theirs = [...Map.groupBy(declared, ({ metric }) => metric.name).values()].flatMap((recorded) => {
    const owners = [...new Set(recorded.map(({ name }) => name))].toSorted();
    return recorded.slice(0, 1).map(({ metric }) => ({
      ...metric,
      labels: ["system", "plugin", ...metric.labels],
      owners,
      help: `Recorded by ${owners.join(", ")}.`,
    }));
  });
  return [...own, ...theirs]
    .map((metric) => ({ ...metric, exposed: exposedName(metric) }))
    .toSorted((a, b) => byText(a.exposed, b.exposed));
}

const exposedName = (metric: Metric): string =>
  metric.type === "counter" ? `${familyName(metric)}_total` : familyName(metric);

/** Names of the product before, each with the query that answers it. Dashboards and alerts that use them go on. */
export const OLD_NAMES: Readonly<Record<string, string>> = {
  lazy_loading_initialization_count: byComponent("tradsys_runtime_facet_starts_total"),
  lazy_loading_initialization_error_count: byComponent("tradsys_runtime_facet_start_failures_total"),
  lazy_loading_initialization_duration_seconds_bucket: byComponent(
    "tradsys_runtime_facet_start_duration_seconds_bucket",
    ", le",
  ),
  lazy_loading_initialization_duration_seconds_sum: byComponent(
    "tradsys_runtime_facet_start_duration_seconds_sum",
  ),
  lazy_loading_initialization_duration_seconds_count: byComponent(
    "tradsys_runtime_facet_start_duration_seconds_count",
  ),
  lazy_loading_memory_usage_bytes: byComponent("tradsys_runtime_plugin_memory_bytes"),
  lazy_loading_component_status: byComponent('tradsys_runtime_facet_state{state="ready"}'),
  lazy_component_count: "count(count by (plugin) (tradsys_runtime_facet_state))",
  lazy_component_initialized_count: 'count(count by (plugin) (tradsys_runtime_facet_state{state="ready"}))',
  lazy_component_total_memory_bytes: "sum(tradsys_runtime_plugin_memory_bytes)",
};

/** What was a component is a plugin now. */
function byComponent(series: string, more = ""): string {
  return `sum by (component${more}) (label_replace(${series}, "component", "$1", "plugin", "(.*)"))`;
}
