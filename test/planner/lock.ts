import { DEPLOYMENT_API_VERSION } from "../../src/domain/deployment.ts";
import { byInstance, type Digest } from "../../src/domain/ids.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { TRUST_API_VERSION } from "../../src/domain/trust.ts";
import { checkPlan } from "../../src/planner/check/check-plan.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { toLock } from "../../src/resolver/lock.ts";
import { asks, HOST, resolveFrom } from "../resolver/registry.ts";

/** A Saturday noon in UTC, when no market of the tests trades. */
const SATURDAY = new Date("2026-03-14T12:00:00Z");

/** What a planner is given once a deployment is resolved. The configurations are the defaults. */
export function planInput(
  candidates: readonly Candidate[],
  ranges: Readonly<Record<string, string>>,
  more: Partial<PlanInput> = {},
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
    manifests: byInstanceOf(chosen),
    given: new Map(
      [...byInstanceOf(chosen)].map(([instance, { manifest }]) => [
        instance,
        { config: manifest.config.defaults },
      ]),
    ),
    trust: {
      apiVersion: TRUST_API_VERSION,
      keys: [],
      threshold: {},
      revoked: { keys: [], digests: [] },
    },
    base: null,
    request: { author: "ann", at: SATURDAY },
    ...more,
  };
}

const byInstanceOf = (chosen: readonly Candidate[]): PlanInput["manifests"] =>
  new Map(
    [
      ...byInstance(
        chosen.map((candidate) => ({
          name: candidate.manifest.name,
          version: candidate.manifest.version,
          candidate,
        })),
      ),
    ].map(([instance, { candidate }]) => [instance, candidate]),
  );

/** The plan for an input that has one; it holds before the independent checker. */
export function planFor(input: PlanInput): Plan {
  const plan = planDeployment(input);
  if (!plan.ok) throw new Error(`refused: ${JSON.stringify(plan.error)}`);
  const faults = faultsIn(plan.value, input);
  if (faults.length > 0) throw new Error(`unsound: ${faults.join("\n")}`);
  return plan.value;
}

/** What the independent checker finds. */
export function faultsIn(plan: Plan, { manifests, base, adapters = [] }: PlanInput): readonly string[] {
  const known = [...manifests.values(), ...(base?.manifests.values() ?? []), ...adapters];
  const byContent = new Map<Digest, Manifest>(known.map(({ content, manifest }) => [content, manifest]));
  return checkPlan(plan, base?.generation ?? null, byContent);
}

/** A planned set as the base of the next plan. */
export const activated = (input: PlanInput): NonNullable<PlanInput["base"]> => {
  const { next, generation } = planFor(input);
  return { digest: next, generation, manifests: input.manifests };
};
