/** How often a plugin is started anew before it is held back, and how long that is put off each time. */
export interface RestartPolicy {
  /** Most restarts within the time; one more crash is one too many. OTP calls this the intensity. */
  readonly restarts: number;
  /** Milliseconds in which they are counted. What has run as long is well again: counting starts over. */
  readonly withinMs: number;
  /** Milliseconds before the first restart; twice as long each time. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** Part of that by which it is more or less, so that plugins that fell together do not rise together. */
  readonly jitter: number;
}

export const DEFAULT_RESTARTS: RestartPolicy = {
  restarts: 3,
  withinMs: 60_000,
  firstMs: 1000,
  longestMs: 30_000,
  jitter: 0.2,
};

interface Restart {
  /** Counted since it was last well. */
  readonly attempt: number;
  readonly inMs: number;
}

/**
 * What to do after the last of these crashes: `undefined` where it was one too many.
 *
 * @param crashes Times in milliseconds, the last one last.
 * @param chance From 0 up to 1.
 */
export function restartAfter(
  crashes: readonly number[],
  { restarts, withinMs, firstMs, longestMs, jitter }: RestartPolicy,
  chance: number,
): Restart | undefined {
  const now = crashes.at(-1) ?? 0;
  const attempt = crashes.filter((at) => now - at < withinMs).length;
  if (attempt > restarts) return undefined;
  const waitMs = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return { attempt, inMs: Math.round(waitMs * (1 + jitter * (2 * chance - 1))) };
}
