import { describe, quantile, type Measured } from "../interleaved.ts";

export const ORDER = {
  clientOrderId: "c-1",
  instrument: "SIM:BTC/USDT",
  side: "buy",
  quantity: "1.5",
  price: "63000.1",
};
export type Echo = (order: typeof ORDER) => Promise<unknown>;

export async function inTurn(count: number, echo: Echo): Promise<void> {
  for (let i = 0; i < count; i++) await echo(ORDER);
}

export async function pipelined(count: number, echo: Echo): Promise<void> {
  for (let i = 0; i < count; i += 64) await Promise.all(Array.from({ length: 64 }, () => echo(ORDER)));
}

interface Series {
  readonly title: string;
  /** Calls a round. */
  readonly count: number;
  readonly way: typeof inTurn;
  readonly rounds: number;
}

/** Rounds that are not counted: a call that is made for the tenth time costs another than for the millionth. */
const WARM_UP = 10;

/** Runs every subject once a round, in turn. */
export async function table(
  { title, count, way, rounds }: Series,
  subjects: Readonly<Record<string, Echo>>,
): Promise<void> {
  const timed = Object.keys(subjects).map((name): Measured & { times: number[] } => ({ name, times: [] }));
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [i, echo] of Object.values(subjects).entries()) {
      const began = performance.now();
      await way(count, echo);
      if (round >= WARM_UP) timed[i]?.times.push((1000 * (performance.now() - began)) / count);
    }
  }
  print(title, timed, "µs");
}

export function print(title: string, timed: readonly Measured[], unit: string): void {
  console.log(`\n${title}`);
  const [baseline] = timed;
  if (baseline) for (const each of timed) console.log(`  ${describe(each, baseline, unit)}`);
}

/** Events a second, over and over. */
export async function rate(
  name: string,
  rounds: number,
  run: (count: number) => Promise<unknown>,
): Promise<void> {
  const count = 200_000;
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    await run(count);
    if (round > 0) rates.push((1000 * count) / (performance.now() - began));
  }
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(rates, share).toFixed(0));
  console.log(`  ${name.padEnd(28)} ${middle} [${low}–${high}]`);
}
