import type { MarketPhase } from "./instruments.ts";

/** A phase and the moment it ends, in microseconds since the epoch. */
export interface PhaseUntil {
  readonly phase: MarketPhase;
  readonly untilUs: number;
}

/** Port `calendar` 1.0: hours as data. What a venue itself says about now goes before it. */
export interface Calendar {
  /** Short codes of the venues it covers, sorted. */
  markets(): Promise<readonly string[]>;
  /** @param atUs Microseconds since the epoch. */
  phaseAt(market: string, atUs: number): Promise<PhaseUntil>;
}
