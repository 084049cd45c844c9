export type { ErrorCode } from "../domain/codes.ts";
export type { Diagnostic } from "../domain/diagnostic.ts";
export { TradsysError } from "../domain/errors.ts";
export type { Reconfigured } from "./config/reconfigure.ts";
export type { Drift } from "./health/drift.ts";
export { defineService, type Lifetime, type Locator, type Service } from "./container/service.ts";
export type { IncidentReport } from "./errors/incident-log.ts";
export type { FacetHealth, Health, Verdict } from "./health/roll-up.ts";
export type { PortPolicy } from "./recovery/guard-port.ts";
export type { PortPolicies } from "./recovery/port-guards.ts";
export type { FacetState } from "./lifecycle/facet-state.ts";
export { HostMonitor } from "./admin/host-monitor.ts";
export type { HostStatus } from "./admin/host-status.ts";
export { openAdmin, type Admin, type AdminOptions } from "./admin/open-admin.ts";
export type { LogEntry } from "./activate-plugin.ts";
export type { CallLimits } from "../plugin/define.ts";
export { openTelemetryContexts, type OpenTelemetryApi } from "./context/open-telemetry.ts";
export type { PluginFailure } from "./context/failures.ts";
export type { PortError } from "../plugin/errors.ts";
export type { IsolationLevel } from "./place-plugin.ts";
export { preload } from "./preload.ts";
export type {
  Observed,
  Preloaded,
  IsolationOptions,
  PreloadOptions,
  ResourceOptions,
  Runtime,
  RuntimeOptions,
  Successor,
  SupervisionOptions,
} from "./runtime.ts";
export { startRuntime } from "./start-runtime.ts";
export type { PluginCrash, PluginStatus } from "./startable.ts";
export type { Swapped } from "./supervision/swap.ts";
export type { Clock } from "./supervision/clock.ts";
export type { RestartPolicy } from "./supervision/restart-policy.ts";
export type { Happening, RuntimeEvent, RuntimeEvents } from "./supervision/events.ts";
export type { BufferOptions, BufferPool, Lent } from "./resources/buffer-pool.ts";
export type { PressureStatus } from "./resources/regulator.ts";
export type { StartReport } from "./report/start-report.ts";
export type { Phase, Span } from "./report/timeline.ts";
export { openTelemetryMetrics, type OtlpOptions } from "./telemetry/open-telemetry.ts";
export type { Reading, Sample } from "./telemetry/family.ts";
export type { RuntimeTelemetry } from "./telemetry/runtime-signals.ts";
