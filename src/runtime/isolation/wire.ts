import type { FacetHandle } from "../../plugin/define.ts";

/**
 * What crosses between the host and an isolated plugin, the same for a worker and a process and in both directions.
 * Messages travel in batches: all that one side has to say when it next waits.
 *
 * `id` is given by the side that calls; `context` is what it is made in, 64 bytes as `context/wire.ts` lays them out.
 */
export type Message =
  /** Ask a method of a target, and answer `done` or `failed`. An id of 0 wants no answer. */
  | readonly ["call", id: number, target: string, method: string, args: readonly unknown[], context?: string]
  /** The same for a subscription: its events follow, as many as were asked for, and in the end `done` or `failed`. */
  | readonly ["open", id: number, target: string, method: string, args: readonly unknown[]]
  | readonly ["done", id: number, value?: unknown]
  | readonly ["failed", id: number, error: unknown]
  /** Nobody waits for the call, or reads the subscription, any longer. */
  | readonly ["cancel", id: number]
  | readonly ["events", id: number, events: unknown[]]
  /** So many events were read: as many more may be sent. */
  | readonly ["read", id: number, count: number];

/** Events on their way to a reader or unread by it, at most: what a slow reader can cost. */
export const WINDOW = 256;

/** One end of a connection that keeps order, and loses nothing while both ends live. */
export interface Channel {
  /** Throws for what structured clone cannot carry, and then has sent nothing. */
  send(batch: readonly Message[]): void;
  /** Batches from the other end, which may be anything where that end is a plugin's. */
  receive(listener: (batch: unknown) => void): void;
}

/**
 * The target that is no port: the plugin itself with `load`, `step` (of a facet's life), `abort` and `ping`, and the host with
 * `log`, `series`, `slots`, `overflow`, `fail`, `pin` and `unpin`.
 */
export const SELF = "";

/** What each facet of a loaded plugin has: ports that it provides, and steps of its life. */
export type Offer = ReadonlyMap<
  string,
  { readonly ports: readonly string[]; readonly steps: readonly FacetStep[] }
>;

/** Methods of a facet that the host calls. */
export type FacetStep = Exclude<keyof FacetHandle, "provides">;

export const FACET_STEPS: readonly FacetStep[] = [
  "start",
  "quiesce",
  "drain",
  "snapshot",
  "restore",
  "health",
  "degrade",
  "configure",
  "stop",
];
