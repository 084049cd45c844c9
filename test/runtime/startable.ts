import type { FacetHandle } from "../../src/plugin/define.ts";
import type { StartableFacet } from "../../src/runtime/lifecycle/facet-run.ts";
import { Facets } from "../../src/runtime/lifecycle/facets.ts";
import { PortRegistry } from "../../src/runtime/ports.ts";
import { Timeline } from "../../src/runtime/report/timeline.ts";
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
  drainTimeoutMs: 10_000,
  needs: (changes.after ?? []).map((needed) => [needed]),
  handle: async () => handle,
  ...changes,
});

/** Starts every one of these facets. */
export async function startFacets(
  facets: readonly StartableFacet[],
  { signal = new AbortController().signal } = {},
): Promise<Facets> {
  const all = new Facets(facets, {
    ports: new PortRegistry(),
    timeline: new Timeline(performance.now()),
    tell: () => undefined,
  });
  await all.start(
    facets.map(({ id }) => id),
    { signal },
  );
  return all;
}
