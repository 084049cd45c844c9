import type { Metric } from "../../domain/manifest.ts";

/** A metric with what it says, in one sentence. */
export type DescribedMetric = Metric & { readonly help: string };

const metric = (
  name: string,
  { type, unit, labels = [] }: Omit<Metric, "name" | "labels"> & { readonly labels?: readonly string[] },
  help: string,
): DescribedMetric => ({ name: `tradsys_runtime_${name}`, type, unit, labels, help });

const OF_PLUGIN = ["system", "plugin"];
const OF_FACET = [...OF_PLUGIN, "facet"];

/** What the runtime records about itself, in its one registry. */
export const RUNTIME_METRICS = [
  metric(
    "facet_starts_total",
    { type: "counter", unit: "1", labels: OF_FACET },
    "Times that a facet became ready.",
  ),
  metric(
    "facet_start_failures_total",
    { type: "counter", unit: "1", labels: OF_FACET },
    "Times that a facet failed to start, or after it had started.",
  ),
  metric(
    "facet_start_duration_seconds",
    { type: "histogram", unit: "seconds", labels: OF_FACET },
    "Time from the begin of a start until the facet was ready.",
  ),
  metric(
    "calls_total",
    { type: "counter", unit: "1", labels: OF_PLUGIN },
    "Calls to plugins with a thread or process of their own.",
  ),
  metric(
    "call_errors_total",
    { type: "counter", unit: "1", labels: [...OF_PLUGIN, "code"] },
    "Calls that failed, by the code of their error.",
  ),
  metric(
    "call_duration_seconds",
    { type: "histogram", unit: "seconds", labels: OF_PLUGIN },
    "Time of a call to a plugin with a thread or process of its own, from end to end. Sampled under load.",
  ),
  metric(
    "call_sampling_ratio",
    { type: "gauge", unit: "1", labels: OF_PLUGIN },
    "Share of the calls whose duration is measured.",
  ),
  metric(
    "metric_overflows_total",
    { type: "counter", unit: "1", labels: [...OF_PLUGIN, "metric"] },
    "Times that labels came to the overflow series, since their metric has too many.",
  ),
  metric(
    "telemetry_busy_seconds_total",
    { type: "counter", unit: "seconds" },
    "Time that reading and writing metrics took.",
  ),
  metric("telemetry_memory_bytes", { type: "gauge", unit: "bytes" }, "Memory that all series take."),
] as const;
/** What the status of a host says in numbers, where its admin endpoint is open. */
export const HOST_METRICS: readonly DescribedMetric[] = [
  metric("ready", { type: "gauge", unit: "1" }, "1 while everything that must serve does."),
  metric("uptime_seconds", { type: "gauge", unit: "seconds" }, "Time since the host was started."),
  metric("resident_bytes", { type: "gauge", unit: "bytes" }, "Memory of the host's process."),
  metric("heap_bytes", { type: "gauge", unit: "bytes" }, "Heap in use in the host's own thread."),
  metric(
    "event_loop_delay_seconds",
    { type: "gauge", unit: "seconds" },
    "How late the host's timers were in the last second.",
  ),
  metric(
    "facet_state",
    { type: "gauge", unit: "1", labels: ["facet", "plugin", "state"] },
    "1 for the state that each facet is in.",
  ),
  metric(
    "plugin_memory_bytes",
    { type: "gauge", unit: "bytes", labels: ["plugin"] },
    "Memory of a plugin with a thread or process of its own.",
  ),
  metric(
    "plugin_crashes_total",
    { type: "counter", unit: "1", labels: ["plugin"] },
    "Times that a plugin ended without being asked to.",
  ),
  metric(
    "plugin_restarts_total",
    { type: "counter", unit: "1", labels: ["plugin"] },
    "Times that a plugin was started anew after it had ended.",
  ),
];
