export type { ErrorCode } from "../domain/codes.ts";
export type { Diagnostic } from "../domain/diagnostic.ts";
export { TradsysError } from "../domain/errors.ts";
export type { FacetState } from "./lifecycle/facets.ts";
export type { LogEntry } from "./plugin-instance.ts";
export {
  preload,
  startRuntime,
  type Preloaded,
  type PreloadOptions,
  type Runtime,
  type RuntimeOptions,
} from "./start-runtime.ts";
export type { StartReport } from "./report/start-report.ts";
export type { Phase, Span } from "./report/timeline.ts";
