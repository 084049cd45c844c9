/**
 * Planning, in process: an upgrade of 1,000 plugins with 5,000 requirements of which 30 % change, with and without
 * the independent check of every state, and the order of 100,000 nodes. Targets: 20 ms, 50 ms and 100 ms.
 *
 * Then, as whole processes, a first deployment of that graph beside `terraform plan` and `terraform graph` of as many
 * built-in resources with the same dependencies, where terraform is installed. Each reads its graph from a file.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { instanceOf } from "../../src/domain/ids.ts";
import { checkPlan } from "../../src/planner/check/check-plan.ts";
import { levelsOf } from "../../src/planner/digraph.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { describe, quantile, timeInTurn } from "./interleaved.ts";
import { largeUpgrade, randomDigraph } from "./planner-data.ts";

const SHAPE = { plugins: 1000, requirements: 5000, changedShare: 0.3 };
const rounds = Number(process.argv[2] ?? 10);
const upgrade = largeUpgrade(SHAPE);
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

const folder = mkdtempSync(join(tmpdir(), "tradsys-bench-"));
try {
  besideTerraform(folder);
} finally {
  rmSync(folder, { recursive: true });
}

/** @param cwd Where the same graph is written for both. */
function besideTerraform(cwd: string): void {
  const needs = Map.groupBy(upgrade.lock.bindings, ({ facet }) => instanceOf(facet));
  const resources = upgrade.lock.plugins.map(({ name }) => {
    const providers = new Set(
      (needs.get(name) ?? []).flatMap((binding) => binding.providers.map(instanceOf)),
    );
    const after = [...providers].map((provider) => `terraform_data.${resourceName(provider)}`);
    return `resource "terraform_data" "${resourceName(name)}" {
  depends_on = [${after.join(", ")}]
}
`;
  });
  writeFileSync(join(cwd, "main.tf"), resources.join(""));
  const { lock, manifests } = upgrade;
  writeFileSync(join(cwd, "input.json"), JSON.stringify({ lock, candidates: [...manifests.values()] }));
  const terraform = ["terraform", `-chdir=${cwd}`] as const;
  try {
    execFileSync(terraform[0], [terraform[1], "init", "-input=false"], { stdio: "ignore" });
  } catch {
    console.log("terraform is not installed here: nothing to compare with");
    return;
  }
  const script = join(import.meta.dirname, "planner-process.ts");
  const [own, ...peers] = timeInTurn(
    [
      { name: "plan and check, a process", argv: [process.execPath, script, join(cwd, "input.json")] },
      { name: "terraform plan", argv: [...terraform, "plan", "-input=false", "-refresh=false"] },
      { name: "terraform graph", argv: [...terraform, "graph"] },
    ],
    Math.min(rounds, 5),
  );
  if (!own) throw new Error("nothing was timed");
  for (const subject of [own, ...peers]) console.log(describe(subject, own));
}

function resourceName(plugin: string): string {
  return plugin.replaceAll(/\W/g, "_");
}
