/** Outcome of work that was given a limited time. `calledOff`: nobody waits for it any longer. */
export type Timed<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "late" }
  | { readonly kind: "calledOff" };

/**
 * Waits for work at most `ms` milliseconds, or until a signal calls it off. The work itself goes on; what to do
 * with it is the caller's to say.
 */
export async function within<T>(ms: number, work: Promise<T>, signal?: AbortSignal): Promise<Timed<T>> {
  const { promise, resolve } = Promise.withResolvers<Timed<T>>();
  const timer = setTimeout(() => resolve({ kind: "late" }), ms);
  const callOff = (): void => resolve({ kind: "calledOff" });
  signal?.addEventListener("abort", callOff, { once: true });
  if (signal?.aborted === true) callOff();
  try {
    return await Promise.race([work.then((value): Timed<T> => ({ kind: "done", value })), promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", callOff);
  }
}
