import { TradsysError } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import { messageOf } from "../loading/evaluate.ts";
import type { PortRegistry } from "../ports.ts";
import { FacetRun, type StartableFacet } from "./facet-run.ts";

/** Where a facet stands. `failed` and `blocked` keep the reason. */
export type FacetState =
  | { readonly state: "waiting" | "starting" | "ready" | "stopping" | "stopped" }
  | { readonly state: "failed"; readonly error: TradsysError }
  /** Never started, since a facet that it needs failed. */
  | { readonly state: "blocked"; readonly by: FacetId };

/** Started facets, and the way to stop them. */
export interface StartedFacets {
  status(): ReadonlyMap<FacetId, FacetState>;
  /** Milliseconds from the first start to ready, by facet. */
  readonly readyAfterMs: ReadonlyMap<FacetId, number>;
  /**
   * Stops what failed to start and has not ended yet, then what is ready, the last that became ready first.
   * Returns what failed to stop in time or at all; the same at every call.
   */
  stop(): Promise<readonly TradsysError[]>;
}

/**
 * Starts every facet as soon as all it waits for is ready: no barriers between waves. A facet that fails is
 * stopped at once, and blocks those after it and nothing else. When the signal calls the start off, every
 * facet that is not ready yet fails.
 */
export async function startFacets(
  facets: readonly StartableFacet[],
  { ports, signal }: { readonly ports: PortRegistry; readonly signal: AbortSignal },
): Promise<StartedFacets> {
  const began = performance.now();
  const states = new Map<FacetId, FacetState>(facets.map(({ id }) => [id, { state: "waiting" }]));
  const readyAfterMs = new Map<FacetId, number>();
  const settled = new Map<FacetId, Promise<void>>();
  const ready: FacetRun[] = [];
  const failed: FacetRun[] = [];

  const start = async (facet: StartableFacet): Promise<void> => {
    const { id, after } = facet;
    await Promise.all(after.flatMap((needed) => settled.get(needed) ?? []));
    const by = after.find((needed) => states.get(needed)?.state !== "ready");
    if (by !== undefined) {
      states.set(id, { state: "blocked", by });
      return;
    }
    states.set(id, { state: "starting" });
    const run = new FacetRun(facet);
    try {
      ports.offer(id, await run.ready(signal));
      ready.push(run);
      readyAfterMs.set(id, performance.now() - began);
      states.set(id, { state: "ready" });
    } catch (error) {
      failed.push(run);
      states.set(id, { state: "failed", error: asStartFailure(id, error) });
      void run.stopOnceSettled();
    }
  };
  // Facets come in an order that respects `after`, so that each finds what it waits for in `settled`.
  for (const facet of facets) settled.set(facet.id, start(facet));
  await Promise.all(settled.values());

  const stop = async (): Promise<readonly TradsysError[]> => {
    const failures = await Promise.all(failed.map((run) => run.stop()));
    for (const run of ready.toReversed()) {
      const { id } = run.facet;
      ports.withdraw(id);
      states.set(id, { state: "stopping" });
      const error = await run.stop();
      states.set(id, error ? { state: "failed", error } : { state: "stopped" });
      failures.push(error);
    }
    return failures.filter((failure) => failure !== undefined);
  };
  let stopped: ReturnType<typeof stop> | undefined;
  return { status: () => new Map(states), readyAfterMs, stop: () => (stopped ??= stop()) };
}

function asStartFailure(id: FacetId, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("START_FAILED", `${id} failed to start: ${messageOf(cause)}`, { cause });
}
