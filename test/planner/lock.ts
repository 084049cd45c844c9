import { DEPLOYMENT_API_VERSION } from "../../src/domain/deployment.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { TRUST_API_VERSION } from "../../src/domain/trust.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { toLock } from "../../src/resolver/lock.ts";
import { asks, HOST, resolveFrom } from "../resolver/registry.ts";

/** What a planner is given once a deployment is resolved. The configurations are the defaults. */
export function planInput(
  candidates: readonly Candidate[],
  ranges: Readonly<Record<string, string>>,
  base: PlanInput["base"] = null,
): PlanInput {
  const outcome = resolveFrom(candidates, ranges);
  if (outcome.kind !== "resolved") throw new Error(`not resolved: ${JSON.stringify(outcome)}`);
  const deployment = {
    apiVersion: DEPLOYMENT_API_VERSION,
    name: "desk",
    description: "",
    trust: "trust.yaml",
    plugins: asks(ranges).map((requirement) => ({ ...requirement, config: {}, instances: {} })),
  } as const;
  const chosen = outcome.plugins.map(({ candidate }) => candidate);
  return {
    lock: toLock(deployment, HOST, outcome),
    manifests: new Map(chosen.map((candidate) => [candidate.manifest.name, candidate])),
    isolations: new Map(),
    configs: new Map(chosen.map(({ manifest }) => [manifest.name, manifest.config.defaults])),
    trust: {
      apiVersion: TRUST_API_VERSION,
      keys: [],
      threshold: {},
      revoked: { keys: [], digests: [] },
    },
    base,
  };
}

/** The plan for an input that has one. */
export function planFor(input: PlanInput): Plan {
  const plan = planDeployment(input);
  if (!plan.ok) throw new Error(`a cycle: ${plan.error.path.join(", ")}`);
  return plan.value;
}

/** A plan's outcome as the base of the next plan. */
export const activated = ({ next, generation }: Plan): PlanInput["base"] => ({ digest: next, generation });
