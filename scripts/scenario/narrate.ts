/** Tells a line of the story. */
export type Say = (line: string) => void;

/** A claim of the story. @throws where it does not hold: then the story is wrong, and says so. */
export function must(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`this should hold, and does not: ${claim}`);
}

/** The code of a failure, or what came instead. */
export const outcomeOf = async (work: Promise<{ readonly state: string }>): Promise<string> =>
  work.then(
    ({ state }) => state,
    ({ code }: { readonly code?: string }) => code ?? "an error without a code",
  );
