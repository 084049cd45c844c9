/**
 * Starting N plugins, in whole processes, beside other ways to load the same code: `preload.ts [ROUNDS] [N,N,…]`.
 * Every byte of ours is verified. Times are from a process's first line to ready, so that what Node.js itself takes
 * counts for none of them; importing the host's own code counts.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { quantile } from "./interleaved.ts";
import { makePlugins, warmUp } from "./preload/roots.ts";

const HOST = join(import.meta.dirname, "preload/host.mjs");
const PEERS = ["sequential", "parallel", "compile-cache", "require", "raw", "avvio"] as const;
const SIZES = [20_000, 200_000];

const rounds = Number(process.argv[2] ?? 9);
const counts = (process.argv[3] ?? "1,10,100,500").split(",").map(Number);

interface Answer {
  readonly readyMs: number;
  /** Time of all threads, which what else the machine does changes less. */
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly verifyMs?: number;
}

interface Subject {
  readonly name: string;
  readonly method: string;
  readonly folder: string;
  readonly isCold?: boolean;
}

/** Ways to start the same plugins, in turn; each beside `Promise.all(import())`. */
async function compare(bytes: number, count: number): Promise<void> {
  await inFolder(async (folder) => {
    const first = join(folder, "first");
    const warm = join(folder, "warm");
    await makePlugins({ folder: first, count, bytes });
    await makePlugins({ folder: warm, count, bytes });
    const compiled = await warmUp(warm);
    if (compiled !== count) throw new Error(`${compiled} of ${count} plugins were compiled ahead`);
    // The compile cache is written when its process ends.
    run({ name: "", method: "compile-cache", folder: warm }, count);
    const subjects: readonly Subject[] = [
      ...PEERS.map((method) => ({ name: method, method, folder: warm })),
      { name: "import tradsys/runtime", method: "import", folder: warm },
      { name: "tradsys, first start", method: "tradsys", folder: first },
      { name: "tradsys", method: "tradsys", folder: warm },
      ...["parallel", "compile-cache", "tradsys"].map((method) => ({
        name: `${method}, cold disk`,
        method,
        folder: warm,
        isCold: true,
      })),
    ];
    const answers = inTurn(subjects, count);
    console.log(`\n${count} plugins of ${bytes / 1000} kB`);
    const baseline = answers.get("parallel") ?? [];
    for (const { name } of subjects) console.log(describe(name, answers.get(name) ?? [], baseline));
    const ours = answers.get("tradsys") ?? [];
    const ratio = (other: string): string =>
      `${ratios(ours, answers.get(other) ?? [])} (CPU ${ratios(ours, answers.get(other) ?? [], "cpuMs")})`;
    console.log(
      `tradsys to compile cache ${ratio("compile-cache")}, to raw pack ${ratio("raw")}, to avvio ${ratio("avvio")}; verification ${share(ours)} of it`,
    );
  });
}

/** What a plugin costs at start that nobody uses yet. */
async function lazily(count: number): Promise<void> {
  await inFolder(async (folder) => {
    const [none, all] = [join(folder, "none"), join(folder, "all")];
    await makePlugins({ folder: none, count: 1, bytes: 20_000, activation: "lazy" });
    await makePlugins({ folder: all, count, bytes: 20_000, activation: "lazy" });
    const answers = inTurn(
      [none, all].map((each) => ({ name: each, method: "tradsys", folder: each })),
      count,
    );
    const [base = [], many = []] = [none, all].map((name) => answers.get(name) ?? []);
    const each = many.map(
      ({ readyMs }, i) => (1000 * (readyMs - (base[i]?.readyMs ?? Number.NaN))) / (count - 1),
    );
    console.log(`\n${count} lazy plugins: ${spread(each, 1)} µs for each`);
  });
}

function inTurn(subjects: readonly Subject[], count: number): Map<string, Answer[]> {
  const answers = new Map<string, Answer[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      if (subject.isCold === true) forget(subject.folder);
      const answer = run(subject, count);
      // The first round warms the page cache.
      if (round > 0) answers.get(subject.name)?.push(answer);
    }
  }
  return answers;
}

const run = ({ method, folder }: Subject, count: number): Answer =>
  JSON.parse(
    execFileSync(process.execPath, [HOST, method, folder, String(count)], { encoding: "utf8" }),
  ) as Answer;

/** Drops a folder's files from the page cache. */
function forget(folder: string): void {
  execFileSync("find", [
    folder,
    "-type",
    "f",
    "-exec",
    "dd",
    "if={}",
    "iflag=nocache",
    "count=0",
    "status=none",
    ";",
  ]);
}

const median = (values: readonly number[]): string => quantile(values, 0.5).toFixed(0).padStart(5);

function describe(name: string, answers: readonly Answer[], baseline: readonly Answer[]): string {
  const ms = answers.map(({ readyMs }) => readyMs);
  return `${name.padEnd(26)} ${quantile(ms, 0).toFixed(1).padStart(8)} ms min ${quantile(ms, 0.5).toFixed(1).padStart(8)} ms median  ratio ${ratios(answers, baseline)}  of CPU time ${ratios(answers, baseline, "cpuMs")}  ${median(answers.map(({ rssMiB }) => rssMiB))} MiB`;
}

const ratios = (
  answers: readonly Answer[],
  baseline: readonly Answer[],
  of: "readyMs" | "cpuMs" = "readyMs",
): string =>
  spread(
    answers.map((answer, round) => answer[of] / (baseline[round]?.[of] ?? Number.NaN)),
    2,
  );

const share = (answers: readonly Answer[]): string =>
  `${spread(
    answers.map(({ readyMs, verifyMs = 0 }) => (100 * verifyMs) / readyMs),
    0,
  )} %`;

/** Median, and quartiles. */
function spread(values: readonly number[], digits: number): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(values, part).toFixed(digits));
  return `${middle} [${low}–${high}]`;
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tradsys-bench-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

console.log(
  `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
);
for (const bytes of SIZES) for (const count of counts) await compare(bytes, count);
await lazily(500);
