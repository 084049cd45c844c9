import { OLD_NAMES } from "./catalogue.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold. */
  readonly for: string;
  readonly severity: "critical" | "warning" | "info";
  readonly summary: string;
}

const ALERTS: readonly Alert[] = [
  {
    alert: "TradsysNotReady",
    expr: "tradsys_runtime_ready == 0",
    for: "1m",
    severity: "critical",
    summary: "What must serve does not on {{ $labels.instance }}",
  },
  {
    alert: "TradsysFacetFailed",
    expr: 'tradsys_runtime_facet_state{state="failed"} == 1',
    for: "1m",
    severity: "warning",
    summary: "{{ $labels.facet }} has failed",
  },
  {
    alert: "TradsysPluginCrashed",
    expr: "increase(tradsys_runtime_plugin_crashes_total[5m]) > 0",
    for: "0s",
    severity: "warning",
    summary: "{{ $labels.plugin }} ended without being asked to",
  },
  {
    alert: "TradsysPluginRestartsOften",
    expr: "increase(tradsys_runtime_plugin_restarts_total[10m]) > 3",
    for: "0s",
    severity: "critical",
    summary: "{{ $labels.plugin }} was started anew more than three times in ten minutes",
  },
  {
    alert: "TradsysCallsFail",
    expr: "sum by (plugin) (rate(tradsys_runtime_call_errors_total[5m])) / sum by (plugin) (rate(tradsys_runtime_calls_total[5m])) > 0.05",
    for: "5m",
    severity: "warning",
    summary: "More than one in twenty calls of {{ $labels.plugin }} fails",
  },
  {
    alert: "TradsysCallsSlow",
    expr: "histogram_quantile(0.99, sum by (plugin, le) (rate(tradsys_runtime_call_duration_seconds_bucket[5m]))) > 1",
    for: "5m",
    severity: "warning",
    summary: "One in a hundred calls of {{ $labels.plugin }} takes more than a second",
  },
  {
    alert: "TradsysEventLoopLate",
    expr: "tradsys_runtime_event_loop_delay_seconds > 0.1",
    for: "1m",
    severity: "warning",
    summary: "The host's timers are more than 100 ms late on {{ $labels.instance }}",
  },
  {
    alert: "TradsysMetricOverflows",
    expr: "increase(tradsys_runtime_metric_overflows_total[15m]) > 0",
    for: "0s",
    severity: "info",
    summary: "{{ $labels.metric }} of {{ $labels.plugin }} has too many series; the rest is counted together",
  },
  {
    alert: "TradsysTelemetryCosts",
    expr: "rate(tradsys_runtime_telemetry_busy_seconds_total[5m]) > 0.01",
    for: "10m",
    severity: "info",
    summary: "Reading metrics takes more than 1 % of the host's time on {{ $labels.instance }}",
  },
];

/**
 * Prometheus rules as YAML: alerts on what the runtime says about itself, and the names of the product before.
 *
 * @see Prometheus, "Alerting rules" and "Recording rules".
 */
export function alertRules(): string {
  const alerts = ALERTS.map(
    ({ alert, expr, for: held, severity, summary }) => `      - alert: ${alert}
        expr: ${quoted(expr)}
        for: ${held}
        labels:
          severity: ${severity}
        annotations:
          summary: ${quoted(summary)}
`,
  );
  const old = Object.entries(OLD_NAMES).map(
    ([record, expr]) => `      - record: ${record}\n        expr: ${quoted(expr)}\n`,
  );
  return `groups:\n  - name: tradsys\n    rules:\n${alerts.join("")}  - name: tradsys-old-names\n    rules:\n${old.join("")}`;
}

/** JSON's strings are YAML's, too. */
const quoted = (text: string): string => JSON.stringify(text);
