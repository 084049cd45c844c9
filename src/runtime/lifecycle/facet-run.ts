import { TradsysError, messageOf } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { GenerationFacet } from "../../domain/plan.ts";
import type { FacetHandle } from "../../plugin/define.ts";
import { type CallOffs, type Limit, within } from "./deadline.ts";
import { openSnapshot, takeSnapshot, type Snapshot, type StateFormat } from "./snapshot.ts";

/** What the lifecycle needs to know of a facet beyond its place in the order. */
export interface StartableFacet extends GenerationFacet {
  /** Ports the manifest promises. */
  readonly promises: readonly string[];
  /** What must serve for it to serve, each by any one of these. All of `after`, where nothing says more. */
  readonly needs: readonly (readonly FacetId[])[];
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Absent where it keeps none. */
  readonly stateFormat?: StateFormat | undefined;
  /** Loads and activates the plugin, once for all of its facets, and returns this facet's handle. */
  handle(): Promise<FacetHandle>;
  /** Makes the next `handle` load and activate the plugin anew. */
  renew?(): Promise<void>;
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

/** One life of a facet, from its start to its stop. Each step happens once. */
export class FacetRun {
  readonly facet: StartableFacet;
  readonly #starting: Promise<FacetHandle>;
  #handle: FacetHandle | undefined;
  #isAbandoned = false;
  #quiescing: Promise<void> | undefined;
  #settling: Promise<TradsysError | undefined> | undefined;
  #stopping: Promise<TradsysError | undefined> | undefined;

  /** @param saved State to take over, if the facet can. */
  constructor(facet: StartableFacet, saved?: Snapshot) {
    this.facet = facet;
    this.#starting = this.#start(saved);
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

  /**
   * What it lacks; `undefined` where all is well.
   *
   * @throws {TradsysError} `UNHEALTHY` where it cannot serve, or does not say so in as long as it has for its stop.
   */
  async health(): Promise<string | undefined> {
    const { id, stopTimeoutMs } = this.facet;
    try {
      const outcome = await within(stopTimeoutMs, Promise.resolve(this.#handle?.health?.()));
      if (outcome.kind === "done") return outcome.value;
    } catch (cause) {
      throw new TradsysError("UNHEALTHY", `${id} is not well: ${messageOf(cause)}`, { cause });
    }
    throw new TradsysError("UNHEALTHY", `${id} did not say for ${stopTimeoutMs} ms whether it is well`);
  }

  /** Its state; `undefined` where it keeps none. @throws {TradsysError} `STATE_REFUSED` */
  async snapshot(): Promise<Snapshot | undefined> {
    const { id, stateFormat, stopTimeoutMs } = this.facet;
    if (!stateFormat || !this.#handle?.snapshot) return undefined;
    const outcome = await within(stopTimeoutMs, Promise.resolve(this.#handle.snapshot()));
    if (outcome.kind === "done") return { ...takeSnapshot(id, outcome.value, stateFormat), by: this.#handle };
    throw new TradsysError("STATE_REFUSED", `${id} gave no state for ${stopTimeoutMs} ms`);
  }

  /** Whether it would take over a state. */
  get restores(): boolean {
    return this.#handle?.restore !== undefined;
  }

  /** Takes over a state. @throws {TradsysError} `STATE_REFUSED` */
  async restore(snapshot: Snapshot): Promise<void> {
    const { id, stateFormat, startTimeoutMs } = this.facet;
    if (!stateFormat || !this.#handle?.restore) return;
    const state = openSnapshot(id, snapshot, stateFormat);
    try {
      const outcome = await within(startTimeoutMs, Promise.resolve(this.#handle.restore(state)));
      if (outcome.kind === "done") return;
    } catch (cause) {
      throw new TradsysError("STATE_REFUSED", `${id} refuses its state: ${messageOf(cause)}`, { cause });
    }
    throw new TradsysError("STATE_REFUSED", `${id} had not taken its state over after ${startTimeoutMs} ms`);
  }

  /** Begins nothing new, and waits until its callers are gone and its own work is done. Tells what took too long. */
  settle(idle: Promise<void>): Promise<TradsysError | undefined> {
    return (this.#settling ??= this.#settle(idle));
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

  async #start(saved: Snapshot | undefined): Promise<FacetHandle> {
    const handle = await this.facet.handle();
    // Nobody waits any longer: what was only activated holds nothing yet.
    if (this.#isAbandoned) return handle;
    this.#handle = handle;
    await handle.start?.();
    // An instance that goes on still has what it knew.
    if (saved && saved.by !== handle) await this.restore(saved);
    return handle;
  }

  #quiesce(): Promise<void> {
    return (this.#quiescing ??= (async () => this.#handle?.quiesce?.())());
  }

  async #settle(idle: Promise<void>): Promise<TradsysError | undefined> {
    const { id, drainTimeoutMs } = this.facet;
    try {
      const work = (async () => {
        await this.#quiesce();
        await idle;
        await this.#handle?.drain?.();
      })();
      const outcome = await within(drainTimeoutMs, work);
      if (outcome.kind === "done") return undefined;
      return new TradsysError("DRAIN_TIMEOUT", `${id} had work under way after ${drainTimeoutMs} ms`, {
        hint: "Raise resources.drainTimeoutMs in its manifest if it needs longer.",
      });
    } catch (cause) {
      return new TradsysError("STOP_FAILED", `${id} failed to end its work: ${messageOf(cause)}`, { cause });
    }
  }

  async #stop(): Promise<TradsysError | undefined> {
    const { id, stopTimeoutMs } = this.facet;
    await within(stopTimeoutMs, Promise.allSettled([this.#starting]));
    try {
      const work = (async () => {
        await this.#quiesce().catch(() => undefined);
        await this.#handle?.stop?.();
      })();
      const outcome = await within(stopTimeoutMs, work);
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
