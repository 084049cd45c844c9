import { describe, measureInTurn, type Measured } from "../interleaved.ts";

/** A piece of work; it is given the number of the turn, and what it returns is used. */
export type Piece = (turn: number) => unknown;

/**
 * Times pieces of work that take nanoseconds: each is run many times in a round, all of them in turn.
 *
 * @returns Nanoseconds of one run, for each round.
 */
export function timePieces(pieces: Readonly<Record<string, Piece>>, rounds: number): Measured[] {
  const measured = measureInTurn(
    Object.entries(pieces).map(([name, piece]) => ({ name, measure: () => timeOf(piece) })),
    rounds,
  );
  return measured.map(({ name, times }) => ({ name, times: times.map((ms) => (ms * 1e6) / RUNS) }));
}

/** Few enough that most rounds end before anything else gets the processor. */
const RUNS = 20_000;

/** Where what is computed goes, so that no engine leaves it out. */
let used: unknown;

function timeOf(piece: Piece): number {
  for (let i = 0; i < 2000; i++) used = piece(i);
  const began = performance.now();
  for (let i = 0; i < RUNS; i++) used = piece(i);
  return performance.now() - began;
}

/** Prints each piece beside the first. */
export function printPieces(title: string, measured: readonly Measured[]): void {
  console.log(`\n${title}`);
  const [floor] = measured;
  if (floor) for (const each of measured) console.log(`  ${describe(each, floor, "ns")}`);
  if (used === undefined) console.log();
}
