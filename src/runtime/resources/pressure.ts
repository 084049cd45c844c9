/** How short the platform is of memory, from not at all to almost out of it. */
export type Level = "normal" | "elevated" | "high" | "critical";

/** The least first. */
const LEVELS: readonly Level[] = ["normal", "elevated", "high", "critical"];

/** Share of what there is from which a level holds. */
const BEGINS_AT: Readonly<Record<Level, number>> = {
  normal: 0,
  elevated: 0.75,
  high: 0.85,
  critical: 0.95,
};

/** How far below its beginning, as a share, a level ends. */
const GAP = 0.05;

/** Samples in a row that must be below that, at first and at most. */
const PATIENCE = 3;
const MOST_PATIENCE = 96;

/** What is known of the pressure after some samples. */
export interface Pressure {
  readonly level: Level;
  /** Samples in a row that would let the level end. While there are any, nothing gets worse. */
  readonly calm: number;
  /** How many there must be. */
  readonly patience: number;
  /** Whether it has fallen since it last rose. */
  readonly hasFallen: boolean;
}

export const NO_PRESSURE: Pressure = {
  level: "normal",
  calm: 0,
  patience: PATIENCE,
  hasFallen: false,
};

/**
 * The pressure after one more sample. It rises at once, to whatever level the use is at; it falls one level at a time,
 * after several samples well below where the level began, so that a use that swings about a threshold changes nothing.
 *
 * What is done against pressure is taken back as it falls, and that alone may bring it back: each time it comes back,
 * twice as many samples must be calm before it falls again, until it has stayed away for long.
 *
 * @param share Measured use as a share of what there is.
 */
export function afterSample(before: Pressure, share: number): Pressure {
  const { level, calm, patience, hasFallen } = before;
  const risen = LEVELS.findLast((each) => share >= BEGINS_AT[each]) ?? "normal";
  if (LEVELS.indexOf(risen) > LEVELS.indexOf(level)) {
    const longer = hasFallen ? Math.min(MOST_PATIENCE, 2 * patience) : patience;
    return { level: risen, calm: 0, patience: longer, hasFallen: false };
  }
  if (level === "normal") return calm < 4 * patience ? { ...before, calm: calm + 1 } : NO_PRESSURE;
  if (share >= BEGINS_AT[level] - GAP) return { ...before, calm: 0 };
  if (calm + 1 < patience) return { ...before, calm: calm + 1 };
  const below = LEVELS[LEVELS.indexOf(level) - 1] ?? "normal";
  return { level: below, calm: 0, patience, hasFallen: true };
}
