import { execFileSync } from "node:child_process";

/** A command line to time as a whole process. */
export interface Subject {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

/** Something that is measured on its own. */
interface Measurable {
  readonly name: string;
  /** Does it once. @returns How long that took, in milliseconds. */
  readonly measure: () => number;
}

/** Times of one subject, one for each round; in milliseconds where nothing else is said. */
export interface Measured {
  readonly name: string;
  readonly times: readonly number[];
}

/**
 * Measures every subject once a round, in turn, so that what else the machine does falls on all of them alike.
 * The first round warms the page cache and is not counted.
 */
export function measureInTurn(subjects: readonly Measurable[], rounds: number): Measured[] {
  const times = subjects.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { measure }] of subjects.entries()) {
      const ms = measure();
      if (round > 0) times[i]?.push(ms);
    }
  }
  return subjects.map(({ name }, i) => ({ name, times: times[i] ?? [] }));
}

/** Measures whole processes. */
export const timeInTurn = (subjects: readonly Subject[], rounds: number): Measured[] =>
  measureInTurn(
    subjects.map(({ name, argv: [file, ...args] }) => ({
      name,
      measure: () => {
        const began = performance.now();
        execFileSync(file, args, { stdio: "ignore" });
        return performance.now() - began;
      },
    })),
    rounds,
  );

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** The value below which a share of the values lies; `0.5` is the median. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = sorted(values);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? Number.NaN;
}

const padded = (value: number): string => value.toFixed(value < 10 ? 3 : 1).padStart(7);

/** One line: minimum and median, and the median ratio to the baseline round by round with its quartiles. */
export function describe(subject: Measured, baseline: Measured, unit = "ms"): string {
  const ratios = subject.times.map((time, round) => time / (baseline.times[round] ?? Number.NaN));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(2));
  return `${subject.name.padEnd(28)} min ${padded(quantile(subject.times, 0))} ${unit}  median ${padded(quantile(subject.times, 0.5))} ${unit}  ratio ${middle} [${low}–${high}]`;
}
