import type { FacetHandle } from "../../src/plugin/define.ts";
import type { StartableFacet } from "../../src/runtime/lifecycle/facet-run.ts";
import { facet } from "../support/root.ts";

/** A facet around a handle, with time enough for everything. */
export const startable = (
  id: string,
  handle: FacetHandle = {},
  changes: Partial<StartableFacet> = {},
): StartableFacet => ({
  id: facet(id),
  after: [],
  ports: {},
  promises: [],
  startTimeoutMs: 10_000,
  stopTimeoutMs: 10_000,
  handle: async () => handle,
  ...changes,
});
