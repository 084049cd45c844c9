import { TradsysError, messageOf } from "../../domain/errors.ts";
import { type Digest, type FacetId, instanceOf } from "../../domain/ids.ts";
import type { Quarantined } from "../../store/quarantine.ts";
import { isServing } from "../lifecycle/facet-state.ts";
import type { Facets, Failures } from "../lifecycle/facets.ts";
import type { Owner, Owners } from "../startable.ts";
import type { Clock } from "./clock.ts";
import type { EventChannel } from "./events.ts";
import { type RestartPolicy, restartAfter } from "./restart-policy.ts";

/** Where it is remembered what must not start again. */
interface Quarantine {
  held(): Promise<ReadonlyMap<Digest, Quarantined>>;
  hold(entry: Quarantined & { readonly content: Digest }): Promise<void>;
}

interface Supervision {
  readonly facets: Facets;
  /** The plugins that run now. */
  readonly owners: () => Owners;
  readonly events: EventChannel;
  readonly quarantine: Quarantine;
  readonly policy: RestartPolicy;
  readonly clock: Clock;
  readonly now: () => Date;
  /** Ends supervision. */
  readonly signal: AbortSignal;
}

interface Record {
  /** When it crashed, in milliseconds. */
  readonly crashes: number[];
  /** A restart is being put off: whatever else it does until then is part of the same crash. */
  isPutOff: boolean;
}

/**
 * Brings back what crashed. Each recovery goes the same way: what cannot do without the plugin is paused at once, the
 * plugin is started anew after a while and takes its state back, and all that waited resumes in order. Facets that
 * two recoveries have in common are started by one at a time: `Facets` sees to that.
 */
export class Supervisor {
  readonly #set: Supervision;
  readonly #records = new Map<Owner, Record>();
  #isOpen = false;

  constructor(set: Supervision) {
    this.#set = set;
  }

  /** From now on crashes are recovered from; before, they make a start fail. */
  open(): void {
    this.#isOpen = true;
  }

  /** A plugin ended, or is to end: it does not do what it should. */
  crashed(owner: Owner, reason: Error): void {
    const { facets, clock, events, policy, signal } = this.#set;
    if (signal.aborted || !this.#runs(owner)) return;
    const ids = owner.facets.map(({ id }) => id);
    const error = asCrash(owner, reason);
    if (!this.#isOpen) {
      // A start under way fails by itself.
      const status = facets.status();
      const ready = ids.filter((id) => isServing(status.get(id) ?? { state: "waiting" }));
      void facets.fall(ready, { state: "failed", error });
      return;
    }
    const record = this.#records.get(owner) ?? { crashes: [], isPutOff: false };
    this.#records.set(owner, record);
    if (record.isPutOff) return;
    record.crashes.push(clock.now());
    if (record.crashes.length > policy.restarts + 1) record.crashes.shift();
    const restart = restartAfter(record.crashes, policy, clock.chance());
    if (!restart) {
      void this.#hold(owner, error, record.crashes.length);
      return;
    }
    record.isPutOff = true;
    const paused = facets.fall(ids, { state: "restarting", attempt: restart.attempt, error });
    events.tell({ event: "restarting", plugin: owner.label, ...restart });
    void this.#recover(owner, record, { paused, inMs: restart.inMs });
  }

  /** Looks after every facet for as long as the set runs: how it is, and what state the next instance would need. */
  async watch(everyMs: number): Promise<void> {
    const { clock, facets, signal } = this.#set;
    for (;;) {
      await clock.sleep(everyMs, signal);
      if (signal.aborted) return;
      this.#blame(await facets.check());
      await this.#resume();
    }
  }

  /** Lets a plugin start again that was held back, if somebody has released it. */
  async reconsider(id: FacetId): Promise<void> {
    const { facets, owners, quarantine } = this.#set;
    const owner = owners().get(instanceOf(id));
    if (!owner || (await quarantine.held()).has(owner.plugin.content)) return;
    this.#records.delete(owner);
    await facets.fall(
      owner.facets.map((facet) => facet.id),
      { state: "failed", error: new TradsysError("QUARANTINED", `${owner.label} was released`) },
    );
  }

  async #recover(
    owner: Owner,
    record: Record,
    { paused, inMs }: { readonly paused: Promise<Failures>; readonly inMs: number },
  ): Promise<void> {
    const { facets, clock, events, signal } = this.#set;
    const fellAt = clock.now();
    const [unpaused] = await Promise.all([paused, clock.sleep(inMs, signal)]);
    record.isPutOff = false;
    if (signal.aborted || !this.#runs(owner)) return;
    const own = owner.facets.map(({ id }) => id);
    this.#blame(unpaused);
    this.#blame(await facets.start(own, { signal }));
    await this.#resume();
    const status = facets.status();
    if (own.every((id) => RUNS.has(status.get(id)?.state ?? ""))) {
      events.tell({ event: "recovered", plugin: owner.label, downMs: Math.round(clock.now() - fellAt) });
    }
  }

  /** Starts what waited for something that serves by now, and what waited for that. */
  async #resume(): Promise<void> {
    const { facets, signal } = this.#set;
    for (let ids = facets.resumable(); ids.length > 0 && !signal.aborted; ids = facets.resumable()) {
      this.#blame(await facets.start(ids, { signal }));
    }
  }

  /** A facet that failed takes its plugin along. */
  #blame(failures: Failures): void {
    for (const [id, error] of failures) {
      const owner = this.#set.owners().get(instanceOf(id));
      if (owner) this.crashed(owner, error);
    }
  }

  async #hold(owner: Owner, error: TradsysError, crashes: number): Promise<void> {
    const { facets, events, quarantine, now } = this.#set;
    const reason = `it crashed ${crashes} times within ${this.#set.policy.withinMs / 1000} s, last: ${error.message}`;
    const { content } = owner.plugin;
    const failing = facets.fall(
      owner.facets.map(({ id }) => id),
      { state: "quarantined", error: quarantined(owner.label, reason) },
    );
    events.tell({ event: "quarantined", plugin: owner.label, content, reason });
    // Where it cannot be written down, this process still knows.
    await quarantine
      .hold({ content, plugin: owner.label, reason, since: now().toISOString() })
      .catch(() => undefined);
    this.#blame(await failing);
  }

  #runs(owner: Owner): boolean {
    return [...this.#set.owners().values()].includes(owner);
  }
}

/** A plugin with one of these does not wait for its own recovery. */
const RUNS: ReadonlySet<string> = new Set(["ready", "degraded", "blocked"]);

/** Why a plugin is not started. */
export const quarantined = (label: string, reason: string): TradsysError =>
  new TradsysError("QUARANTINED", `${label} is held back on this host: ${reason}`, {
    hint: "`tradsys quarantine list` shows it; `tradsys quarantine release` lets it start again.",
  });

const asCrash = (owner: Owner, reason: Error): TradsysError =>
  reason instanceof TradsysError
    ? reason
    : new TradsysError("START_FAILED", `${owner.label} ended: ${messageOf(reason)}`, { cause: reason });
