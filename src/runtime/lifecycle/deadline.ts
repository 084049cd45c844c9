/** Outcome of work that was given a limited time. */
export type Timed<T> = { readonly late: false; readonly value: T } | { readonly late: true };

/** Waits for work at most `ms` milliseconds. Work that is late goes on; what to do with it is the caller's to say. */
export async function within<T>(ms: number, work: Promise<T>): Promise<Timed<T>> {
  const { promise, resolve } = Promise.withResolvers<Timed<T>>();
  const timer = setTimeout(() => resolve({ late: true }), ms);
  try {
    return await Promise.race([work.then((value): Timed<T> => ({ late: false, value })), promise]);
  } finally {
    clearTimeout(timer);
  }
}
