/**
 * What a process waits for that imports `tradsys/runtime`, beside one that does nothing and one that imports the same
 * parts of Node.js: `import.ts [ROUNDS]`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { describe, quantile, timeInTurn, type Measured } from "./interleaved.ts";

const RUNTIME = join(import.meta.dirname, "../../dist/runtime/index.js");
const builtins = readFileSync(RUNTIME, "utf8").match(/(?<=["'])node:[\w/]+(?=["'])/g) ?? [];

const importing = (specifiers: readonly string[]): [string, ...string[]] => [
  process.execPath,
  "--input-type=module",
  "-e",
  specifiers.map((specifier) => `import ${JSON.stringify(specifier)};`).join(""),
];

const [bare, ...measured] = timeInTurn(
  [
    { name: "node -e 0", argv: [process.execPath, "-e", "0"] },
    { name: "its built-ins alone", argv: importing([...new Set(builtins)]) },
    { name: "tradsys/runtime", argv: importing([pathToFileURL(RUNTIME).href]) },
  ],
  Number(process.argv[2] ?? 21),
);

const overBare = ({ times }: Measured): number[] =>
  times.map((time, round) => time - (bare?.times[round] ?? Number.NaN));

if (bare) {
  for (const subject of [bare, ...measured]) console.log(describe(subject, bare));
  for (const subject of measured) {
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) =>
      quantile(overBare(subject), share).toFixed(1),
    );
    const least = quantile(subject.times, 0) - quantile(bare.times, 0);
    console.log(
      `${subject.name}: ${middle} ms over node -e 0 [${low}–${high}], best against best ${least.toFixed(1)} ms`,
    );
  }
}
