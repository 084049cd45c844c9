import { TradsysError, messageOf } from "../../domain/errors.ts";
import { instanceOf, type FacetId } from "../../domain/ids.ts";
import { isPortError, portError, type PortError } from "../../plugin/errors.ts";
import type { PortRegistry } from "../ports.ts";
import type { Timeline } from "../report/timeline.ts";
import { backoffMs } from "./backoff.ts";
import type { CallOffs, Limit } from "./deadline.ts";
import { FacetRun, type Patience, refuseStart, type StartableFacet } from "./facet-run.ts";
import { type FacetState, isServing, reasonAgainst } from "./facet-state.ts";
import { runInTurns, type Pace } from "./pace.ts";
import { Schedule } from "./schedule.ts";
import { takesOver, type Snapshot } from "./snapshot.ts";

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

/** Failures of a facet, the last of which keeps it from being tried again for a while. */
interface Trouble {
  readonly failures: number;
  /** As `performance.now()` tells it. */
  readonly retryAt: number;
  /** Number of facets on the longest path that it kept from starting, itself included. */
  readonly depth: number;
}

/** A facet, and all that is known of it. */
interface Entry {
  facet: StartableFacet;
  state: FacetState;
  /** Its start under way, the life that it has, or what a failed start left. */
  run?: FacetRun | undefined;
  /** Work on it that the next must wait for. */
  underWay?: Promise<unknown> | undefined;
  /** Grows with every facet that becomes ready. */
  readyAs: number;
  trouble?: Trouble | undefined;
  /** What it said that it lacks, and how often in a row it could not even say so. */
  ailment?: string | undefined;
  misses: number;
  /** The last that it gave, for the instance after it. */
  saved?: Snapshot | undefined;
}

interface Surroundings {
  readonly ports: PortRegistry;
  readonly timeline: Timeline;
  /** Told of every change of a state. */
  readonly tell: (facet: FacetId, state: FacetState) => void;
}

/** What became of facets that did not do as they should. */
export type Failures = ReadonlyMap<FacetId, TradsysError>;

/** Times in a row that a facet must be unwell to count as failed. */
const MISSES = 3;

/**
 * Facets of a running set, and the one place that knows where each of them stands: starts them, each as soon as all
 * it waits for is ready, and stops them. One that fails is stopped at once, with those that cannot do without it and
 * nothing else.
 */
export class Facets {
  readonly #ports: PortRegistry;
  readonly #timeline: Timeline;
  readonly #tell: Surroundings["tell"];
  readonly #readyAfterMs = new Map<FacetId, number>();
  /** Stops of lives that are no facet's any longer. */
  readonly #leaving = new Set<Promise<unknown>>();
  #entries: Map<FacetId, Entry>;
  #lastReady = 0;
  #began: number | undefined;
  #stopping: Promise<readonly TradsysError[]> | undefined;

  /** @param facets In an order that respects `after`. */
  constructor(facets: readonly StartableFacet[], { ports, timeline, tell }: Surroundings) {
    this.#ports = ports;
    this.#timeline = timeline;
    this.#tell = tell;
    this.#entries = new Map(facets.map((facet) => [facet.id, newEntry(facet)]));
  }

