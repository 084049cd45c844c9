import { setTimeout as sleep } from "node:timers/promises";

/** Time and chance, as supervision needs them. */
export interface Clock {
  /** Milliseconds, from any origin. */
  now(): number;
  /** Resolves after so many milliseconds, or at once when it is called off. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  chance(): number;
}

/** The machine's own. Who waits by it keeps no process alive. */
export const machineClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
  chance: Math.random,
};
