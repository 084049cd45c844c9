/** Outcome of work that was given a limited time. `calledOff`: nobody waits for it any longer. */
export type Timed<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "late" }
  | { readonly kind: "calledOff" };

/** Time that several have together. */
export interface Limit {
  /** How much it was in all, in milliseconds. */
  readonly ms: number;
  /** When it is over, as `performance.now()` tells it. */
  readonly until: number;
}

/** What to do when a start is called off. A plain set, since an `AbortSignal` takes 0.1 ms for each listener. */
export type CallOffs = Set<() => void>;

/**
 * Waits for work at most `ms` milliseconds, or until it is called off. The work itself goes on; what to do with it
 * is the caller's to say.
 */
export async function within<T>(ms: number, work: Promise<T>, callOffs?: CallOffs): Promise<Timed<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Timed<T>>();
  const callOff = (): void => resolve({ kind: "calledOff" });
  const timer = setTimeout(() => resolve({ kind: "late" }), ms);
  callOffs?.add(callOff);
  work.then((value) => resolve({ kind: "done", value }), reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    callOffs?.delete(callOff);
  }
}
