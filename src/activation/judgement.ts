import type { Diagnostic } from "../domain/diagnostic.ts";
import { failWith, TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Generation, Plan, PlanPolicy } from "../domain/plan.ts";
import type { DeploymentPolicy } from "../domain/policy.ts";
import { checkPlan } from "../planner/check/check-plan.ts";
import { explainRefusal } from "../planner/explain.ts";
import { judge } from "../planner/policy/judge.ts";
import { weakerThan } from "../planner/policy/strictest.ts";
import { REFUSAL_CODES } from "../planner/refusal.ts";
import type { Files } from "../platform/files.ts";
import { readGeneration, rootPaths } from "../store/generations.ts";
import { type Action, lastApplied } from "./history.ts";

/**
 * The policies in force on a root beside that of what is active: that of what was last applied, so that a rollback
 * is no way around it. A generation that has a policy is kept as long as that holds: where it is gone, there is none.
 *
 * @throws {TradsysError} as `readGeneration` does: what cannot be read might ask for anything.
 */
export async function policiesInForce(
  { files, root }: { readonly files: Files; readonly root: string },
  actions: readonly Action[],
): Promise<readonly DeploymentPolicy[]> {
  const applied = lastApplied(actions);
  if (applied === null || (await files.kind(rootPaths(root).generation(applied))) === "missing") return [];
  const { policy } = await readGeneration(files, root, applied);
  return policy ? [policy] : [];
}

interface Case {
  readonly plan: Plan;
  /** What the plan starts from. */
  readonly base: Generation | null;
  /** By content, of both sets and of adapters: as they were signed, whatever the store tells. */
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  readonly inForce: readonly DeploymentPolicy[];
  readonly now: Date;
  /** It was begun, and is gone on with. */
  readonly isUnderWay: boolean;
}

/**
 * Holds a plan that lay somewhere as a file to all that whoever made it had to keep to: it promises what the two sets
 * say, every state of it is compatible, and it asks for no less than the policies in force do.
 *
 * @returns What must hold while it is applied.
 * @throws {TradsysError} `PLAN_INVALID`, `EVIDENCE_MISSING`, `WINDOW_CLOSED`, `CALENDAR_INVALID`.
 */
export function judgePlan({ plan, base, manifests, inForce, now, isUnderWay }: Case): PlanPolicy {
  const faults = checkPlan(plan, base, manifests);
  if (faults.length > 0) throw changed(faults);
  const { policy, waves, generation } = plan;
  const judged = judge({
    base,
    next: generation,
    manifests,
    inForce,
    at: now,
    // What was begun in time may be ended.
    waves: isUnderWay ? waves.map((wave) => ({ ...wave, estimateMs: 0 })) : waves,
    emergency: policy.emergency,
    accepted: policy.accepted,
  });
  if (!judged.ok) {
    const { message, hint } = explainRefusal(judged.error);
    const code = judged.error.kind === "frozen" ? "WINDOW_CLOSED" : REFUSAL_CODES[judged.error.kind];
    throw new TradsysError(code, message, { hint });
  }
  const weaker = weakerThan(judged.value, policy);
  if (weaker.length > 0) {
    throw new TradsysError(
      "PLAN_INVALID",
      `the plan asks for less than the policy in force: ${weaker.join(", ")}`,
      {
        hint: AGAIN,
      },
    );
  }
  return { ...policy, window: bothOf(policy.window, judged.value.window) };
}

/** The time that lies in both. */
function bothOf(a: PlanPolicy["window"], b: PlanPolicy["window"]): PlanPolicy["window"] {
  const bounds = (name: keyof PlanPolicy["window"]): readonly string[] =>
    [a[name], b[name]].filter((bound) => bound !== null).toSorted();
  return {
    notBefore: bounds("notBefore").at(-1) ?? null,
    startBy: bounds("startBy")[0] ?? null,
    doneBy: bounds("doneBy")[0] ?? null,
  };
}

const AGAIN = "Run `tradsys plan` again.";

/** A plan that is no longer the one that was made. */
export const changed = (faults: readonly string[]): TradsysError =>
  failWith(
    faults.map((fault): Diagnostic => ({
      code: "PLAN_INVALID",
      severity: "error",
      message: `the plan was changed after it was made: ${fault}`,
      hint: AGAIN,
    })),
  );
