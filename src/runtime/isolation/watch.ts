import { portError, type PortError } from "../../plugin/errors.ts";
import type { Isolate } from "./isolate.ts";

/** How closely isolates are watched. */
export interface WatchOptions {
  /** Milliseconds between two questions whether the plugin still answers. */
  readonly heartbeatMs: number;
  /** Milliseconds between two looks at its memory. */
  readonly sampleMs: number;
}

interface Watched {
  readonly label: string;
  readonly isolate: Isolate;
  /** Answered by the plugin's own event loop. */
  readonly ping: () => Promise<unknown>;
}

interface Limits extends WatchOptions {
  /** Most bytes beyond what the isolate used when the watch began. */
  readonly memoryBytes: number;
}

/** Questions without an answer after which a plugin counts as stuck. */
const MISSED = 2;

/**
 * Watches an isolate from outside: its memory, and whether its event loop still turns. Calls back once, with the
 * reason to end it. Waits for no answer of a plugin.
 *
 * @returns Ends the watch.
 */
export function watch(
  { label, isolate, ping }: Watched,
  { memoryBytes, heartbeatMs, sampleMs }: Limits,
  condemn: (reason: PortError) => void,
): () => void {
  let isAnswered = true;
  let missed = 0;
  let base: number | undefined;
  let isMeasuring = false;

  const stop = (): void => {
    clearInterval(heartbeat);
    clearInterval(sampling);
  };
  const end = (reason: PortError): void => {
    stop();
    condemn(reason);
  };

  const ask = (): void => {
    missed = 0;
    isAnswered = false;
    const answered = (): void => void (isAnswered = true);
    ping().then(answered, answered);
  };
  const heartbeat = setInterval(() => {
    if (isAnswered) return ask();
    missed += 1;
    if (missed < MISSED) return undefined;
    // After a stall of the host itself the answer may lie unread: it is read before this runs.
    return void setImmediate(() => {
      if (isAnswered) return;
      const stuck = `${label} did not answer for ${MISSED * heartbeatMs} ms and was ended`;
      end(portError("PLUGIN_TIMEOUT", stuck, { outcome: "unknown" }));
    });
  }, heartbeatMs);

  const measure = async (): Promise<void> => {
    if (isMeasuring) return;
    isMeasuring = true;
    const used = await isolate.memoryBytes();
    isMeasuring = false;
    if (used === undefined) return;
    base ??= used;
    if (used - base <= memoryBytes) return;
    const most = Math.round(memoryBytes / 2 ** 20);
    end(
      portError("PLUGIN_CRASHED", `${label} used more than ${most} MiB of memory and was ended`, {
        outcome: "unknown",
      }),
    );
  };
  void measure();
  const sampling = setInterval(() => void measure(), sampleMs);
  return stop;
}
