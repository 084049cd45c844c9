import type { Digest, FacetId, PluginName } from "../../domain/ids.ts";
import type { System } from "../../domain/manifest.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import type { IsolationLevel } from "../place-plugin.ts";

export const HOST_STATUS_API_VERSION = "tradsys/host-status/v1";

/** How a host stands: what `/status` answers with, and all that the other answers and the live view are made of. */
export interface HostStatus {
  readonly apiVersion: typeof HOST_STATUS_API_VERSION;
  readonly pid: number;
  readonly phase: "verifying" | "starting" | "running" | "stopping" | "stopped";
  /** Milliseconds since the epoch, as every moment here. */
  readonly atMs: number;
  readonly startedAtMs: number;
  /** What it runs; null until all of it is verified. */
  readonly generation: Digest | null;
  readonly deployment: string | null;
  /** Why it does not serve; empty where it does. */
  readonly notReady: readonly string[];
  /** In the order of the generation. */
  readonly plugins: readonly RunningPlugin[];
  readonly process: {
    readonly rssBytes: number;
    readonly heapUsedBytes: number;
    /** How late timers of the last second were, at most. */
    readonly eventLoopDelayMs: number;
  };
}

export interface RunningPlugin {
  readonly name: PluginName;
  readonly version: string;
  readonly content: Digest;
  readonly system: System;
  readonly level: IsolationLevel;
  /** Bytes in use, where it has a thread or process of its own. */
  readonly memoryBytes: number | null;
  readonly crashes: number;
  readonly restarts: number;
  readonly facets: readonly RunningFacet[];
}

interface RunningFacet {
  readonly id: FacetId;
  readonly state: FacetState["state"];
  /** Since when it is in this state; null for one that was never in another. */
  readonly sinceMs: number | null;
  /** Why it does not serve, or with less than it should; null where there is no reason. */
  readonly reason: string | null;
}
