import { TradsysError } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { GenerationFacet } from "../../domain/plan.ts";
import type { FacetHandle } from "../../plugin/define.ts";
import { messageOf } from "../loading/evaluate.ts";
import type { PortRegistry } from "../ports.ts";
import { within } from "./deadline.ts";

/** Where a facet stands. `failed` and `blocked` keep the reason. */
export type FacetState =
  | { readonly state: "waiting" | "starting" | "ready" | "stopping" | "stopped" }
  | { readonly state: "failed"; readonly error: TradsysError }
  /** Never started, since a facet that it needs failed. */
  | { readonly state: "blocked"; readonly by: FacetId };

/** What the lifecycle needs to know of a facet beyond its place in the order. */
export interface StartableFacet extends GenerationFacet {
  /** Ports the manifest promises. */
  readonly promises: readonly string[];
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Loads and activates the plugin, once for all of its facets, and returns this facet's handle. */
  handle(): Promise<FacetHandle>;
}

/** Started facets, and the way to stop them. */
export interface StartedFacets {
  status(): ReadonlyMap<FacetId, FacetState>;
  /** Milliseconds from the first start to ready, by facet. */
  readonly readyAfterMs: ReadonlyMap<FacetId, number>;
  /** Stops what is ready, the last that became ready first. Returns what failed to stop in time or at all. */
  stop(): Promise<readonly TradsysError[]>;
}

/**
 * Starts every facet as soon as all it waits for is ready: no barriers between waves. A facet that fails
 * blocks those after it and nothing else.
 */
export async function startFacets(
  facets: readonly StartableFacet[],
  ports: PortRegistry,
): Promise<StartedFacets> {
  const began = performance.now();
  const states = new Map<FacetId, FacetState>(facets.map(({ id }) => [id, { state: "waiting" }]));
  const started: { readonly facet: StartableFacet; readonly handle: FacetHandle }[] = [];
  const readyAfterMs = new Map<FacetId, number>();
  const settled = new Map<FacetId, Promise<void>>();
  let stopping = false;

  const take = (facet: StartableFacet, handle: FacetHandle): void => {
    // A facet whose time ran out may still deliver. After the stop nobody would give back what it took.
    if (stopping) void stopOne(facet, handle);
    else started.push({ facet, handle });
  };

  const start = async (facet: StartableFacet): Promise<void> => {
    await Promise.all(facet.after.map(async (id) => settled.get(id)));
    const by = facet.after.find((id) => states.get(id)?.state !== "ready");
    if (by !== undefined) {
      states.set(facet.id, { state: "blocked", by });
      return;
    }
    states.set(facet.id, { state: "starting" });
    try {
      const ready = await startOne(facet, (handle) => take(facet, handle));
      ports.offer(facet.id, ready.provides ?? {});
      readyAfterMs.set(facet.id, performance.now() - began);
      states.set(facet.id, { state: "ready" });
    } catch (error) {
      states.set(facet.id, { state: "failed", error: asStartFailure(facet.id, error) });
    }
  };
  // Facets come in an order that respects `after`, so that each finds what it waits for in `settled`.
  for (const facet of facets) settled.set(facet.id, start(facet));
  await Promise.all(settled.values());

  return {
    status: () => states,
    readyAfterMs,
    async stop() {
      stopping = true;
      const failures: TradsysError[] = [];
      for (const { facet, handle } of started.splice(0).toReversed()) {
        ports.withdraw(facet.id);
        const failed = states.get(facet.id)?.state === "failed";
        if (!failed) states.set(facet.id, { state: "stopping" });
        const failure = await stopOne(facet, handle);
        if (failure) failures.push(failure);
        if (!failed) states.set(facet.id, { state: "stopped" });
      }
      return failures;
    },
  };
}

/** `onTaken` is told of the handle before it is started, since a failed start must be stopped too. */
async function startOne(facet: StartableFacet, onTaken: (handle: FacetHandle) => void): Promise<FacetHandle> {
  const work = async (): Promise<FacetHandle> => {
    const handle = await facet.handle();
    onTaken(handle);
    await handle.start?.();
    return handle;
  };
  const outcome = await within(facet.startTimeoutMs, work());
  if (outcome.late) {
    throw new TradsysError("START_TIMEOUT", `${facet.id} was not ready after ${facet.startTimeoutMs} ms`, {
      hint: "Raise resources.startTimeoutMs in its manifest if it needs longer.",
    });
  }
  const missing = facet.promises.find((port) => !Object.hasOwn(outcome.value.provides ?? {}, port));
  if (missing !== undefined) {
    throw new TradsysError(
      "START_FAILED",
      `${facet.id} promises the port ${missing} and does not provide it`,
    );
  }
  return outcome.value;
}

async function stopOne(facet: StartableFacet, handle: FacetHandle): Promise<TradsysError | undefined> {
  try {
    const outcome = await within(facet.stopTimeoutMs, Promise.resolve(handle.stop?.()));
    return outcome.late
      ? new TradsysError("STOP_TIMEOUT", `${facet.id} had not stopped after ${facet.stopTimeoutMs} ms`)
      : undefined;
  } catch (cause) {
    return new TradsysError("STOP_FAILED", `${facet.id} failed to stop: ${messageOf(cause)}`, { cause });
  }
}

function asStartFailure(id: FacetId, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("START_FAILED", `${id} failed to start: ${messageOf(cause)}`, { cause });
}
