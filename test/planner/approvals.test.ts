import { expect, it } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import { TRUST_API_VERSION, type TrustPolicy } from "../../src/domain/trust.ts";
import { judgeApprovals, type Approval, type ApprovalInput } from "../../src/planner/policy/approvals.ts";

const PLAN = sha256("the plan");

const trust: TrustPolicy = {
  apiVersion: TRUST_API_VERSION,
  keys: [
    { name: "risk-1", role: "risk", publicKey: "" },
    { name: "risk-2", role: "risk", publicKey: "", notAfter: "2026-03-31" },
    { name: "release-1", role: "release", publicKey: "" },
    { name: "lost", role: "risk", publicKey: "" },
  ],
  threshold: {},
  revoked: { keys: [{ name: "lost", reason: "left in a taxi" }], digests: [] },
};

const approval = (approver: string, key: string, more: Partial<Approval> = {}): Approval => ({
  plan: PLAN,
  approver,
  key,
  at: "2026-03-14T12:00:00Z",
  ...more,
});

const judged = (approvals: readonly Approval[], more: Partial<ApprovalInput> = {}) =>
  judgeApprovals({
    plan: PLAN,
    author: "ann",
    required: { approvals: [{ role: "risk", count: 1 }], approvers: 1 },
    approvals,
    trust,
    ...more,
  });

it("is met by another person with a key of the role", () => {
  expect(judged([approval("bob", "risk-1")])).toMatchObject({ isMet: true, missing: [], rejected: [] });
});

it.for([
  { what: "the author", of: approval("ann", "risk-1"), because: "who made a plan does not approve it" },
  {
    what: "somebody for another plan",
    of: approval("bob", "risk-1", { plan: sha256("") }),
    because: "it is for another plan",
  },
  { what: "an unknown key", of: approval("bob", "risk-9"), because: "the trust policy has no key risk-9" },
  { what: "a revoked key", of: approval("bob", "lost"), because: "the key lost is revoked: left in a taxi" },
  {
    what: "an expired key",
    of: approval("bob", "risk-2", { at: "2026-04-01T00:00:00Z" }),
    because: "the key risk-2 counts until 2026-03-31",
  },
])("does not take the word of $what", ({ of, because }) => {
  expect(judged([of])).toEqual({
    isMet: false,
    counted: [],
    rejected: [{ approval: of, because }],
    missing: [{ role: "risk", count: 1 }],
    missingApprovers: 1,
  });
});

it("does not take a key of another role for the role, and says what is missing", () => {
  expect(judged([approval("bob", "release-1")])).toMatchObject({
    isMet: false,
    missing: [{ role: "risk", count: 1 }],
    missingApprovers: 0,
  });
});

it("counts every person and every key once", () => {
  const required = { approvals: [{ role: "risk", count: 2 }], approvers: 2 } as const;
  const samePerson = judged([approval("bob", "risk-1"), approval("bob", "risk-2")], { required });
  expect(samePerson).toMatchObject({ isMet: false, rejected: [{ because: "bob approved it already" }] });
  const sameKey = judged([approval("bob", "risk-1"), approval("cem", "risk-1")], { required });
  expect(sameKey).toMatchObject({ isMet: false, rejected: [{ because: "the key risk-1 was used already" }] });
  expect(judged([approval("bob", "risk-1"), approval("cem", "risk-2")], { required }).isMet).toBe(true);
});

it("wants one person more in an emergency, of whatever role", () => {
  const required = { approvals: [{ role: "risk", count: 1 }], approvers: 2 } as const;
  expect(judged([approval("bob", "risk-1")], { required })).toMatchObject({
    isMet: false,
    missing: [],
    missingApprovers: 1,
  });
  expect(judged([approval("bob", "risk-1"), approval("cem", "release-1")], { required }).isMet).toBe(true);
});
