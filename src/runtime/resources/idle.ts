/** How much a plugin is used. */
export interface Activity {
  /** Calls and subscriptions so far; grows. */
  readonly uses: number;
  /** Whether a call or a subscription is under way. */
  readonly isBusy: boolean;
}

/** Knows since when plugins are idle. */
export class IdleClock {
  readonly #seen = new Map<string, { readonly uses: number; readonly sinceMs: number }>();

  /** Milliseconds for which a plugin has not been used, as far as this was asked; 0 while it is. */
  idleMs(plugin: string, { uses, isBusy }: Activity, nowMs: number): number {
    const seen = this.#seen.get(plugin);
    if (seen && !isBusy && seen.uses === uses) return nowMs - seen.sinceMs;
    this.#seen.set(plugin, { uses, sinceMs: nowMs });
    return 0;
  }

  forget(plugin: string): void {
    this.#seen.delete(plugin);
  }
}

/** How many times as long a plugin is kept that is used in most runs. */
const KEEP_WARM = 4;

/**
 * Milliseconds without use after which a plugin is unloaded.
 *
 * @param idleUnloadMs As the platform configuration says; `undefined` for never.
 */
export function patienceFor(idleUnloadMs: number | undefined, { isLikely, isShort }: Outlook): number {
  // Where memory is short whatever is idle goes: loading it again costs milliseconds.
  if (isShort) return 1;
  return (idleUnloadMs ?? Infinity) * (isLikely ? KEEP_WARM : 1);
}

interface Outlook {
  /** Whether it was used in most of the last runs. */
  readonly isLikely: boolean;
  /** Whether memory is short. */
  readonly isShort: boolean;
}

/** How far beyond what it was at first a heap may be: twice, and this much, in bytes. */
const GROWTH = 32 * 2 ** 20;

/** Whether a thread or process uses so much more than at first that a new one is worth its start. */
export const hasOutgrown = (baselineBytes: number, bytes: number): boolean =>
  bytes > 2 * baselineBytes + GROWTH;
