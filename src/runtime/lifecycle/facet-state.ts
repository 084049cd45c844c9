import { TradsysError } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";

/** Where a facet stands. What keeps it from serving says why. */
export type FacetState =
  | { readonly state: "waiting" | "starting" | "ready" | "draining" | "stopping" | "stopped" }
  /** It serves, with less than it should. */
  | { readonly state: "degraded"; readonly reason: string }
  /** It does not run, since a facet that it needs does not. It starts when that does. */
  | { readonly state: "blocked"; readonly by: FacetId }
  | { readonly state: "failed"; readonly error: TradsysError }
  /** Its plugin ended, and is about to be started anew. */
  | { readonly state: "restarting"; readonly attempt: number; readonly error: TradsysError }
  /** Its plugin is not started on this host until somebody releases it. */
  | { readonly state: "quarantined"; readonly error: TradsysError };

/** Whether others may use it. */
export const isServing = ({ state }: FacetState): boolean => state === "ready" || state === "degraded";

/** Why a facet does not serve, where that has a reason. */
export function reasonAgainst(id: FacetId, state: FacetState | undefined): TradsysError | undefined {
  if (state?.state === "blocked")
    return new TradsysError("BLOCKED", `${id} was not started: ${state.by} did not become ready`);
  return state && "error" in state ? state.error : undefined;
}
