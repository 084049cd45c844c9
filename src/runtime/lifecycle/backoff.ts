const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** Milliseconds to wait after so many failures in a row: twice as long each time, up to half a minute. */
export const backoffMs = (failures: number): number => Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
