import { messageOf } from "../../domain/errors.ts";
import type { Digest, FacetId } from "../../domain/ids.ts";
import type { Mode } from "../../plugin/define.ts";
import type { IncidentSummary } from "../errors/incidents.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import type { GuardNotice } from "../recovery/guard-port.ts";
import type { Level } from "../resources/pressure.ts";

/** Something that happened in a running set. Plugins are named `<name>@<version>`. */
export type Happening =
  /** A facet is in another state. */
  | { readonly event: "facet"; readonly facet: FacetId; readonly state: FacetState }
  /** A plugin ended without being asked to; whoever waited for it has been told. */
  | {
      readonly event: "crashed";
      readonly plugin: string;
      readonly facets: readonly FacetId[];
      readonly code: string;
      readonly reason: string;
    }
  /** It will be started anew. Attempts are counted since it was last well. */
  | { readonly event: "restarting"; readonly plugin: string; readonly attempt: number; readonly inMs: number }
  /** It runs again, and so does what waited for it. */
  | { readonly event: "recovered"; readonly plugin: string; readonly downMs: number }
  /** What runs after a recovery was held against what was applied: every difference, none where all is well. */
  | { readonly event: "validated"; readonly plugin: string; readonly drift: readonly string[] }
  /** Its bundle is not started again on this host until somebody releases it. */
  | {
      readonly event: "quarantined";
      readonly plugin: string;
      readonly content: Digest;
      readonly reason: string;
    }
  /** Another instance of it has taken over; `darkMs` is the longest that a port of it was not there. */
  | { readonly event: "swapped"; readonly plugin: string; readonly from: string; readonly darkMs: number }
  /** The instance that should have taken over did not, and the one before runs on. */
  | {
      readonly event: "rolled-back";
      readonly plugin: string;
      readonly from: string;
      readonly reason: string;
    }
  /** A failure with all that it triggered, told once; and its end. */
  | ({ readonly event: "incident" | "incident-over" } & IncidentSummary)
  /** What the policy of a port did for one user of it. */
  | {
      readonly event: "guard";
      readonly notice: GuardNotice;
      readonly user: string;
      readonly provider: FacetId;
      readonly port: string;
    }
  /** How short of memory the platform is, and what decides that. */
  | {
      readonly event: "pressure";
      readonly level: Level;
      readonly of: string;
      readonly usedBytes: number;
      readonly limitBytes: number;
    }
  /** A facet does less or more, as memory becomes short or is there again. */
  | { readonly event: "mode"; readonly facet: FacetId; readonly mode: Mode }
  /** The whole set. */
  | { readonly event: "started" | "stopping" | "stopped"; readonly generation: Digest };

/** As it was told. Numbers grow by one: a reader that misses some was too slow. */
export type RuntimeEvent = Happening & {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
};

/** What happens in a running set, for whoever wants to know: at once, or later as far as it is remembered. */
export interface RuntimeEvents {
  /** What is remembered, the oldest first, from a number on. */
  since(seq: number): readonly RuntimeEvent[];
  /** Calls back for each event as it happens, in order, and must not take long. Returns what ends that. */
  listen(listener: (event: RuntimeEvent) => void): () => void;
  /** What listeners failed to take. */
  undelivered(): Undelivered;
}

/** Events that a listener threw at: the number of all, and the last of them with why. */
export interface Undelivered {
  readonly count: number;
  readonly last: readonly { readonly event: RuntimeEvent; readonly reason: string }[];
}

/** Undelivered events that are remembered. */
const KEPT = 100;

/** Events that are remembered. */
const REMEMBERED = 1000;

/** The one channel of a runtime. Nobody who listens can hold it up or make it fail. */
export class EventChannel implements RuntimeEvents {
  readonly #now: () => Date;
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #remembered: RuntimeEvent[] = [];
  #waiting: RuntimeEvent[] = [];
  #undelivered: Undelivered = { count: 0, last: [] };
  #next = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  tell(happening: Happening): void {
    const event: RuntimeEvent = { ...happening, seq: this.#next++, atMs: this.#now().getTime() };
    this.#remembered.push(event);
    // Twice as many at times, so that room is made once for many.
    if (this.#remembered.length > 2 * REMEMBERED) this.#remembered = this.#remembered.slice(-REMEMBERED);
    this.#waiting.push(event);
    // What a listener tells in answer comes after what it answers to, for every listener.
    if (this.#waiting.length === 1) this.#deliver();
  }

  undelivered(): Undelivered {
    return this.#undelivered;
  }

  since(seq: number): readonly RuntimeEvent[] {
    const first = Math.max(seq, this.#next - REMEMBERED);
    return this.#remembered.filter((event) => event.seq >= first);
  }

  listen(listener: (event: RuntimeEvent) => void): () => void {
    // One of its own for each call, so that nobody ends another's.
    const own = (event: RuntimeEvent): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #deliver(): void {
    for (const event of this.#waiting) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          const last = [...this.#undelivered.last, { event, reason: messageOf(error) }].slice(-KEPT);
          this.#undelivered = { count: this.#undelivered.count + 1, last };
        }
      }
    }
    this.#waiting = [];
  }
}
