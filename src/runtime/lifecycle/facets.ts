import { TradsysError, messageOf } from "../../domain/errors.ts";
import { parseFacetId, type FacetId } from "../../domain/ids.ts";
import type { PortRegistry } from "../ports.ts";
import type { Timeline } from "../report/timeline.ts";
import { backoffMs } from "./backoff.ts";
import type { CallOffs, Limit } from "./deadline.ts";
import { FacetRun, type Patience, refuseStart, type StartableFacet } from "./facet-run.ts";
import { type FacetState, reasonAgainst } from "./facet-state.ts";
import { runInTurns, type Pace } from "./pace.ts";
import { Schedule } from "./schedule.ts";

/** How a set of facets is started. */
interface Starting {
  /** Calls the start off: what is not ready yet fails. */
  readonly signal: AbortSignal;
  /** What all of them have together; a facet's own time may be less. Defaults to any time. */
  readonly limit?: Limit;
  /** Defaults to `eager`. */
  readonly pace?: Pace;
}

const UNLIMITED: Limit = { ms: Infinity, until: Infinity };

interface Surroundings {
  readonly ports: PortRegistry;
  readonly timeline: Timeline;
  /** Told of every change of a state. */
  readonly tell: (facet: FacetId, state: FacetState) => void;
}

/** Failures of a facet, the last of which keeps it from being tried again for a while. */
interface Trouble {
  readonly failures: number;
  /** As `performance.now()` tells it. */
  readonly retryAt: number;
  /** Number of facets on the longest path that it kept from starting, itself included. */
  readonly depth: number;
}

/**
 * Facets of a generation: starts them, each as soon as all it waits for is ready, and stops them. A facet that
 * fails is stopped at once, and blocks those after it and nothing else.
 */
export class Facets {
  readonly #facets: ReadonlyMap<FacetId, StartableFacet>;
  readonly #ports: PortRegistry;
  readonly #timeline: Timeline;
  readonly #tell: (facet: FacetId, state: FacetState) => void;
  readonly #states: Map<FacetId, FacetState>;
  readonly #readyAfterMs = new Map<FacetId, number>();
  readonly #underWay = new Map<FacetId, Promise<void>>();
  readonly #troubles = new Map<FacetId, Trouble>();
  readonly #ready: FacetRun[] = [];
  readonly #failed = new Map<FacetId, FacetRun>();
  #began: number | undefined;
  #stopping: Promise<readonly TradsysError[]> | undefined;

  /** @param facets In an order that respects `after`. */
  constructor(facets: readonly StartableFacet[], { ports, timeline, tell }: Surroundings) {
    this.#timeline = timeline;
    this.#tell = tell;
    this.#facets = new Map(facets.map((facet) => [facet.id, facet]));
    this.#ports = ports;
    this.#states = new Map(facets.map(({ id }) => [id, { state: "waiting" }]));
  }

