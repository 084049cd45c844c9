/**
 * The resolver beside other solvers, in one process and in turns. A solve of ours keeps what an explanation takes.
 * `node scripts/bench/resolver.ts [rounds]`; with `cold NAME`, one shape in a new process. Draws how time grows with
 * the plugins to `node_modules/.bench/resolver-growth.svg`.
 *
 * Targets: 60, 120 and 150 µs a solve on the three registries; 60 ms for the first solve with 10,369 versions, 20 ms
 * from its tables; 50 ms fresh and 5 ms locked for 500 plugins; 100, 160 and 20 ms for the chain, the traps and issue
 * 135; 25 ms a sudoku; 1 s and 400 MB for 150,000 versions.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Candidate } from "../../src/domain/lock.ts";
import { resolve, type ResolveOutcome, type ResolveRequest } from "../../src/resolver/resolve.ts";
import { Session } from "../../src/resolver/session.ts";
import { HOST, named } from "../../test/resolver/registry.ts";
import { quantile } from "./interleaved.ts";
import { inProcess, installedPeers } from "./resolver/peers.ts";
import { plot } from "./resolver/plot.ts";
import {
  candidatesOf,
  chain,
  higherThan,
  pingPong,
  platform,
  published,
  sudoku,
  traps,
} from "./resolver/stores.ts";

const BUDGET = 1_000_000;

interface Shape {
  readonly candidates: readonly Candidate[];
  readonly roots: readonly { readonly name: string; readonly range: string }[];
}

const ask = (name: string) => [{ name, range: "*" }];

const SHAPES: Readonly<Record<string, () => Shape>> = {
  "index of 10,369 versions": () => ({
    candidates: candidatesOf(published("cocoapods/complex_package_selection.json")),
    roots: ask("root"),
  }),
  "500 plugins × 20": () => platform(500, 20, 3000),
  "5,000 plugins × 30": () => platform(5000, 30, 30_000),
  "chain 200 × 99": () => ({ candidates: candidatesOf(chain(200, 99)), roots: ask("level-0") }),
  "traps 200 × 100": () => ({ candidates: candidatesOf(traps(200, 100)), roots: ask("level-0") }),
  "issue 135, 3,000 versions": () => ({ candidates: candidatesOf(higherThan(3000)), roots: ask("a") }),
  "ping-pong, 1,000 versions": () => ({ candidates: candidatesOf(pingPong(1000)), roots: ask("a") }),
  "sudoku, 17 clues": () => ({
    candidates: candidatesOf(
      sudoku("000000010400000000020000000000050407008000300001090000300400200050100000000806000"),
    ),
    roots: ask("root"),
  }),
  "sudoku, Inkala": () => ({
    candidates: candidatesOf(
      sudoku("800000000003600000070090200050007000000045700000100030001000068008500010090000400"),
    ),
    roots: ask("root"),
  }),
};

const requestFor = ({ candidates, roots }: Shape) => ({
  requirements: roots.map(({ name, range }) => ({ name: named(name), range })),
  candidates,
  host: HOST,
  prefer: new Map(),
  stepBudget: BUDGET,
});

const COLUMNS = ["first", "compiled", "fresh", "locked", "input", "megabytes"] as const;

const [mode, name = ""] = process.argv.slice(2);
if (mode === "cold") console.log(JSON.stringify(timeCold(SHAPES[name]?.())));
else await run(Number(mode ?? 5));

function time(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** Median of several times, of fewer where they are long. */
function timeWarm(work: () => unknown): number {
  const times: number[] = [];
  for (let spent = 0; times.length < 15 && (spent < 2000 || times.length === 0); spent += times.at(-1) ?? 0) {
    times.push(time(work));
  }
  return quantile(times, 0.5);
}

/**
 * The first solve of a process with compilation and the same once more from compiled tables; then `resolve` from
 * nothing, warm, and with a lock. Memory before and after the first solve.
 */
function timeCold(shape: Shape | undefined): Readonly<Record<(typeof COLUMNS)[number], number>> {
  if (!shape) throw new Error(`no shape is called ${name}`);
  const request = requestFor(shape);
  const input = process.memoryUsage().rss / 1e6;
  const session = new Session(request);
  const { requirements } = session.catalog.request;
  const first = time(() => session.solve(requirements, { left: BUDGET }));
  const megabytes = process.memoryUsage().rss / 1e6;
  const compiled = time(() => session.solve(requirements, { left: BUDGET }));
  const outcome = resolve(request);
  const fresh = timeWarm(() => resolve(request));
  const locked = timeWarm(() => resolve({ ...request, prefer: lockedBy(outcome) }));
  return { first, compiled, fresh, locked, input, megabytes };
}

