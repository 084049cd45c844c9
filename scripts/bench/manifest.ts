/**
 * `tradsys validate` as whole processes. Targets: one manifest in at most 3.5 times `node -e 0`, and many
 * manifests in one run at 2,000 a second or more, what one manifest takes taken off.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { describe, quantile, timeInTurn, type Subject } from "./interleaved.ts";

const MANIFESTS = 1000;

const root = dirname(dirname(import.meta.dirname));
const tradsys = join(root, "dist/cli/tradsys.js");
const plugin = join(root, "manifests/plugins/risk-core");
const rounds = Number(process.argv[2] ?? 25);

const folder = mkdtempSync(join(tmpdir(), "tradsys-bench-"));
try {
  for (let i = 0; i < MANIFESTS; i++) cpSync(plugin, join(folder, `plugin-${i}`), { recursive: true });
  const subjects: readonly Subject[] = [
    { name: "node -e 0", argv: [process.execPath, "-e", "0"] },
    {
      name: "validate 1 manifest",
      argv: [process.execPath, tradsys, "validate", join(plugin, "plugin.yaml")],
    },
    { name: `validate ${MANIFESTS} manifests`, argv: [process.execPath, tradsys, "validate", folder] },
  ];
  const [baseline, one, many] = timeInTurn(subjects, rounds);
  if (!baseline || !one || !many) throw new Error("nothing was timed");
  console.log(
    `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
  );
  for (const subject of [baseline, one, many]) console.log(describe(subject, baseline));

  const rates = many.times.map(
    (time, round) => (1000 * (MANIFESTS - 1)) / (time - (one.times[round] ?? Number.NaN)),
  );
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(rates, share).toFixed(0));
  console.log(`${middle} manifests per second after start [${low}–${high}]`);
} finally {
  rmSync(folder, { recursive: true });
}
