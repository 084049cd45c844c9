/**
 * Planning, in process: an upgrade of 1,000 plugins with 5,000 requirements of which 30 % change, with and without
 * the independent check of every state, and the order of 100,000 nodes. Targets: 20 ms, 50 ms and 100 ms.
 */

import { checkPlan } from "../../src/planner/check/check-plan.ts";
import { levelsOf } from "../../src/planner/digraph.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { quantile } from "./interleaved.ts";
import { largeUpgrade, randomDigraph } from "./planner-data.ts";

const rounds = Number(process.argv[2] ?? 10);
const upgrade = largeUpgrade({ plugins: 1000, requirements: 5000, changedShare: 0.3 });
const digraph = randomDigraph(100_000, 900_000);

const SUBJECTS: Readonly<Record<string, () => void>> = {
  "plan 1,000 plugins": () => void plan(),
  "plan and check 1,000 plugins": () => {
    const faults = checkPlan(plan(), upgrade.base.generation, upgrade.versions);
    if (faults.length > 0) throw new Error(faults[0]);
  },
  "order 100,000 nodes, 900,000 edges": () => void levelsOf(digraph),
};

function plan() {
  const planned = planDeployment(upgrade);
  if (!planned.ok) throw new Error(planned.error.kind);
  return planned.value;
}

const times = new Map(Object.keys(SUBJECTS).map((name): [string, number[]] => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(SUBJECTS)) {
    const began = performance.now();
    run();
    const took = performance.now() - began;
    if (round === 0) console.log(`${name.padEnd(36)} cold ${took.toFixed(1)} ms`);
    else times.get(name)?.push(took);
  }
}
console.log(
  `${rounds} rounds, interleaved; Node.js ${process.versions.node} on ${process.platform}-${process.arch}`,
);
for (const [name, values] of times) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share).toFixed(1));
  console.log(
    `${name.padEnd(36)} min ${quantile(values, 0).toFixed(1)} ms  median ${middle} ms [${low}–${high}]`,
  );
}
