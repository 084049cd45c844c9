import type { Activity } from "../port-offer.ts";

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

/** How far beyond what it was at first a heap may be: twice, and this much, in bytes. */
const GROWTH_BYTES = 32 * 2 ** 20;

/** A plugin that serves, as far as it may be spared. */
interface Situation {
  /** Milliseconds for which it has not been used; 0 while it is. */
  readonly idleMs: number;
  /** Whether it must be left as it is: it is critical, has open orders, or others depend on it. */
  readonly isPinned: boolean;
  /** Whether it starts again when it is used. */
  readonly isLazy: boolean;
  /** Whether it was used in most of the last runs. */
  readonly isLikely: boolean;
  /** Whether memory is short. */
  readonly isShort: boolean;
  /** As the platform configuration says; absent for never. */
  readonly idleUnloadMs?: number | undefined;
  /** Milliseconds without use after which one that has grown is started anew. */
  readonly recycleAfterMs: number;
  /** What its thread or process used at first and uses now; absent where it has none of its own. */
  readonly heap?: { readonly baselineBytes: number; readonly bytes: number } | undefined;
}

/**
 * What becomes of a plugin. `spare`: whoever is more important may have its memory. `recycle`: another instance takes
 * over, since its heap has grown and would not shrink by itself.
 */
export type Verdict = "keep" | "spare" | "unload" | "recycle";

export function verdictOn(plugin: Situation): Verdict {
  const { idleMs, isPinned, isLazy, isLikely, isShort, idleUnloadMs = Infinity, heap } = plugin;
  if (isPinned || idleMs === 0) return "keep";
  // Where memory is short whatever is idle goes: loading it again costs milliseconds.
  if (isLazy && (isShort || idleMs >= idleUnloadMs * (isLikely ? KEEP_WARM : 1))) return "unload";
  const hasOutgrown = heap && heap.bytes > 2 * heap.baselineBytes + GROWTH_BYTES;
  if (hasOutgrown && idleMs >= plugin.recycleAfterMs) return "recycle";
  return isLazy ? "spare" : "keep";
}
