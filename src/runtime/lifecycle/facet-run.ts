import { TradsysError, messageOf } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { GenerationFacet } from "../../domain/plan.ts";
import type { FacetHandle } from "../../plugin/define.ts";
import { type CallOffs, type Limit, within } from "./deadline.ts";

/** What the lifecycle needs to know of a facet beyond its place in the order. */
export interface StartableFacet extends GenerationFacet {
  /** Ports the manifest promises. */
  readonly promises: readonly string[];
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Loads and activates the plugin, once for all of its facets, and returns this facet's handle. */
  handle(): Promise<FacetHandle>;
  /** Makes the next `handle` load and activate the plugin anew. */
  renew?(): void;
}

/** How long a start is waited for. */
export interface Patience {
  /** Says that nobody waits for it any longer. */
  readonly signal: AbortSignal;
  /** Called when it says so. */
  readonly callOffs: CallOffs;
  /** What everything that is started together has. */
  readonly limit: Limit;
  /** The longest path of facets that wait for this one, itself first. */
  readonly behind: () => readonly FacetId[];
}

type Provided = NonNullable<FacetHandle["provides"]>;

/** One start of a facet and the stop that belongs to it. Each happens once. */
export class FacetRun {
  readonly facet: StartableFacet;
  readonly #starting: Promise<FacetHandle>;
  #handle: FacetHandle | undefined;
  #isAbandoned = false;
  #stopping: Promise<TradsysError | undefined> | undefined;

  constructor(facet: StartableFacet) {
    this.facet = facet;
    this.#starting = this.#start();
  }

  /**
   * Resolves with what the facet provides, once it is ready.
   *
   * @throws {TradsysError} `START_TIMEOUT`, or `START_FAILED` for a start that was called off and for a promised
   *   port that is missing; else whatever the plugin throws.
   */
  async ready(patience: Patience): Promise<Provided> {
    const { id, promises, startTimeoutMs } = this.facet;
    const began = performance.now();
    const left = patience.limit.until - began;
    const outcome = await within(Math.min(startTimeoutMs, left), this.#starting, patience.callOffs);
    if (outcome.kind !== "done") {
      this.#isAbandoned = true;
      if (outcome.kind === "calledOff") throw calledOff(id);
      throw left < startTimeoutMs
        ? allTooLate(patience, id, performance.now() - began)
        : tooLate(patience, id, startTimeoutMs);
    }
    const provided: Provided = outcome.value.provides ?? {};
    const offered = new Map<string, unknown>(Object.entries(provided));
    const missing = promises.find((port) => !offered.get(port));
    if (missing === undefined) return provided;
    throw new TradsysError("START_FAILED", `${id} promises the port ${missing} and does not provide it`, {
      hint: "Return it in `provides` of the facet, or take it out of the manifest.",
    });
  }

  /** Gives back what the start took. A start still under way gets as long as a stop to end first. */
  stop(): Promise<TradsysError | undefined> {
    return (this.#stopping ??= this.#stop());
  }

  /** Stops after a start that failed; one whose time ran out may take things until it ends. */
  async stopOnceSettled(): Promise<void> {
    await Promise.allSettled([this.#starting]);
    await this.stop();
  }

  async #start(): Promise<FacetHandle> {
    const handle = await this.facet.handle();
    // Nobody waits any longer: what was only activated holds nothing yet.
    if (this.#isAbandoned) return handle;
    this.#handle = handle;
    await handle.start?.();
    return handle;
  }

  async #stop(): Promise<TradsysError | undefined> {
    const { id, stopTimeoutMs } = this.facet;
    await within(stopTimeoutMs, Promise.allSettled([this.#starting]));
    try {
      const outcome = await within(stopTimeoutMs, Promise.resolve(this.#handle?.stop?.()));
      if (outcome.kind === "done") return undefined;
      return new TradsysError("STOP_TIMEOUT", `${id} had not stopped after ${stopTimeoutMs} ms`, {
        hint: "Raise resources.stopTimeoutMs in its manifest if it needs longer.",
      });
    } catch (cause) {
      return new TradsysError("STOP_FAILED", `${id} failed to stop: ${messageOf(cause)}`, { cause });
    }
  }
}

/** Why a facet is not even begun: nobody would wait for it. */
export function refuseStart(id: FacetId, patience: Patience): TradsysError | undefined {
  if (patience.signal.aborted) return calledOff(id);
  return performance.now() < patience.limit.until ? undefined : allTooLate(patience, id, 0);
}

const calledOff = (id: FacetId): TradsysError =>
  new TradsysError("START_FAILED", `the start was called off before ${id} was ready`);

function tooLate(patience: Patience, id: FacetId, ms: number): TradsysError {
  return new TradsysError("START_TIMEOUT", `${id} was not ready after ${ms} ms${kept(patience)}`, {
    hint: "Raise resources.startTimeoutMs in its manifest if it needs longer.",
  });
}

function allTooLate(patience: Patience, id: FacetId, ms: number): TradsysError {
  return new TradsysError(
    "START_TIMEOUT",
    `the ${patience.limit.ms} ms for the whole start were over, and ${id} was not ready after ${Math.round(ms)} ms${kept(patience)}`,
    { hint: "Find out what it waits for, or give the whole start longer." },
  );
}

function kept({ behind }: Patience): string {
  const [, ...waiting] = behind();
  return waiting.length === 0 ? "" : `, which kept ${waiting.join(" → ")} from starting`;
}