  status(): ReadonlyMap<FacetId, FacetState> {
    return new Map([...this.#entries].map(([id, { state }]) => [id, state]));
  }

  /** Milliseconds from the first start to ready, by facet. */
  get readyAfterMs(): ReadonlyMap<FacetId, number> {
    return this.#readyAfterMs;
  }

  /** What does not serve, and should; first of all what kept the longest path from starting. */
  troubled(): readonly (readonly [FacetId, FacetState])[] {
    return [...this.#entries]
      .filter(([id, { state }]) => reasonAgainst(id, state))
      .toSorted(([, a], [, b]) => (b.trouble?.depth ?? 0) - (a.trouble?.depth ?? 0))
      .map(([id, { state }]) => [id, state]);
  }

  /**
   * Starts facets and all that they wait for. What is under way is waited for and not started twice; what failed
   * before is tried again once its time has come, and what is to restart only where it is named.
   *
   * @returns What failed, once each of them serves, failed or is blocked.
   */
  async start(ids: readonly FacetId[], starting: Starting): Promise<Failures> {
    if (this.#stopping) return new Map();
    this.#began ??= performance.now();
    const wanted = this.#withNeeds(ids);
    for (let work = workOn(wanted); work.length > 0; work = workOn(wanted)) await Promise.all(work);
    const startable = wanted.filter((entry) => this.#mayStart(entry, ids));
    await this.#occupy(startable, this.#begin(startable, starting));
    return new Map(
      startable.flatMap(({ facet, state }) => (state.state === "failed" ? [[facet.id, state.error]] : [])),
    );
  }

  /**
   * Starts a facet that somebody wants to use.
   *
   * @returns `undefined` where this is not for a user to do: it is starting, stopped, or ready already.
   * @throws {TradsysError} why it cannot be used, also while it is too early to try again.
   */
  demand(id: FacetId, signal: AbortSignal): Promise<void> | undefined {
    const state = this.#entries.get(id)?.state.state;
    const isIdle = state === "waiting" || state === "failed" || state === "blocked";
    return isIdle && !this.#stopping ? this.#demand(id, signal) : undefined;
  }

  /**
   * The plugin of these facets has ended, or is to: they are gone at once, and so are those that cannot do without
   * them, which are stopped, the last that became ready first.
   *
   * @returns What did not stop well, once all have.
   */
  async fall(ids: readonly FacetId[], state: FacetState): Promise<Failures> {
    if (this.#stopping) return new Map();
    const fallen = ids.flatMap((id) => this.#entries.get(id) ?? []);
    for (const entry of fallen) {
      const { run } = entry;
      this.#withdraw(entry, state);
      // What its plugin no longer runs need not stop well.
      if (run) void this.#occupy([entry], run.stop());
    }
    const lost: [Entry, FacetRun][] = [];
    for (;;) {
      const next = this.#serving().find(({ facet }) => this.#unmet(facet) !== undefined);
      const [by, run] = [next && this.#unmet(next.facet), next?.run];
      if (!next || by === undefined || !run) break;
      this.#withdraw(next, { state: "blocked", by });
      lost.push([next, run]);
    }
    for (const entry of this.#serving()) this.#assess(entry);
    const stops = this.#pause(lost.toSorted(([a], [b]) => b.readyAs - a.readyAs));
    return this.#occupy(
      lost.map(([entry]) => entry),
      stops,
    );
  }

  /** What is blocked, and by nothing any longer. */
  resumable(): readonly FacetId[] {
    return [...this.#entries.values()].flatMap(({ facet, state }) =>
      state.state === "blocked" && this.#unmet(facet) === undefined ? [facet.id] : [],
    );
  }

  /**
   * Asks every facet how it is, and for its state, which the instance after this one is given.
   *
   * @returns What has not been well for several times in a row.
   */
  async check(): Promise<Failures> {
    const failures = new Map<FacetId, TradsysError>();
    const looking = this.#serving().map(async (entry) => {
      const { run } = entry;
      if (!run) return;
      try {
        const ailment = await run.health();
        const saved = await run.snapshot();
        if (entry.run !== run) return;
        entry.saved = saved ?? entry.saved;
        entry.misses = 0;
        entry.ailment = ailment;
      } catch (error) {
        if (entry.run !== run) return;
        entry.misses += 1;
        entry.ailment = messageOf(error);
        if (entry.misses >= MISSES) failures.set(entry.facet.id, asFailure(entry.facet.id, error));
      }
      if (isServing(entry.state)) this.#assess(entry);
    });
    await Promise.all(looking);
    return failures;
  }

  /**
   * Starts another instance of a plugin beside the one that runs, hands its state over, and gives it the ports in one
   * step. Calls that are made meanwhile reach the one or the other; where state is handed over, they wait.
   *
   * @returns How long the ports were not there, in milliseconds, and what ends once the instance before has stopped.
   * @throws {TradsysError} `SWAP_FAILED`: the instance before serves as it did.
   */
  async replace(next: readonly StartableFacet[], signal: AbortSignal): Promise<Replaced> {
    const entries = next.flatMap(({ id }) => this.#entries.get(id) ?? []);
    for (let work = workOn(entries); work.length > 0; work = workOn(entries)) await Promise.all(work);
    const stopped = entries.find(({ state }) => !isServing(state));
    if (this.#stopping || stopped || entries.length < next.length) {
      const id = stopped?.facet.id ?? next[0]?.id ?? "";
      throw new TradsysError("SWAP_FAILED", `${id} is not running, so nothing can take over from it`);
    }
    return this.#occupy(entries, this.#replace(next, entries, signal));
  }

  /** Makes these the facets of the set, in this order. Those that are new, or begin anew, wait to be started. */
  arrange(order: readonly StartableFacet[], anew: readonly FacetId[] = []): void {
    this.#entries = new Map(
      order.map((facet) => {
        const known = anew.includes(facet.id) ? undefined : this.#entries.get(facet.id);
        return [facet.id, known ?? newEntry(facet)];
      }),
    );
  }

  /**
   * Stops these facets, the last that became ready first; each ends its work before. Those that cannot do without
   * them must have been stopped.
   */
  async retire(ids: readonly FacetId[]): Promise<readonly TradsysError[]> {
    const entries = ids.flatMap((id) => this.#entries.get(id) ?? []);
    const failures: (TradsysError | undefined)[] = [];
    for (const entry of entries.toSorted((a, b) => b.readyAs - a.readyAs)) {
      const { run } = entry;
      if (!run || !isServing(entry.state)) continue;
      const { id } = entry.facet;
      const idle = this.#ports.offered(id)?.idle() ?? Promise.resolve();
      this.#withdraw(entry, { state: "draining" });
      failures.push(await run.settle(idle));
      this.#become(entry, { state: "stopping" });
      const error = await run.stop();
      this.#become(entry, error ? { state: "failed", error } : { state: "stopped" });
      failures.push(error);
    }
    return failures.filter((failure) => failure !== undefined);
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
    const reason = reasonAgainst(id, this.#entries.get(id)?.state);
    if (reason) throw reason;
  }

  async #begin(entries: readonly Entry[], starting: Starting): Promise<void> {
    await this.#clearAway(entries);
    const { signal, pace = "eager", limit = UNLIMITED } = starting;
    const callOffs: CallOffs = new Set();
    const callOff = (): void => callOffs.forEach((each) => each());
    signal.addEventListener("abort", callOff, { once: true });
    const schedule = new Schedule(entries.map(({ facet }) => facet));
    await runInTurns(schedule, {
      pace,
      work: (id) =>
        this.#startOne(id, { signal, callOffs, limit, behind: () => schedule.longestPathFrom(id) }),
    });
    signal.removeEventListener("abort", callOff);
  }

  /** Ends what an earlier, failed start of these facets left, and lets their plugins begin anew. */
  async #clearAway(entries: readonly Entry[]): Promise<void> {
    const plugins = new Map<string, StartableFacet>();
    for (const entry of entries) {
      const { facet, run, state } = entry;
      entry.run = undefined;
      if (state.state === "failed" || state.state === "restarting") plugins.set(instanceOf(facet.id), facet);
      if (state.state !== "waiting") this.#become(entry, { state: "waiting" });
      await run?.stop();
    }
    for (const facet of plugins.values()) await facet.renew?.();
  }

  async #startOne(id: FacetId, start: Patience): Promise<void> {
    const entry = this.#entries.get(id);
    // Its plugin may have ended meanwhile, and will be started anew.
    if (entry?.state.state !== "waiting") return undefined;
    const by = this.#unmet(entry.facet);
    if (by !== undefined) return this.#become(entry, { state: "blocked", by });
    const refusal = refuseStart(id, start);
    if (refusal) return this.#become(entry, { state: "failed", error: refusal });
    const fromMs = this.#timeline.now();
    this.#become(entry, { state: "starting" });
    const run = new FacetRun(entry.facet, entry.saved);
    entry.run = run;
    try {
      const provided = await run.ready(start);
      const gone = this.#unmet(entry.facet);
      // Its plugin ended meanwhile.
      if (entry.run !== run) return undefined;
      if (gone !== undefined) {
        this.#withdraw(entry, { state: "blocked", by: gone });
        return void (await run.stop());
      }
      this.#ports.offer(id, provided);
      this.#live(entry, run);
      this.#readyAfterMs.set(id, performance.now() - (this.#began ?? 0));
      this.#timeline.note({ phase: "start", plugin: instanceOf(id), facet: id, fromMs });
    } catch (error) {
      void run.stopOnceSettled();
      if (entry.run !== run) return undefined;
      const failures = (entry.trouble?.failures ?? 0) + 1;
      const depth = start.behind().length;
      entry.trouble = { failures, retryAt: performance.now() + backoffMs(failures), depth };
      this.#become(entry, { state: "failed", error: asFailure(id, error) });
    }
    return undefined;
  }

  async #replace(
    next: readonly StartableFacet[],
    entries: readonly Entry[],
    signal: AbortSignal,
  ): Promise<Replaced> {
    const pairs: Successor[] = [];
    let heldAt: number | undefined;
    try {
      for (const [i, entry] of entries.entries()) {
        const [facet, before] = [next[i], entry.run];
        if (!facet || !before) break;
        const run = new FacetRun(facet);
        const successor: Successor = { entry, before, run, provided: {} };
        pairs.push(successor);
        const patience = { signal, callOffs: new Set<() => void>(), limit: UNLIMITED, behind: () => [] };
        successor.provided = await run.ready(patience);
      }
      for (const { run } of pairs) await run.health();
      const keepers = pairs.filter(({ before, run }) => keepsState(before, run));
      if (keepers.length > 0) heldAt = performance.now();
      for (const keeper of keepers) await this.#handState(keeper);
      if (pairs.some(({ entry, before }) => entry.run !== before)) throw new Error("it ended meanwhile");
    } catch (cause) {
      for (const { run } of pairs.toReversed()) await run.stop();
      if (heldAt !== undefined) await this.#takeBack(pairs, signal);
      const [id] = entries.map(({ facet }) => facet.id);
      throw new TradsysError("SWAP_FAILED", `${id} was not replaced: ${messageOf(cause)}`, { cause });
    }
    const retiring = pairs.map(({ entry, before, run, provided }) => {
      const { id } = entry.facet;
      const offered = this.#ports.offered(id);
      this.#ports.offer(id, provided);
      entry.facet = run.facet;
      this.#live(entry, run);
      const successor = this.#ports.offered(id);
      return async () => {
        if (offered && successor) await offered.handOver(successor, before.facet.drainTimeoutMs);
        await before.settle(Promise.resolve());
        await before.stop();
      };
    });
    const darkMs = heldAt === undefined ? 0 : performance.now() - heldAt;
    const retired = Promise.all(retiring.map((retire) => retire()));
    return { darkMs, retired: this.#leave(retired) };
  }

  /** Nothing reaches the facet from here on until the ports are offered again: its state must not change any more. */
  async #handState({ entry, before, run }: Successor): Promise<void> {
    const idle = this.#ports.offered(entry.facet.id)?.idle() ?? Promise.resolve();
    this.#ports.hold(entry.facet.id);
    const failure = await before.settle(idle);
    if (failure) throw failure;
    const state = await before.snapshot();
    if (state) await run.restore(state);
  }

  /** Starts again what had ended its work for a successor that did not come. */
  async #takeBack(pairs: readonly Successor[], signal: AbortSignal): Promise<void> {
    for (const { entry, before } of pairs) {
      if (this.#ports.offered(entry.facet.id) || entry.run !== before) continue;
      await before.stop();
      entry.run = undefined;
      this.#become(entry, { state: "waiting" });
      await this.#startOne(entry.facet.id, {
        signal,
        callOffs: new Set(),
        limit: UNLIMITED,
        behind: () => [entry.facet.id],
      });
      if (!isServing(entry.state)) this.#ports.withdraw(entry.facet.id);
    }
  }

  async #pause(lost: readonly (readonly [Entry, FacetRun])[]): Promise<Failures> {
    const failures = new Map<FacetId, TradsysError>();
    for (const [{ facet }, run] of lost) {
      const error = await run.stop();
      if (error) failures.set(facet.id, error);
    }
    return failures;
  }

  async #stop(): Promise<readonly TradsysError[]> {
    const entries = [...this.#entries.values()];
    for (let work = workOn(entries); work.length > 0; work = workOn(entries)) await Promise.all(work);
    const left = entries.flatMap(({ state, run }) => (state.state === "failed" && run ? [run] : []));
    const failures = await Promise.all(left.map((run) => run.stop()));
    await Promise.all(this.#leaving);
    failures.push(...(await this.retire([...this.#entries.keys()])));
    return failures.filter((failure) => failure !== undefined);
  }

  /** Facets and all that they wait for, directly or not, in the order of the generation. */
  #withNeeds(ids: readonly FacetId[]): readonly Entry[] {
    const wanted = new Set<FacetId>();
    const add = (id: FacetId): void => {
      if (wanted.has(id)) return;
      wanted.add(id);
      this.#entries.get(id)?.facet.after.forEach(add);
    };
    ids.forEach(add);
    return [...this.#entries.values()].filter(({ facet }) => wanted.has(facet.id));
  }

  #mayStart({ facet, state, trouble }: Entry, named: readonly FacetId[]): boolean {
    if (state.state === "waiting" || state.state === "blocked") return true;
    if (state.state === "restarting") return named.includes(facet.id);
    if (state.state !== "failed" || performance.now() < (trouble?.retryAt ?? 0)) return false;
    // Its instance serves other facets, which a new one would take away.
    const plugin = instanceOf(facet.id);
    return ![...this.#entries].some(
      ([other, entry]) =>
        (isServing(entry.state) || entry.state.state === "starting") && instanceOf(other) === plugin,
    );
  }

  #serving(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ state }) => isServing(state));
  }

  #serves(id: FacetId): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && isServing(entry.state);
  }

  /** What it cannot do without, and must. */
  #unmet({ needs }: StartableFacet): FacetId | undefined {
    return needs.find((any) => !any.some((id) => this.#serves(id)))?.[0];
  }

  /** A life that has begun well. */
  #live(entry: Entry, run: FacetRun): void {
    Object.assign(entry, {
      run,
      readyAs: ++this.#lastReady,
      misses: 0,
      ailment: undefined,
      trouble: undefined,
    });
    this.#assess(entry);
    const { id } = entry.facet;
    for (const other of this.#entries.values()) {
      if (other.state.state === "degraded" && other.facet.after.includes(id)) this.#assess(other);
    }
  }

  /** Whether a facet that serves has all that it should. */
  #assess(entry: Entry): void {
    const missing = entry.facet.after.filter((id) => !this.#serves(id));
    const reason = entry.ailment ?? (missing.length > 0 ? `it lacks ${missing.join(", ")}` : undefined);
    const { state } = entry;
    if (reason === undefined ? state.state === "ready" : "reason" in state && state.reason === reason) return;
    this.#become(entry, reason === undefined ? { state: "ready" } : { state: "degraded", reason });
  }

  /** Nobody reaches it from now on. */
  #withdraw(entry: Entry, state: FacetState): void {
    const { id } = entry.facet;
    this.#ports.withdraw(id, COMES_BACK.has(state.state) ? refusalOf(id, state) : undefined);
    entry.run = undefined;
    this.#become(entry, state);
  }

  #become(entry: Entry, state: FacetState): void {
    entry.state = state;
    this.#tell(entry.facet.id, state);
  }

  /** Keeps others from these facets until the work on them has ended. */
  async #occupy<T>(entries: readonly Entry[], work: Promise<T>): Promise<T> {
    for (const entry of entries) entry.underWay = work.catch(() => undefined);
    const marks = entries.map(({ underWay }) => underWay);
    try {
      return await work;
    } finally {
      for (const [i, entry] of entries.entries()) if (entry.underWay === marks[i]) entry.underWay = undefined;
    }
  }

