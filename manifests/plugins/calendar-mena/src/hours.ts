import type { MarketPhase } from "tradsys/plugin";

/** A phase and the minute of the local day in which it begins. */
export type Phased = readonly [from: number, phase: MarketPhase];

/** One market's days. Hours are local to its zone. */
export interface Hours {
  readonly zone: string;
  /** Days of the week with a session; 0 is Sunday. */
  readonly days: readonly number[];
  readonly phases: readonly Phased[];
  readonly exceptions: readonly {
    /** First and last day, `YYYY-MM-DD`. */
    readonly from: string;
    readonly to: string;
    readonly phases: readonly Phased[];
  }[];
}

const at = (hours: number, minutes = 0): number => hours * 60 + minutes;

export const MARKETS: Readonly<Record<string, Hours>> = {
  ADX: {
    zone: "Asia/Dubai",
    // Monday to Friday since 2022-01-03.
    days: [1, 2, 3, 4, 5],
    phases: [
      [at(9, 30), "pre-open"],
      [at(10), "continuous"],
      [at(14, 45), "pre-close"],
      [at(14, 55), "trade-at-last"],
      [at(15), "closed"],
    ],
    exceptions: [],
  },
  EGX: {
    zone: "Africa/Cairo",
    days: [0, 1, 2, 3, 4],
    phases: [
      [at(10), "continuous"],
      [at(14, 30), "closed"],
    ],
    exceptions: [
      {
        from: "2026-02-18",
        to: "2026-03-19",
        phases: [
          [at(10), "continuous"],
          [at(13, 30), "closed"],
        ],
      },
    ],
  },
};
