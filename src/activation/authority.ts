import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan, PlanPolicy } from "../domain/plan.ts";
import type { TrustFloor } from "../domain/trust.ts";
import { judgeApprovals } from "../signing/approval.ts";
import type { RecordedApproval } from "./record.ts";

interface Authority {
  readonly plan: Plan;
  /** Of the plan. */
  readonly digest: Digest;
  /** What the plan starts from: its trust policy is the one in force, so that no plan brings its own approvers. */
  readonly base: Generation | null;
  /** Envelopes of approvals, as text. */
  readonly envelopes: readonly string[];
  /** What the root has learned about trust. */
  readonly floor: TrustFloor;
  readonly now: Date;
}

/**
 * The approvals that let a plan be applied.
 *
 * @throws {TradsysError} `NOT_APPROVED` with what is missing, and why other approvals do not count.
 */
export function requireApprovals(authority: Authority): readonly RecordedApproval[] {
  const { plan, digest, base, envelopes, floor, now } = authority;
  const { trust } = plan.generation;
  const { approvals: rules, approvers } = plan.policy;
  const { approvals, missing, reasons } = judgeApprovals(
    {
      plan: digest,
      author: plan.author,
      rules,
      approvers,
      inForce: base?.trust ?? trust,
      others: [trust],
      floor,
      now,
    },
    envelopes,
  );
  if (missing.length > 0) {
    throw new TradsysError(
      "NOT_APPROVED",
      `the plan needs ${[missing.join(" and "), ...reasons].join("; ")}`,
      {
        hint: "Let others than its author run `tradsys approve` on exactly this plan.",
      },
    );
  }
  return approvals.map(({ document: { approver, role, at }, signer, envelope }) => ({
    key: signer.trusted.name,
    role,
    approver,
    at,
    envelope,
  }));
}

/** Why a plan may not be begun, or gone on with, at this time; `undefined` if it may. */
export function closedWindow(
  { window, emergency }: PlanPolicy,
  step: "begin" | "go on",
  now: Date,
): TradsysError | undefined {
  const { notBefore, startBy, doneBy } = window;
  if (emergency !== undefined) return undefined;
  const last = step === "begin" ? (startBy ?? doneBy) : doneBy;
  const isEarly = notBefore !== null && now < new Date(notBefore);
  const isLate = last !== null && now > new Date(last);
  if (!isEarly && !isLate) return undefined;
  const bound = isEarly ? `may be applied from ${notBefore} on` : `could be applied until ${last}`;
  return new TradsysError("WINDOW_CLOSED", `the plan ${bound}, and it is ${now.toISOString()}`, {
    hint: isEarly ? "Wait until then." : "Run `tradsys plan` again: it tells the next window.",
  });
}
