import { expect, it } from "vitest";

import { applyPlan } from "../../src/activation/activate.ts";
import { readJournal } from "../../src/activation/journal.ts";
import { planDigest } from "../../src/activation/ready.ts";
import { APPROVAL_API_VERSION, type Approval } from "../../src/domain/approval.ts";
import type { Generation, Plan } from "../../src/domain/plan.ts";
import type { Role, TrustPolicy } from "../../src/domain/trust.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { APPROVAL } from "../../src/signing/approval.ts";
import { CHECKPOINT } from "../../src/signing/checkpoint.ts";
import { generateKey, localSigner, type Signer } from "../../src/signing/keys.ts";
import { signDocument } from "../../src/signing/signed-document.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { activation, applyAll, digestOf, oneOf, planFrom, temporaryFolder, trust } from "../support/root.ts";

interface Person {
  readonly name: string;
  readonly signer: Signer;
  readonly publicKey: string;
}

function person(name: string): Person {
  const { privatePem, publicPem } = generateKey();
  return { name, signer: localSigner(privatePem), publicKey: publicPem };
}

const [amal, badr, carl, mallory] = [person("amal"), person("badr"), person("carl"), person("mallory")];

/** Trusts the builder of the tests, amal and carl for risk, and badr for releases. */
const policy: TrustPolicy = {
  ...trust,
  keys: [
    ...trust.keys,
    ...(
      [
        [amal, "risk"],
        [carl, "risk"],
        [badr, "release"],
      ] satisfies [Person, Role][]
    ).map(([{ name, publicKey }, role]) => ({ name, role, publicKey })),
  ],
};

/** A root in which such a policy is in force, and a plan whose change is to be approved. */
async function material(
  told: Partial<Plan["policy"]> = { approvals: [{ role: "risk", count: 1 }] },
  nextPolicy: TrustPolicy = policy,
): Promise<{ root: string; plan: Plan }> {
  const root = await temporaryFolder();
  const release = async (version: string, trusted: TrustPolicy): Promise<Generation> => ({
    ...(await oneOf(root, { name: "risk", version })),
    trust: trusted,
  });
  const base = await release("1.0.0", policy);
  await applyAll(root, base);
  const plan = planFrom(digestOf(base), await release("2.0.0", nextPolicy), { author: "dina" });
  return { root, plan: { ...plan, policy: { ...plan.policy, ...told } } };
}

const signed = (plan: Plan, { name, signer }: Person, told: Partial<Approval> = {}): Promise<string> =>
  signDocument(
    APPROVAL,
    {
      apiVersion: APPROVAL_API_VERSION,
      plan: planDigest(plan),
      approver: name,
      role: policy.keys.find((key) => key.name === name)?.role ?? "risk",
      at: "2026-03-15T11:00:00.000Z",
      ...told,
    },
    signer,
  );

const applied = (root: string, plan: Plan, approvals: readonly string[]) =>
  applyPlan(plan, activation(root), { approvals });

it("applies a plan that was approved as it asks, and keeps the proof in the journal", async () => {
  const { root, plan } = await material({
    approvals: [
      { role: "risk", count: 1 },
      { role: "release", count: 1 },
    ],
  });
  const envelopes = [await signed(plan, amal), await signed(plan, badr)];
  expect(await applied(root, plan, envelopes)).toMatchObject({ changed: true });
  const [begun] = (await readJournal(nodeFiles, rootPaths(root).journal)).slice(2);
  expect(begun).toMatchObject({
    event: "started",
    plan: planDigest(plan),
    author: "dina",
    approvals: [
      { key: "amal", role: "risk", approver: "amal", envelope: envelopes[0] },
      { key: "badr", role: "release", approver: "badr", envelope: envelopes[1] },
    ],
    changes: [
      { plugin: "@acme/risk", from: "1.0.0", to: "2.0.0", inputs: expect.stringMatching(/^sha256:/) },
    ],
  });
});

