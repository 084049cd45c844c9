/** Plans the first deployment of a graph in a file, checks the plan, and prints it. Timed by `planner.ts` as a process. */
import { readFileSync } from "node:fs";

import type { Candidate, Lock } from "../../src/domain/lock.ts";
import { checkPlan } from "../../src/planner/check/check-plan.ts";
import { planDeployment } from "../../src/planner/plan.ts";

const { lock, candidates } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as {
  readonly lock: Lock;
  readonly candidates: readonly Candidate[];
};
const planned = planDeployment({
  lock,
  manifests: new Map(candidates.map((each) => [each.manifest.name, each])),
  given: new Map(candidates.map((each) => [each.manifest.name, { config: {} }])),
  trust: { apiVersion: "tradsys/trust/v1", keys: [], threshold: {}, revoked: { keys: [], digests: [] } },
  base: null,
  request: { author: "bench", at: new Date("2026-03-14T12:00:00Z") },
});
if (!planned.ok) throw new Error(planned.error.kind);
const faults = checkPlan(
  planned.value,
  null,
  new Map(candidates.map(({ content, manifest }) => [content, manifest])),
);
if (faults.length > 0) throw new Error(faults[0]);
console.log(JSON.stringify(planned.value));
