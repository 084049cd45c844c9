import type { Digest } from "../../domain/ids.ts";
import type { PlanPolicy } from "../../domain/plan.ts";
import type { ApprovalRule } from "../../domain/policy.ts";
import type { TrustPolicy } from "../../domain/trust.ts";

/** That someone agrees to a plan. Its signature was checked; whose key it is decides whether it counts. */
export interface Approval {
  /** SHA-256 of the plan's canonical form. */
  readonly plan: Digest;
  /** Who approves, as the journal names people. */
  readonly approver: string;
  /** Name of the key in the trust policy that signed it. */
  readonly key: string;
  /** UTC, ISO 8601. */
  readonly at: string;
}

export interface ApprovalVerdict {
  readonly isMet: boolean;
  readonly counted: readonly Approval[];
  readonly rejected: readonly { readonly approval: Approval; readonly because: string }[];
  /** What is still to be had, by role. */
  readonly missing: readonly ApprovalRule[];
  /** How many more people must approve, whatever their role. */
  readonly missingApprovers: number;
}

export interface ApprovalInput {
  readonly plan: Digest;
  readonly author: string;
  readonly required: Pick<PlanPolicy, "approvals" | "approvers">;
  readonly approvals: readonly Approval[];
  readonly trust: TrustPolicy;
}

/**
 * Which approvals of a plan count, and whether they are enough. Every person and every key counts once, and
 * nobody approves what they made themselves.
 */
export function judgeApprovals({ plan, author, required, approvals, trust }: ApprovalInput): ApprovalVerdict {
  const counted: Approval[] = [];
  const rejected: { approval: Approval; because: string }[] = [];
  for (const approval of approvals.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)))) {
    const because =
      approval.plan === plan
        ? approval.approver === author
          ? "who made a plan does not approve it"
          : (keyProblem(approval, trust) ?? repeated(approval, counted))
        : "it is for another plan";
    if (because === undefined) counted.push(approval);
    else rejected.push({ approval, because });
  }
  const roleOf = new Map(trust.keys.map(({ name, role }) => [name, role]));
  const missing = required.approvals.flatMap(({ role, count }) => {
    const left = count - counted.filter(({ key }) => roleOf.get(key) === role).length;
    return left > 0 ? [{ role, count: left }] : [];
  });
  const missingApprovers = Math.max(0, required.approvers - counted.length);
  return {
    isMet: missing.length === 0 && missingApprovers === 0,
    counted,
    rejected,
    missing,
    missingApprovers,
  };
}

function keyProblem({ key: name, at }: Approval, { keys, revoked }: TrustPolicy): string | undefined {
  const key = keys.find((each) => each.name === name);
  if (!key) return `the trust policy has no key ${name}`;
  const revocation = revoked.keys.find((each) => each.name === name);
  if (revocation) return `the key ${name} is revoked: ${revocation.reason}`;
  const day = at.slice(0, 10);
  if (key.notBefore !== undefined && day < key.notBefore)
    return `the key ${name} counts from ${key.notBefore}`;
  if (key.notAfter !== undefined && day > key.notAfter) return `the key ${name} counts until ${key.notAfter}`;
  return undefined;
}

const repeated = ({ approver, key }: Approval, counted: readonly Approval[]): string | undefined =>
  counted.some((other) => other.approver === approver)
    ? `${approver} approved it already`
    : counted.some((other) => other.key === key)
      ? `the key ${key} was used already`
      : undefined;
