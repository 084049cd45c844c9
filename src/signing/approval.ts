import { exactly, instant, oneOf, text, textThat } from "../bundle/shape.ts";
import { APPROVAL_API_VERSION, type Approval } from "../domain/approval.ts";
import { byText } from "../domain/by-text.ts";
import { type Digest, isDigest } from "../domain/ids.ts";
import type { ApprovalRule } from "../domain/policy.ts";
import type { TrustFloor, TrustPolicy } from "../domain/trust.ts";
import { type DocumentFormat, openDocument, type SignedDocument } from "./signed-document.ts";
import { barOf, type Ruling, rulingOf, type Voter } from "./trust.ts";

export const APPROVAL: DocumentFormat<Approval> = {
  type: "application/vnd.tradsys.approval.v1+json",
  noun: "an approval",
  is: exactly<Approval>({
    apiVersion: oneOf(APPROVAL_API_VERSION),
    plan: textThat(isDigest),
    approver: text,
    role: oneOf("builder", "release", "risk"),
    at: instant,
  }),
};

/** What is to be approved, and by whose keys. */
export interface ApprovalCase {
  readonly plan: Digest;
  readonly author: string;
  readonly rules: readonly ApprovalRule[];
  /** How many different people it takes, whatever their roles. */
  readonly approvers: number;
  /**
   * The policy in force decides whose keys count: it is the one of the active generation, so that no plan brings
   * its own approvers. Keys that any of the others bars do not count either.
   */
  readonly inForce: TrustPolicy;
  readonly others: readonly TrustPolicy[];
  /** What the root has learned. */
  readonly floor: TrustFloor;
  readonly now: Date;
}

/** An approval that counts. */
interface CountedApproval extends SignedDocument<Approval> {
  readonly envelope: string;
}

export interface ApprovalVerdict {
  /** One for each key, in the order of their names. */
  readonly approvals: readonly CountedApproval[];
  /** What is still missing, in words; empty where the plan may be applied. */
  readonly missing: readonly string[];
  /** Why other approvals do not count. */
  readonly reasons: readonly string[];
}

/** Counts the approvals of a plan: different keys, in the roles asked for, none of its author. */
export function judgeApprovals(given: ApprovalCase, envelopes: readonly string[]): ApprovalVerdict {
  const { inForce, others, floor, now } = given;
  const ruling = rulingOf({ policy: inForce, floor, now });
  const barred = new Map([
    ...others.flatMap((policy) => barsIn(rulingOf({ policy, floor, now }))),
    ...barsIn(ruling),
  ]);
  const counted = new Map<Digest, CountedApproval>();
  const reasons: string[] = [];
  for (const envelope of envelopes.toSorted()) {
    const opened = openDocument(APPROVAL, envelope, ruling);
    const reason = opened.ok ? objectionTo(opened.value, given, barred) : opened.error;
    if (reason !== undefined) reasons.push(reason);
    else if (opened.ok) counted.set(opened.value.signer.publicKey.id, { ...opened.value, envelope });
  }
  const approvals = [...counted.values()].toSorted((a, b) => byText(nameOf(a), nameOf(b)));
  return { approvals, reasons, missing: missingFrom(approvals, given) };
}

/** Why the keys of a policy do not count today, by their id. One entry that lets a key count is enough. */
function barsIn(ruling: Ruling): readonly (readonly [Digest, string])[] {
  const byKey = Map.groupBy(ruling.voters, ({ publicKey }) => publicKey.id);
  return [...byKey].flatMap(([id, voters]) => {
    const bars = voters.map((voter) => barOf(ruling, voter));
    const [first] = bars;
    return first !== undefined && !bars.includes(undefined) ? [[id, first] as const] : [];
  });
}

/** Why an approval does not count; `undefined` if it does. */
function objectionTo(
  { document, signer }: SignedDocument<Approval>,
  { plan, author }: Pick<ApprovalCase, "plan" | "author">,
  barred: ReadonlyMap<Digest, string>,
): string | undefined {
  const { name, role } = signer.trusted;
  const bar = barred.get(signer.publicKey.id);
  if (bar !== undefined) return `the approval of ${name} does not count: ${bar}`;
  if (document.role !== role) return `${name} may not approve as ${document.role}`;
  if (document.plan !== plan) return `the approval of ${name} is for another plan, ${document.plan}`;
  return isOwn(document.approver, signer, author)
    ? `${author} made the plan and cannot approve it`
    : undefined;
}

/** Nobody approves what they made, neither by their own name nor with a key of that name. */
export const isOwn = (approver: string, { trusted }: Pick<Voter, "trusted">, author: string): boolean =>
  approver === author || trusted.name === author;

function missingFrom(approvals: readonly CountedApproval[], { rules, approvers }: ApprovalCase): string[] {
  const byRole = rules.flatMap(({ role, count }) => {
    const missing = count - people(approvals.filter(({ document }) => document.role === role));
    return missing > 0 ? [`${missing} more ${role} approval${missing === 1 ? "" : "s"}`] : [];
  });
  const inAll = approvers - people(approvals);
  return byRole.length > 0 || inAll <= 0 ? byRole : [`${inAll} more approver${inAll === 1 ? "" : "s"}`];
}

/** Whoever signed with two keys counts once. */
const people = (approvals: readonly CountedApproval[]): number =>
  new Set(approvals.map(({ document }) => document.approver)).size;

const nameOf = ({ signer }: { readonly signer: Voter }): string => signer.trusted.name;
