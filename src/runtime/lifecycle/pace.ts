import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import type { Schedule } from "./schedule.ts";

/**
 * How much of the event loop starting may take. `eager`: nobody is served yet, but what became ready meanwhile must
 * be noticed. `polite`: others are being served, so one facet a turn, and none while the loop is late.
 */
export type Pace = "eager" | "polite";

/** Milliseconds of work after which the event loop gets a turn. About what two large plugins take to load. */
const SLICE_MS = 8;
/** Milliseconds that a timer may be late before the loop counts as busy, and that are then waited. */
const LATE_MS = 10;
/** Milliseconds after which a busy loop is taken to be the normal state of affairs. */
const PATIENCE_MS = 2000;

interface Turns<Id> {
  readonly pace: Pace;
  /** Begins at once; what it does before it first waits is what takes the event loop's time. */
  readonly work: (id: Id) => Promise<void>;
}

/** Works through a schedule. Resolves when every node is settled. */
export async function runInTurns<Id>(schedule: Schedule<Id>, { pace, work }: Turns<Id>): Promise<void> {
  let settled = Promise.withResolvers<void>();
  const settle = async (id: Id): Promise<void> => {
    try {
      await work(id);
      schedule.settle(id);
      settled.resolve();
    } catch (error) {
      settled.reject(error);
    }
  };
  let sliceEnds = performance.now() + SLICE_MS;
  while (!schedule.isOver()) {
    if (!schedule.hasNext()) {
      await settled.promise;
      settled = Promise.withResolvers();
    } else if (pace === "eager" && performance.now() >= sliceEnds) {
      await nextTurn();
      sliceEnds = performance.now() + SLICE_MS;
    } else {
      if (pace === "polite") await calm();
      const id = schedule.take();
      if (id !== undefined) void settle(id);
    }
  }
}

/** Resolves in a turn of the event loop that is not late. */
export async function calm(): Promise<void> {
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS;) {
    const asked = performance.now();
    await sleep(1);
    if (performance.now() - asked < 1 + LATE_MS) return;
    await sleep(LATE_MS);
  }
}
