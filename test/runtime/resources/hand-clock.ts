import type { LedgerClock } from "../../../src/runtime/resources/ledger.ts";

/** Time that passes when it is told to. */
export function handClock(): LedgerClock & { pass(ms: number): void } {
  let now = 0;
  const timers = new Map<symbol, { readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    after(ms, run) {
      const id = Symbol("timer");
      timers.set(id, { at: now + ms, run });
      return () => timers.delete(id);
    },
    pass(ms) {
      now += ms;
      for (const [id, { at, run }] of timers) {
        if (at > now) continue;
        timers.delete(id);
        run();
      }
    },
  };
}

/** What was answered is known to whoever waited. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}
