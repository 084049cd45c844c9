import { execFileSync } from "node:child_process";

/** A command line to time as a whole process. */
export interface Subject {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

/** Wall times of one subject in milliseconds, one for each round. */
export interface Timed {
  readonly name: string;
  readonly times: readonly number[];
}

/**
 * Runs every subject once a round, in turn, so that what else the machine does falls on all of them alike.
 * The first round warms the page cache and is not counted.
 */
export function timeInTurn(subjects: readonly Subject[], rounds: number): Timed[] {
  const times = subjects.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { argv }] of subjects.entries()) {
      const [file, ...args] = argv;
      const began = performance.now();
      execFileSync(file, args, { stdio: "ignore" });
      if (round > 0) times[i]?.push(performance.now() - began);
    }
  }
  return subjects.map(({ name }, i) => ({ name, times: times[i] ?? [] }));
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** The value below which a share of the values lies; `0.5` is the median. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = sorted(values);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? Number.NaN;
}

const ms = (value: number): string => value.toFixed(1).padStart(7);

/** One line: minimum and median, and the median ratio to the baseline round by round with its quartiles. */
export function describe(subject: Timed, baseline: Timed): string {
  const ratios = subject.times.map((time, round) => time / (baseline.times[round] ?? Number.NaN));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(2));
  return `${subject.name.padEnd(28)} min ${ms(quantile(subject.times, 0))} ms  median ${ms(quantile(subject.times, 0.5))} ms  ratio ${middle} [${low}–${high}]`;
}