function lockedBy(outcome: ResolveOutcome): ResolveRequest["prefer"] {
  const plugins = outcome.kind === "resolved" ? outcome.plugins : [];
  return new Map(plugins.map(({ candidate: { manifest } }) => [manifest.name, manifest.version]));
}

async function run(rounds: number): Promise<void> {
  console.log(
    `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
  );
  for (const file of ["large_case_u16_NumberVersion", "large_case_1@f0268e6", "large_case_2@f0268e6"]) {
    await compare(file, rounds);
  }
  console.log(
    "\nnew process, medians: ms of the first solve | from compiled tables | resolve, warm | with a lock | MB before | after",
  );
  for (const shape of Object.keys(SHAPES)) {
    const runs = Array.from({ length: rounds }, () => {
      const output = execFileSync(process.execPath, [import.meta.filename, "cold", shape], {
        encoding: "utf8",
      });
      return JSON.parse(output) as ReturnType<typeof timeCold>;
    });
    const told = COLUMNS.map((key) => {
      const median = quantile(
        runs.map((each) => each[key]),
        0.5,
      );
      return median.toFixed(1).padStart(8);
    });
    console.log(`${shape.padEnd(28)}${told.join(" ")}`);
  }
  drawGrowth();
}

/** Times at 1, 10 and 100 times the plugins. */
function drawGrowth(): void {
  console.log("\nplugins of 20 versions: ms fresh | locked");
  const points = [50, 500, 5000].map((plugins) => {
    const request = requestFor(platform(plugins, 20, 6 * plugins));
    const prefer = lockedBy(resolve(request));
    const fresh = timeWarm(() => resolve(request));
    const locked = timeWarm(() => resolve({ ...request, prefer }));
    console.log(
      `${String(plugins).padStart(6)} ${fresh.toFixed(1).padStart(8)} ${locked.toFixed(1).padStart(8)}`,
    );
    return { plugins, fresh, locked };
  });
  const file = new URL("../../node_modules/.bench/resolver-growth.svg", import.meta.url);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(
    file,
    plot("Resolving a platform of plugins with 20 versions each", [
      { name: "fresh", points: points.map(({ plugins, fresh }) => [plugins, fresh]) },
      { name: "locked", points: points.map(({ plugins, locked }) => [plugins, locked]) },
    ]),
  );
  console.log(`drawn to ${fileURLToPath(file)}`);
}

/** Every version of a registry as a root, by every solver in turn. */
async function compare(file: string, rounds: number): Promise<void> {
  const candidates = candidatesOf(published(`pubgrub/${file}.json`));
  const session = new Session(requestFor({ candidates, roots: [] }));
  const ours = inProcess("ours", async () => (root) => {
    const asked = [{ name: root.name, range: root.version }];
    return session.solve(asked, { left: BUDGET }).kind === "found";
  });
  const solvers = await Promise.all(
    [ours, ...(await installedPeers())].map(async (peer) => ({
      name: peer.name,
      repeats: peer === ours ? 20 : 1,
      solveAll: await peer.prepare(candidates),
    })),
  );

  const verdicts = new Map<string, string>();
  const times = new Map<string, number[]>(solvers.map((solver) => [solver.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const solver of solvers) {
      for (let repeat = 0; repeat < solver.repeats; repeat++) {
        const done = await solver.solveAll();
        times.get(solver.name)?.push((1000 * done.ms) / candidates.length);
        verdicts.set(solver.name, done.verdicts.map(Number).join(""));
      }
    }
  }
  const own = quantile(times.get(ours.name) ?? [], 0.5);
  console.log(
    `\n${file}, ${candidates.length} roots: median µs a solve [quartiles], and how much longer than ours`,
  );
  for (const [solver, taken] of times) {
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(taken, share));
    const agrees = verdicts.get(solver) === verdicts.get(ours.name) ? "" : "  OTHER VERDICTS";
    console.log(
      `${solver.padEnd(22)}${(middle ?? 0).toFixed(1).padStart(10)} [${(low ?? 0).toFixed(1)}–${(high ?? 0).toFixed(1)}]  × ${((middle ?? 0) / own).toFixed(1)}${agrees}`,
    );
  }
}