  #leave<T>(stop: Promise<T>): Promise<T> {
    this.#leaving.add(stop);
    void stop.finally(() => this.#leaving.delete(stop));
    return stop;
  }
}

/** A swap that was made. */
export interface Replaced {
  readonly darkMs: number;
  readonly retired: Promise<unknown>;
}

interface Successor {
  readonly entry: Entry;
  readonly before: FacetRun;
  readonly run: FacetRun;
  provided: Awaited<ReturnType<FacetRun["ready"]>>;
}

/** What is being done with these. Whoever waits for it must look again: another may have begun first. */
const workOn = (entries: readonly Entry[]): readonly Promise<unknown>[] =>
  entries.flatMap(({ underWay }) => underWay ?? []);

function keepsState({ facet: { stateFormat: given } }: FacetRun, { facet, restores }: FacetRun): boolean {
  return (
    given !== undefined && facet.stateFormat !== undefined && restores && takesOver(facet.stateFormat, given)
  );
}

const newEntry = (facet: StartableFacet): Entry => ({
  facet,
  state: { state: "waiting" },
  readyAs: 0,
  misses: 0,
});

const COMES_BACK: ReadonlySet<string> = new Set(["blocked", "restarting", "quarantined"]);

/** What callers are told of a facet that is not there for a while. */
function refusalOf(id: FacetId, state: FacetState): PortError {
  const error = reasonAgainst(id, state);
  if (isPortError(error?.cause)) return error.cause;
  return portError("PLUGIN_STOPPED", error?.message ?? `${id} is not ready`);
}

function asFailure(id: FacetId, cause: unknown): TradsysError {
  if (cause instanceof TradsysError) return cause;
  return new TradsysError("START_FAILED", `${id} failed to start: ${messageOf(cause)}`, { cause });
}