  status(): ReadonlyMap<FacetId, FacetState> {
    return new Map(this.#states);
  }

  /** Milliseconds from the first start to ready, by facet. */
  get readyAfterMs(): ReadonlyMap<FacetId, number> {
    return this.#readyAfterMs;
  }

  /** What failed and what was blocked by it; first of all what kept the longest path from starting. */
  troubled(): readonly (readonly [FacetId, FacetState & { readonly state: "failed" | "blocked" }])[] {
    const depth = (id: FacetId): number => this.#troubles.get(id)?.depth ?? 0;
    return [...this.#states]
      .flatMap(([id, state]) =>
        state.state === "failed" || state.state === "blocked" ? [[id, state] as const] : [],
      )
      .toSorted(([a], [b]) => depth(b) - depth(a));
  }

  /**
   * Starts facets and all that they wait for. Resolves when each of them is ready, failed or blocked. What is under
   * way is waited for and not started twice; what failed before is tried again once its time has come.
   */
  async start(ids: readonly FacetId[], starting: Starting): Promise<void> {
    if (this.#stopping) return;
    this.#began ??= performance.now();
    const wanted = this.#withNeeds(ids);
    for (;;) {
      const underWay = wanted.flatMap(({ id }) => this.#underWay.get(id) ?? []);
      // Whoever waits here must look again: another may have begun first.
      if (underWay.length === 0) break;
      await Promise.all(underWay);
    }
    const startable = wanted.filter(({ id }) => this.#mayStart(id));
    const over = this.#begin(startable, starting);
    for (const { id } of startable) this.#underWay.set(id, over);
    await over;
    for (const { id } of startable) this.#underWay.delete(id);
  }

  /**
   * Starts a facet that somebody wants to use.
   *
   * @returns `undefined` where this is not for a user to do: it is starting, stopped, or ready already.
   * @throws {TradsysError} why it cannot be used, also while it is too early to try again.
   */
  demand(id: FacetId, signal: AbortSignal): Promise<void> | undefined {
    const { state } = this.#states.get(id) ?? {};
    if (this.#stopping || (state !== "waiting" && state !== "failed" && state !== "blocked"))
      return undefined;
    return this.#demand(id, signal);
  }

  /**
   * Stops what failed to start and has not ended yet, then what is ready, the last that became ready first.
   * Returns what failed to stop in time or at all; the same at every call. Whoever calls it has called starts off.
   */
  stop(): Promise<readonly TradsysError[]> {
    return (this.#stopping ??= this.#stop());
  }

  async #demand(id: FacetId, signal: AbortSignal): Promise<void> {
    await this.start([id], { signal });
    const reason = reasonAgainst(id, this.#states.get(id));
    if (reason) throw reason;
  }

  async #begin(facets: readonly StartableFacet[], starting: Starting): Promise<void> {
    await this.#clearAway(facets);
    const { signal, pace = "eager", limit = UNLIMITED } = starting;
    const callOffs: CallOffs = new Set();
    const callOff = (): void => callOffs.forEach((each) => each());
    signal.addEventListener("abort", callOff, { once: true });
    const schedule = new Schedule(facets);
    await runInTurns(schedule, {
      pace,
      work: (id) =>
        this.#startOne(id, { signal, callOffs, limit, behind: () => schedule.longestPathFrom(id) }),
    });
    signal.removeEventListener("abort", callOff);
  }

  /** Ends what an earlier, failed start of these facets left, and lets their plugins begin anew. */
  async #clearAway(facets: readonly StartableFacet[]): Promise<void> {
    const plugins = new Map<string, StartableFacet>();
    for (const facet of facets) {
      const run = this.#failed.get(facet.id);
      this.#failed.delete(facet.id);
      if (this.#states.get(facet.id)?.state !== "waiting") this.#become(facet.id, { state: "waiting" });
      if (!run) continue;
      await run.stop();
      plugins.set(pluginOf(facet.id), facet);
    }
    for (const facet of plugins.values()) facet.renew?.();
  }

  async #startOne(id: FacetId, start: Patience): Promise<void> {
    const facet = this.#facets.get(id);
    if (!facet) return;
    const by = facet.after.find((needed) => this.#states.get(needed)?.state !== "ready");
    if (by !== undefined) {
      this.#become(id, { state: "blocked", by });
      return;
    }
    const refusal = refuseStart(id, start);
    if (refusal) {
      this.#become(id, { state: "failed", error: refusal });
      return;
    }
    const fromMs = this.#timeline.now();
    this.#become(id, { state: "starting" });
    const run = new FacetRun(facet);
    try {
      this.#ports.offer(id, await run.ready(start));
      this.#ready.push(run);
      this.#troubles.delete(id);
      this.#readyAfterMs.set(id, performance.now() - (this.#began ?? 0));
      this.#become(id, { state: "ready" });
      this.#timeline.note({ phase: "start", plugin: pluginOf(id), facet: id, fromMs });
    } catch (error) {
      this.#failed.set(id, run);
      this.#become(id, { state: "failed", error: asStartFailure(id, error) });
      const failures = (this.#troubles.get(id)?.failures ?? 0) + 1;
      this.#troubles.set(id, {
        failures,
        retryAt: performance.now() + backoffMs(failures),
        depth: start.behind().length,
      });
      void run.stopOnceSettled();
    }
  }

  /** Facets and all that they wait for, directly or not, in the order of the generation. */
  #withNeeds(ids: readonly FacetId[]): readonly StartableFacet[] {
    const wanted = new Set<FacetId>();
    const add = (id: FacetId): void => {
      if (wanted.has(id)) return;
      wanted.add(id);
      this.#facets.get(id)?.after.forEach(add);
    };
    ids.forEach(add);
    return [...this.#facets.values()].filter(({ id }) => wanted.has(id));
  }

  #mayStart(id: FacetId): boolean {
    const state = this.#states.get(id)?.state;
    if (state === "waiting" || state === "blocked") return true;
    if (state !== "failed" || performance.now() < (this.#troubles.get(id)?.retryAt ?? 0)) return false;
    // Its instance serves other facets, and an instance starts each facet once.
    const plugin = pluginOf(id);
    return ![...this.#states].some(
      ([other, { state: its }]) => (its === "ready" || its === "starting") && pluginOf(other) === plugin,
    );
  }

  #become(id: FacetId, state: FacetState): void {
    this.#states.set(id, state);
    this.#tell(id, state);
  }

  async #stop(): Promise<readonly TradsysError[]> {
    await Promise.all(this.#underWay.values());
    const failures = await Promise.all([...this.#failed.values()].map((run) => run.stop()));
    for (const run of this.#ready.toReversed()) {
      const { id } = run.facet;
      this.#ports.withdraw(id);
      this.#become(id, { state: "stopping" });
      const error = await run.stop();
      this.#become(id, error ? { state: "failed", error } : { state: "stopped" });
      failures.push(error);
    }
    return failures.filter((failure) => failure !== undefined);
  }
}

const pluginOf = (id: FacetId): string => parseFacetId(id)?.plugin ?? id;

function asStartFailure(id: FacetId, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("START_FAILED", `${id} failed to start: ${messageOf(cause)}`, { cause });
}
