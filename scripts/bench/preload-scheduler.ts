/**
 * Starting 500 facets: what the order costs, and how near the wall time comes to the longest chain of starts. Beside it
 * level barriers, as hosts have that start wave by wave, and avvio, the graph under Fastify.
 */
import { setTimeout as sleep } from "node:timers/promises";

import avvio from "avvio";

import { runInTurns } from "../../src/runtime/lifecycle/pace.ts";
import { Schedule } from "../../src/runtime/lifecycle/schedule.ts";
import { quantile } from "./interleaved.ts";

const FACETS = 500;
const rounds = Number(process.argv[2] ?? 15);

interface Facet {
  readonly id: number;
  readonly after: readonly number[];
  readonly ms: number;
}

/** A graph of a desk: most wait for one or two of the fifty before them; a few starts take long. The same in every run. */
function desk(): readonly Facet[] {
  let state = 42;
  const below = (bound: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % bound;
  };
  return Array.from({ length: FACETS }, (_, id) => {
    const after = Array.from({ length: id === 0 ? 0 : below(3) }, () => id - 1 - below(Math.min(id, 50)));
    return { id, after: [...new Set(after)], ms: below(10) === 0 ? 20 + below(60) : 1 + below(8) };
  });
}

const facets = desk();
const criticalMs = Math.max(
  ...facets.reduce<number[]>((ends, { after, ms }) => {
    ends.push(Math.max(0, ...after.map((id) => ends[id] ?? 0)) + ms);
    return ends;
  }, []),
);

/** How long its timers really take: the machine's own lateness is no scheduler's fault. */
async function criticalPathOnThisMachine(): Promise<void> {
  const chain: Facet[] = [];
  const ends: number[] = [];
  for (const { after, ms } of facets) ends.push(Math.max(0, ...after.map((id) => ends[id] ?? 0)) + ms);
  let at: Facet | undefined = facets[ends.indexOf(criticalMs)];
  while (at) {
    chain.push(at);
    at = at.after
      .map((id) => facets[id])
      .toSorted((a, b) => (ends[b?.id ?? 0] ?? 0) - (ends[a?.id ?? 0] ?? 0))[0];
  }
  for (const { ms } of chain.toReversed()) await sleep(ms);
}

const startAll = (work: (facet: Facet) => Promise<void>): Promise<void> =>
  runInTurns(new Schedule(facets), { pace: "eager", work: (id) => work(facets[id] ?? facets[0] ?? never()) });

function never(): never {
  throw new Error("the graph is empty");
}

async function byLevels(work: (facet: Facet) => Promise<void>): Promise<void> {
  const levels: number[] = [];
  for (const { id, after } of facets)
    levels[id] = 1 + Math.max(-1, ...after.map((needed) => levels[needed] ?? 0));
  const byLevel = Map.groupBy(facets, ({ id }) => levels[id] ?? 0);
  for (const [, level] of [...byLevel].toSorted(([a], [b]) => a - b)) await Promise.all(level.map(work));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const pause = ({ ms }: Facet): Promise<void> => sleep(ms);
const nothing = async (): Promise<void> => undefined;
const asAvvio = async (): Promise<void> => {
  const app = avvio({});
  for (let i = 0; i < FACETS; i++) app.use(nothing);
  await app.ready();
};

const SUBJECTS = {
  path: () => timed(criticalPathOnThisMachine),
  ours: () => timed(() => startAll(pause)),
  levels: () => timed(() => byLevels(pause)),
  empty: () => timed(() => startAll(nothing)),
  avvio: () => timed(asAvvio),
} as const;
type Subject = keyof typeof SUBJECTS;

const results = new Map<Subject, number[]>();
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(SUBJECTS) as [Subject, () => Promise<number>][]) {
    const ms = await run();
    // The first round warms the compiler.
    if (round > 0) results.set(name, [...(results.get(name) ?? []), ms]);
  }
}

const of = (name: Subject): readonly number[] => results.get(name) ?? [];
const spread = (values: readonly number[], digits: number): string =>
  `${quantile(values, 0.5).toFixed(digits)} [${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)}], min ${quantile(values, 0).toFixed(digits)}`;
const toPath = (name: Subject): string =>
  spread(
    of(name).map((ms, round) => ms / (of("path")[round] ?? Number.NaN)),
    2,
  );
const each = (name: Subject): string =>
  spread(
    of(name).map((ms) => (1000 * ms) / FACETS),
    2,
  );

console.log(`${FACETS} facets, ${rounds} rounds, interleaved; Node.js ${process.versions.node}`);
console.log(
  `critical path              ${criticalMs} ms of starts, ${spread(of("path"), 0)} ms on this machine`,
);
console.log(`to the critical path       tradsys ${toPath("ours")}   level barriers ${toPath("levels")}`);
console.log(`µs for each empty facet    tradsys ${each("empty")}   avvio ${each("avvio")}`);