it.for<{
  because: string;
  says: string;
  by: (plan: Plan) => Promise<string>[];
  needs?: Partial<Plan["policy"]>;
}>([
  { because: "nobody approved", says: "needs 1 more risk approval", by: () => [] },
  {
    because: "its author approved",
    says: "dina made the plan and cannot approve it",
    by: (plan) => [signed(plan, amal, { approver: "dina" })],
  },
  {
    because: "another role approved",
    says: "needs 1 more risk approval",
    by: (plan) => [signed(plan, badr)],
  },
  {
    because: "a key signs in a role it does not have",
    says: "badr may not approve as risk",
    by: (plan) => [signed(plan, badr, { role: "risk" })],
  },
  {
    because: "a stranger approved",
    says: "an approval is not signed by a key of the trust policy",
    by: (plan) => [signed(plan, mallory)],
  },
  {
    because: "another plan was approved",
    says: "the approval of amal is for another plan",
    by: (plan) => [signed({ ...plan, author: "erik" }, amal)],
  },
  {
    because: "one key approved twice where two people must",
    says: "needs 1 more risk approval",
    needs: { approvals: [{ role: "risk", count: 2 }] },
    by: (plan) => [signed(plan, amal), signed(plan, amal, { at: "2026-03-15T11:30:00.000Z" })],
  },
  {
    because: "one key approved under two names where two people must",
    says: "needs 1 more risk approval",
    needs: { approvals: [{ role: "risk", count: 2 }] },
    by: (plan) => [signed(plan, amal), signed(plan, amal, { approver: "zoe" })],
  },
  {
    because: "one person approved with two keys",
    says: "needs 1 more approver",
    needs: { approvers: 2 },
    by: (plan) => [signed(plan, amal), signed(plan, badr, { approver: "amal" })],
  },
  {
    because: "it is an emergency that only one person saw",
    says: "needs 1 more approver",
    needs: { emergency: "the venue moved its gateway", approvers: 2 },
    by: (plan) => [signed(plan, amal)],
  },
  {
    because: "what was signed is no approval",
    says: "an approval cannot be read: it is around a payload of type",
    by: () => [
      signDocument(
        CHECKPOINT,
        {
          apiVersion: "tradsys/checkpoint/v1",
          seq: 1,
          digest: digestOf(fake),
          at: "2026-03-15T11:00:00.000Z",
        },
        amal.signer,
      ),
    ],
  },
])("refuses a plan when $because", async ({ by, says, needs }) => {
  const { root, plan } = await material(needs);
  await expect(applied(root, plan, await Promise.all(by(plan)))).rejects.toMatchObject({
    code: "NOT_APPROVED",
    message: expect.stringContaining(says),
  });
  expect(await readJournal(nodeFiles, rootPaths(root).journal)).toHaveLength(2);
});

it("lets no plan bring its own approvers: the policy in force decides", async () => {
  const own: TrustPolicy = {
    ...policy,
    keys: [...policy.keys, { name: "mallory", role: "risk", publicKey: mallory.publicKey }],
  };
  const { root, plan } = await material(undefined, own);
  await expect(applied(root, plan, [await signed(plan, mallory)])).rejects.toThrow(
    "needs 1 more risk approval",
  );
  // Who brings it in needs somebody of the old policy.
  expect(await applied(root, plan, [await signed(plan, carl)])).toMatchObject({ changed: true });
});

it("does not count a key that the plan revokes, nor one whose time is over", async () => {
  const revoking = { ...policy, revoked: { keys: [{ name: "amal", reason: "left" }], digests: [] } };
  const { root, plan } = await material(undefined, revoking);
  await expect(applied(root, plan, [await signed(plan, amal)])).rejects.toThrow(
    "the approval of amal does not count: it is revoked: left",
  );
  const bounded = {
    ...policy,
    keys: policy.keys.map((key) => (key.name === "carl" ? { ...key, notAfter: "2026-03-14" } : key)),
  };
  const late = await material(undefined, bounded);
  await expect(applied(late.root, late.plan, [await signed(late.plan, carl)])).rejects.toThrow(
    "the approval of carl does not count: it was valid until 2026-03-14",
  );
});

it("asks for no approval where the plan does not", async () => {
  const { root, plan } = await material({});
  expect(await applied(root, plan, [])).toMatchObject({ changed: true });
});

it("writes an emergency with its reason into the journal, and disregards the window", async () => {
  const closed = { notBefore: "2026-03-20T00:00:00.000Z", startBy: null, doneBy: null };
  const { root, plan } = await material({
    emergency: "the venue moved its gateway",
    approvers: 2,
    window: closed,
  });
  await applied(root, plan, [await signed(plan, amal), await signed(plan, badr)]);
  expect((await readJournal(nodeFiles, rootPaths(root).journal))[2]).toMatchObject({
    emergency: "the venue moved its gateway",
    approvals: [{ approver: "amal" }, { approver: "badr" }],
  });
});

const fake: Generation = {
  apiVersion: "tradsys/generation/v1",
  deployment: "",
  host: { api: "", node: "", platform: "" },
  trust,
  plugins: [],
  facets: [],
};
