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

/** `Promise.all` over `items` with at most `limit` of them under way at once; results in the order of `items`. */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const takeTurns = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, takeTurns));
  return results;
}
