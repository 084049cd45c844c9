import { failWith, TradsysError } from "./errors.ts";

/**
 * Waits until all work has ended, so that nothing goes on behind a printed failure.
 *
 * @throws {TradsysError} with the findings of everything that failed, in the order of `work`.
 */
export async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(work);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason as unknown] : [],
  );
  const unforeseen = failures.find((failure) => !(failure instanceof TradsysError));
  if (unforeseen !== undefined) throw unforeseen;
  // A single failure keeps its cause.
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    throw failWith(
      failures.flatMap((failure) => (failure instanceof TradsysError ? failure.diagnostics : [])),
    );
  }
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

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

/** Does one piece of work at a time, in the order in which it is handed over. What fails holds nothing up. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const over = last.then(work, work);
    last = over;
    return over;
  };
}
