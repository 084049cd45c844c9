import type { InstrumentId } from "./market-data.ts";

export interface StrategyStatus {
  readonly state: "running" | "paused";
  /** What it has resting, by client order id, sorted. */
  readonly openOrders: readonly string[];
}

/** Port `strategy` 1.0: how a desk talks to what trades for it. */
export interface Strategy {
  /** Instruments whose unknown orders belong to it after a restart, sorted. */
  claims(): Promise<readonly InstrumentId[]>;
  status(): Promise<StrategyStatus>;
  /** Sends nothing more. Resting orders stay, unless they are to be cancelled. Safe to repeat. */
  pause(resting: "keep" | "cancel"): Promise<void>;
  resume(): Promise<void>;
}
