import { setTimeout as delay } from "node:timers/promises";

import type { Log } from "./define.ts";
import { isPortError } from "./errors.ts";
import type { Book, MarketEvent, MarketUpdate, Subscription } from "./ports/market-data.ts";

/** Most events that wait for a slow reader. Past it trades are dropped, and the reader is told how many. */
const CAPACITY = 1000;

/** The provider's end of a subscription. */
export interface Feed {
  readonly subscription: Subscription;
  /** True once the reader has left or the provider has ended it. */
  readonly closed: boolean;
  /** Numbers the update and hands it to the reader. Ignored after the end. */
  push(update: MarketUpdate): void;
  /** Ends the reader's loop: cleanly, or with this error. */
  readonly end: (error?: Error) => void;
}

/**
 * Opens a subscription whose reader may be slower than the market. An unread quote or snapshot is replaced by the
 * next one; trades are kept, and never dropped in silence.
 */
export function openFeed(): Feed {
  let unread: MarketEvent[] = [];
  let seq = 0;
  let ended: { readonly error?: Error } | undefined;
  let wake: (() => void) | undefined;

  const end = (error?: Error): void => {
    ended ??= error ? { error } : {};
    wake?.();
  };

  async function* events(): AsyncGenerator<MarketEvent, void, void> {
    try {
      for (;;) {
        for (let next = unread.shift(); next; next = unread.shift()) yield next;
        if (ended?.error) throw ended.error;
        if (ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    } finally {
      end();
    }
  }

  return {
    subscription: { events: events(), close: () => end() },
    get closed() {
      return ended !== undefined;
    },
    push(update) {
      if (ended) return;
      if (update.type === "quote" || update.type === "snapshot") {
        unread = unread.filter((event) => event.type !== update.type);
      }
      if (unread.length >= CAPACITY) {
        const snapshots = unread.filter((event) => event.type === "snapshot");
        const lost = unread.filter((event) => event.type !== "snapshot");
        unread = [...snapshots, { type: "gap", missed: countLost(lost), seq: seq++ }];
      }
      unread.push({ ...update, seq: seq++ });
      wake?.();
    },
    end,
  };
}

/** How many events go missing with these; null as soon as one gap among them could not say. */
function countLost(events: readonly MarketEvent[]): number | null {
  let lost = 0;
  for (const event of events) {
    const missed = event.type === "gap" ? event.missed : 1;
    if (missed === null) return null;
    lost += missed;
  }
  return lost;
}

/** A venue's stream as most client libraries offer it. */
export interface Source {
  snapshot(): Promise<Book>;
  /** Waits for what happens next. Rejects when the connection is lost, and connects again at the next call. */
  next(): Promise<readonly MarketUpdate[]>;
}

export interface Reconnecting {
  /** Wait after a failure, in milliseconds. */
  readonly delayMs: number;
  /** Ends the feed. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Reads a source into a feed for as long as somebody listens: a snapshot and updates, and after a failure a gap and a
 * new snapshot. Only `INSTRUMENT_UNKNOWN` is not tried again.
 */
export async function pump(
  feed: Feed,
  source: Source,
  { delayMs, signal, log }: Reconnecting,
): Promise<void> {
  let connected = false;
  while (!feed.closed && !signal.aborted) {
    try {
      feed.push({ type: "snapshot", book: await source.snapshot() });
      connected = true;
      while (!feed.closed) for (const update of await source.next()) feed.push(update);
    } catch (error) {
      if (feed.closed || signal.aborted) break;
      if (isPortError(error) && error.code === "INSTRUMENT_UNKNOWN") feed.end(error);
      log.warn("market data interrupted", { reason: String(error) });
      if (connected) feed.push({ type: "gap", missed: null });
      connected = false;
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
  feed.end();
}
