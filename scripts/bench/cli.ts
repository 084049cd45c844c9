/**
 * Start-up of the command line, as whole processes, beside what Node.js itself takes to start.
 * Targets: `--version` at most 1.5 times and `validate` of one manifest at most 4 times `node -e 0`.
 */
import { dirname, join } from "node:path";

import { describe, timeInTurn, type Subject } from "./interleaved.ts";

const root = dirname(dirname(import.meta.dirname));
const tradsys = join(root, "dist/cli/tradsys.js");
const manifest = join(root, "manifests/plugins/risk-core/plugin.yaml");
const rounds = Number(process.argv[2] ?? 25);

const BASELINE: Subject = { name: "node -e 0", argv: [process.execPath, "-e", "0"] };
const SUBJECTS: readonly Subject[] = [
  { name: "tradsys --version", argv: [process.execPath, tradsys, "--version"] },
  { name: "tradsys --help", argv: [process.execPath, tradsys, "--help"] },
  { name: "tradsys validate plugin.yaml", argv: [process.execPath, tradsys, "validate", manifest] },
];

const [baseline, ...timed] = timeInTurn([BASELINE, ...SUBJECTS], rounds);
if (!baseline) throw new Error("nothing was timed");
console.log(
  `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
);
for (const subject of [baseline, ...timed]) console.log(describe(subject, baseline));
