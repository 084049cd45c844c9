/**
 * Building the ccxt connector beside the bundlers, in one run and in turn. Targets: build, pack and sign at most 1.30
 * times the raw esbuild build with the same options; ten plugins at most 1.12 times ten of these; a build of what has
 * not changed at most 3 times `node -e 0`; a rebuild at most 1.5 times esbuild's plus 10 ms.
 *
 * Usage: `build.ts [rounds] [subject…]`; without subjects all of them.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { describe, measureInTurn, quantile, type Measured } from "./interleaved.ts";

const root = dirname(dirname(import.meta.dirname));
const tradsys = join(root, "dist/cli/tradsys.js");
const rounds = Number(process.argv[2] ?? 9);
const only = process.argv.slice(3);

/** A subject, what it is held against, and the most that it may take of that. */
const SUBJECTS: readonly {
  readonly name: string;
  readonly than: string;
  readonly limit?: number;
  readonly plusMs?: number;
}[] = [
  { name: "esbuild", than: "esbuild" },
  { name: "tradsys", than: "esbuild", limit: 1.3 },
  { name: "bare import", than: "esbuild" },
  { name: "tradsys, smoke import", than: "esbuild" },
  { name: "10 × esbuild", than: "10 × esbuild" },
  { name: "10 × tradsys", than: "10 × esbuild", limit: 1.12 },
  { name: "esbuild rebuild", than: "esbuild rebuild" },
  { name: "tradsys rebuild", than: "esbuild rebuild", limit: 1.5, plusMs: 10 },
  { name: "node -e 0", than: "node -e 0" },
  { name: "tradsys build, no change", than: "node -e 0", limit: 3 },
  { name: "rolldown", than: "esbuild" },
  { name: "rollup, not minified", than: "esbuild" },
  { name: "webpack", than: "esbuild" },
  { name: "ncc", than: "esbuild" },
];

const work = mkdtempSync(join(tmpdir(), "tradsys-bench-"));
try {
  const folder = prepare();
  const wanted = SUBJECTS.filter(({ name }) => only.length === 0 || only.includes(name));
  const chosen = SUBJECTS.filter(({ name }) => wanted.some((each) => [each.name, each.than].includes(name)));
  const measured = measureInTurn(
    chosen.map(({ name }) => ({ name, measure: () => measure(name, folder) })),
    rounds,
  );
  console.log(
    `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
  );
  const byName = new Map(measured.map((each) => [each.name, each]));
  for (const { name, than, limit, plusMs = 0 } of chosen) {
    const [subject, baseline] = [byName.get(name), byName.get(than)];
    if (!subject || !baseline) continue;
    console.log(
      `${describe(subject, baseline)}${limit === undefined ? "" : verdict(subject, baseline, { limit, plusMs })}`,
    );
  }
} finally {
  rmSync(work, { recursive: true });
}

/** Ratios of the minima: what else the machine does only ever adds. */
function verdict(
  subject: Measured,
  baseline: Measured,
  { limit, plusMs }: { readonly limit: number; readonly plusMs: number },
): string {
  const ratio = (quantile(subject.times, 0) - plusMs) / quantile(baseline.times, 0);
  const plus = plusMs > 0 ? ` + ${plusMs} ms` : "";
  return `  of minima ${ratio.toFixed(2)}, limit ${limit.toFixed(2)}${plus}: ${ratio <= limit ? "met" : "MISSED"}`;
}

/** Milliseconds: of a whole process where starting one is what is asked, else as the process itself measures. */
function measure(name: string, folder: string): number {
  const once = join(import.meta.dirname, "bundle-once.ts");
  const began = performance.now();
  if (name === "node -e 0") execFileSync(process.execPath, ["-e", "0"]);
  else if (name === "tradsys build, no change")
    execFileSync(process.execPath, [tradsys, "build", `${folder}-0`, "--quiet"], { stdio: "pipe" });
  else
    return Number(
      execFileSync(process.execPath, [once, name, folder], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
  return performance.now() - began;
}

/** Copies of the connector where they may be edited, and its sources as JavaScript for bundlers that read no TypeScript. */
function prepare(): string {
  symlinkSync(join(root, "node_modules"), join(work, "node_modules"));
  const folder = join(work, "connector");
  const plugin = join(root, "manifests/plugins/connector-binance");
  for (const copy of [folder, ...Array.from({ length: 10 }, (_, i) => `${folder}-${i}`)]) {
    cpSync(plugin, copy, { recursive: true });
  }
  mkdirSync(join(folder, "js"));
  for (const file of globSync(join(plugin, "src/*.ts"))) {
    const code = stripTypeScriptTypes(readFileSync(file, "utf8"))
      .replaceAll(/"(\.\/[^"]+)\.ts"/g, '"$1.js"')
      .replaceAll('"ccxt/', `"${join(root, "node_modules/ccxt")}/`)
      .replaceAll('"tradsys/plugin"', `"${join(root, "dist/plugin/index.js")}"`);
    writeFileSync(join(folder, "js", basename(file).replace(/\.ts$/, ".js")), code);
  }
  return folder;
}
