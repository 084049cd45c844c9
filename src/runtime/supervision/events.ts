import type { Digest, FacetId } from "../../domain/ids.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";

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
  /** Calls back for each event as it happens, and must not take long. Returns what ends that. */
  listen(listener: (event: RuntimeEvent) => void): () => void;
}

/** Events that are remembered. */
const REMEMBERED = 1000;

/** The one channel of a runtime. Nobody who listens can hold it up or make it fail. */
export class EventChannel implements RuntimeEvents {
  readonly #now: () => Date;
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #remembered: RuntimeEvent[] = [];
  #next = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  tell(happening: Happening): void {
    const event: RuntimeEvent = { ...happening, seq: this.#next++, atMs: this.#now().getTime() };
    this.#remembered.push(event);
    // Twice as many at times, so that room is made once for many.
    if (this.#remembered.length > 2 * REMEMBERED) this.#remembered = this.#remembered.slice(-REMEMBERED);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // Its own affair.
      }
    }
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
}
