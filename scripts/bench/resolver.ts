/**
 * The resolver beside other solvers, in one process and in turns. A solve of ours keeps what an explanation takes.
 * `node scripts/bench/resolver.ts [rounds]`; with `cold NAME`, the first solve of one shape in a new process.
 *
 * Targets: 60, 120 and 150 µs a solve on the three registries; 60 ms for the first solve with 10,369 versions; 50 ms
 * fresh and 5 ms locked for 500 plugins; 100, 160 and 20 ms for the chain, the traps and issue 135; 25 ms a sudoku.
 */
import { execFileSync } from "node:child_process";

import type { Candidate } from "../../src/domain/lock.ts";
import { resolve } from "../../src/resolver/resolve.ts";
import { Session } from "../../src/resolver/session.ts";
import { HOST, named } from "../../test/resolver/registry.ts";
import { quantile } from "./interleaved.ts";
import { installedPeers } from "./resolver/peers.ts";
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

const [mode, name = ""] = process.argv.slice(2);
if (mode === "cold") console.log(JSON.stringify(timeCold(SHAPES[name]?.())));
else await run(Number(mode ?? 5));

function time(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** The first solve of a process with compilation, the same once more from compiled tables, and with a lock. */
function timeCold(shape: Shape | undefined) {
  if (!shape) throw new Error(`no shape is called ${name}`);
  const request = requestFor(shape);
  const session = new Session(request);
  const { requirements } = session.catalog.request;
  const first = time(() => session.solve(requirements, { left: BUDGET }));
  const compiled = time(() => session.solve(requirements, { left: BUDGET }));
  let outcome = resolve(request);
  const fresh = time(() => (outcome = resolve(request)));
  const plugins = outcome.kind === "resolved" ? outcome.plugins : [];
  const prefer = new Map(plugins.map(({ candidate: { manifest } }) => [manifest.name, manifest.version]));
  const locked = time(() => resolve({ ...request, prefer }));
  return { first, compiled, fresh, locked, megabytes: process.memoryUsage().rss / 1e6, kind: outcome.kind };
}

async function run(rounds: number): Promise<void> {
  console.log(
    `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
  );
  for (const file of ["large_case_u16_NumberVersion", "large_case_1@f0268e6", "large_case_2@f0268e6"]) {
    await compare(file, rounds);
  }
  console.log(
    "\nnew process, median ms: first solve | from compiled tables | resolve and bind | with a lock | MB",
  );
  for (const shape of Object.keys(SHAPES)) {
    const runs = Array.from({ length: rounds }, () => {
      const output = execFileSync(process.execPath, [import.meta.filename, "cold", shape], {
        encoding: "utf8",
      });
      return JSON.parse(output) as Record<"first" | "compiled" | "fresh" | "locked" | "megabytes", number>;
    });
    const told = (["first", "compiled", "fresh", "locked", "megabytes"] as const).map((key) =>
      quantile(
        runs.map((each) => each[key]),
        0.5,
      )
        .toFixed(1)
        .padStart(8),
    );
    console.log(`${shape.padEnd(28)}${told.join(" ")}`);
  }
  console.log("\nplugins, ms fresh");
  for (const plugins of [50, 500, 5000]) {
    const shape = platform(plugins, 20, 6 * plugins);
    const times = Array.from({ length: 3 }, () => time(() => resolve(requestFor(shape))));
    console.log(`${String(plugins).padStart(6)} ${quantile(times, 0.5).toFixed(1).padStart(8)}`);
  }
}

/** Every version of a registry as a root, by every solver in turn. */
async function compare(file: string, rounds: number): Promise<void> {
  const candidates = candidatesOf(published(`pubgrub/${file}.json`));
  const session = new Session(requestFor({ candidates, roots: [] }));
  const solvers = [
    {
      name: "ours",
      rounds: 20 * rounds,
      decide: (root: Candidate["manifest"]) =>
        session.solve([{ name: root.name, range: root.version }], { left: BUDGET }).kind === "found",
    },
  ] as {
    name: string;
    rounds: number;
    decide: (root: Candidate["manifest"]) => boolean | Promise<boolean>;
  }[];
  for (const peer of await installedPeers()) {
    solvers.push({ name: peer.name, rounds: 1, decide: await peer.prepare(candidates) });
  }

  const verdicts = new Map<string, string>();
  const times = new Map<string, number[]>(solvers.map((solver) => [solver.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const solver of solvers) {
      for (let repeat = 0; repeat < solver.rounds; repeat++) {
        const found: boolean[] = [];
        const began = performance.now();
        for (const { manifest } of candidates) found.push(await solver.decide(manifest));
        times.get(solver.name)?.push((1000 * (performance.now() - began)) / candidates.length);
        verdicts.set(solver.name, found.map(Number).join(""));
      }
    }
  }
  const ours = quantile(times.get("ours") ?? [], 0.5);
  console.log(
    `\n${file}, ${candidates.length} roots: median µs a solve [quartiles], and how much longer than ours`,
  );
  for (const [solver, taken] of times) {
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(taken, share));
    const agrees = verdicts.get(solver) === verdicts.get("ours") ? "" : "  OTHER VERDICTS";
    console.log(
      `${solver.padEnd(22)}${(middle ?? 0).toFixed(1).padStart(10)} [${(low ?? 0).toFixed(1)}–${(high ?? 0).toFixed(1)}]  × ${((middle ?? 0) / ours).toFixed(1)}${agrees}`,
    );
  }
}
