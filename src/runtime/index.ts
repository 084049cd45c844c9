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
  type StartReport,
} from "./start-runtime.ts";
