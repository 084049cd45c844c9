/** Starts work in its order, at most so many at once. Each promise is that of one piece of work. */
export function pool<T>(work: readonly (() => Promise<T>)[], limit: number): Promise<T>[] {
  const outcomes = work.map(() => Promise.withResolvers<T>());
  const waiting = work.entries();
  const worker = async (): Promise<void> => {
    for (const [i, start] of waiting) await start().then(outcomes[i]?.resolve, outcomes[i]?.reject);
  };
  for (let i = 0; i < limit; i++) void worker();
  return outcomes.map(({ promise }) => promise);
}
