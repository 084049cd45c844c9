import { expect, it } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { actionsIn } from "../../src/activation/history.ts";
import { readJournal } from "../../src/activation/journal.ts";
import { policiesInForce } from "../../src/activation/judgement.ts";
import { planDigest } from "../../src/activation/ready.ts";
import { APPROVAL_API_VERSION } from "../../src/domain/approval.ts";
import { DEPLOYMENT_API_VERSION } from "../../src/domain/deployment.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import type { FacetRequirement } from "../../src/domain/manifest.ts";
import type { Generation, Plan, Step } from "../../src/domain/plan.ts";
import type { DeploymentPolicy } from "../../src/domain/policy.ts";
import type { TrustPolicy } from "../../src/domain/trust.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { toLock } from "../../src/resolver/lock.ts";
import { resolve } from "../../src/resolver/resolve.ts";
import { APPROVAL } from "../../src/signing/approval.ts";
import { generateKey, localSigner } from "../../src/signing/keys.ts";
import { signDocument } from "../../src/signing/signed-document.ts";
import { readCurrent, rootPaths } from "../../src/store/generations.ts";
import { listCandidates } from "../../src/store/read.ts";
import { digestOf, pluginName, publishSample, temporaryFolder, trust } from "../support/root.ts";

const [officer, mallory] = [generateKey(), generateKey()];
const TRUST: TrustPolicy = {
  ...trust,
  keys: [...trust.keys, { name: "officer", role: "risk", publicKey: officer.publicPem }],
};

/** Abu Dhabi trades from 10:00 to 15:00; nothing changes from half an hour before to a quarter after. */
const POLICY: DeploymentPolicy = {
  sessions: { beforeOpenMs: 30 * 60_000, afterCloseMs: 15 * 60_000 },
  drain: { [pluginName("core")]: { orders: "cancel", maxWaitMs: 5000, onTimeout: "abort" } },
  canary: { instruments: 1, orders: 20, orderValue: "1000 USDT", venues: ["ADX"], forMs: 600_000 },
  material: { approvals: [{ role: "risk", count: 1 }] },
  largestGroup: 1,
};

const EVENING = "2026-04-14T20:00:00+04:00";
const TRADING = "2026-04-14T11:00:00+04:00";

const port = (name: string, range: string): FacetRequirement => ({
  port: name,
  range,
  when: "start",
  optional: false,
  cardinality: "one",
});

/** A feed, a risk core on it that follows a calendar and keeps state, and a venue that trades when both are there. */
async function publishDesk(root: string, version: "1.0.0" | "2.0.0"): Promise<void> {
  await publishSample(root, { name: "feed", version, facets: { main: { quotes: version } } });
  await publishSample(root, {
    name: "core",
    version,
    manifest: {
      facets: { main: { provides: { risk: "1.0.0" }, requires: [port("quotes", `>=${version}`)] } },
      calendar: pluginName("calendar"),
      capabilities: { calendar: "ADX" },
      state: { schemaVersion: 1, canRestoreFrom: `<=${version}` },
    },
  });
  if (version === "2.0.0") return;
  await publishSample(root, {
    name: "venue",
    manifest: { facets: { main: { provides: {}, requires: [port("risk", "^1")] } } },
  });
  await publishSample(root, {
    name: "calendar",
    manifest: {
      kind: "calendar",
      capabilities: {
        calendars: {
          ADX: {
            zone: "Asia/Dubai",
            sessions: [{ days: ["mon", "tue", "wed", "thu", "fri"], open: "10:00", close: "15:00" }],
          },
        },
      },
    },
  });
}

const HOST = { api: "3.1.0", node: "24.15.0", platform: "linux-x64" };

interface Wish extends Partial<Pick<PlanInput, "trust">> {
  readonly policy?: DeploymentPolicy | undefined;
  readonly range?: string;
  readonly at?: string;
  readonly request?: Partial<PlanInput["request"]>;
}

/** What the command line would plan for a root. */
async function planIn(root: string, wish: Wish = {}) {
  const { policy, range = "*", at = EVENING, request } = wish;
  const candidates = await listCandidates(nodeFiles, rootPaths(root).store);
  const plugins = ["calendar", "core", "feed", "venue"].map((name) => ({
    name: pluginName(name),
    range: name === "core" || name === "feed" ? range : "*",
    config: {},
    instances: {},
  }));
  const deployment = {
    apiVersion: DEPLOYMENT_API_VERSION,
    name: "desk",
    description: "",
    trust: "",
    plugins,
  } as const;
  const set = resolve({
    requirements: plugins,
    candidates,
    host: HOST,
    prefer: new Map(),
    stepBudget: 100_000,
  });
  if (set.kind !== "resolved") throw new Error(set.kind);
  const byContent = new Map(candidates.map((each) => [each.content, each]));
  const current = await readCurrent(nodeFiles, root);
  const actions = actionsIn(await readJournal(nodeFiles, rootPaths(root).journal));
  return planDeployment({
    lock: toLock(deployment, HOST, set),
    manifests: new Map(set.plugins.map(({ candidate }) => [candidate.manifest.name, candidate])),
    given: new Map(
      set.plugins.map(({ candidate: { manifest } }) => [manifest.name, { config: manifest.config.defaults }]),
    ),
    trust: wish.trust ?? TRUST,
    base: current && {
      ...current,
      manifests: new Map(
        current.generation.plugins.flatMap(({ name, content }) => {
          const found = byContent.get(content);
          return found ? [[name, found] as const] : [];
        }),
      ),
    },
    inForce: await policiesInForce({ files: nodeFiles, root }, actions),
    ...(policy && { policy }),
    request: { author: "dina", at: new Date(at), acceptsOneWay: true, ...request },
  });
}

async function planOf(root: string, wish: Wish = {}): Promise<Plan> {
  const planned = await planIn(root, wish);
  if (!planned.ok) throw new Error(JSON.stringify(planned.error));
  return planned.value;
}

const approve = (plan: Plan, { privatePem } = officer, approver = "olga"): Promise<string> =>
  signDocument(
    APPROVAL,
    {
      apiVersion: APPROVAL_API_VERSION,
      plan: planDigest(plan),
      approver,
      role: "risk",
      at: new Date(EVENING).toISOString(),
    },
    localSigner(privatePem),
  );

interface Applying {
  readonly approvals?: readonly string[];
  readonly at?: string | undefined;
}

const apply = (root: string, plan: Plan, { approvals = [], at = EVENING }: Applying = {}) =>
  applyPlan(
    plan,
    { files: nodeFiles, root, now: () => new Date(at), actor: "ops", packs: false },
    { approvals },
  );

/** A desk that runs under {@link POLICY}, with an upgrade of feed and core in the store. */
async function desk(first: DeploymentPolicy | undefined = POLICY): Promise<string> {
  const root = await temporaryFolder();
  await publishDesk(root, "1.0.0");
  const plan = await planOf(root, { policy: first });
  await apply(root, plan, { approvals: [await approve(plan)] });
  await publishDesk(root, "2.0.0");
  return root;
}

/** A plan with another generation, named as it should be. */
const running = (plan: Plan, edit: (generation: Generation) => Generation): Plan => {
  const generation = edit(plan.generation);
  return { ...plan, generation, next: digestOf(generation) };
};

const withSteps = (plan: Plan, edit: (step: Step) => Step): Plan => ({
  ...plan,
  waves: plan.waves.map((wave) => ({
    ...wave,
    groups: wave.groups.map((group) => ({ ...group, steps: group.steps.map(edit) })),
  })),
});

const withPolicy = (plan: Plan, policy: Partial<Plan["policy"]>): Plan => ({
  ...plan,
  policy: { ...plan.policy, ...policy },
});

const OF_CORE = (step: Step): boolean => step.plugin === pluginName("core");

interface Edit {
  /** Path of the field; a list is one field with what is in it. */
  readonly field: string;
  readonly what: string;
  readonly edit: (plan: Plan) => Plan;
  /** Why it is refused; absent where nothing follows from the edit. */
  readonly code?: string;
  /** When it is applied, if not in the evening. */
  readonly at?: string;
}

/** Every field of a plan, edited by hand to somebody's advantage, each digest put right. */
const EDITS: readonly Edit[] = [
  { field: "apiVersion", what: "nothing: its door knows one", edit: (plan) => plan },
  { field: "base", what: "nothing", edit: (plan) => ({ ...plan, base: null }), code: "PLAN_STALE" },
  {
    field: "base",
    what: "a generation without a policy",
    edit: (plan) => ({
      ...plan,
      base: digestOf({ ...plan.generation, policy: {} }),
    }),
    code: "PLAN_STALE",
  },
  {
    field: "next",
    what: "another digest",
    edit: (plan) => ({ ...plan, next: digestOf({ ...plan.generation, deployment: "" }) }),
    code: "PLAN_INVALID",
  },
  // Whoever may approve vouches for it: an approval is for every word of the plan.
  { field: "author", what: "somebody else", edit: (plan) => ({ ...plan, author: "erik" }) },
  { field: "changes", what: "none told", edit: (plan) => ({ ...plan, changes: [] }), code: "PLAN_INVALID" },
  {
    field: "changes",
    what: "an upgrade told as no change",
    edit: (plan) => ({
      ...plan,
      changes: plan.changes.map(({ plugin }) => ({ action: "unchanged" as const, plugin, to: "1.0.0" })),
    }),
    code: "PLAN_INVALID",
  },
  {
    field: "waves",
    what: "the other way round",
    edit: (plan) => ({ ...plan, waves: plan.waves.toReversed() }),
    code: "PLAN_INVALID",
  },
  { field: "waves", what: "none", edit: (plan) => ({ ...plan, waves: [] }), code: "PLAN_INVALID" },
  {
    field: "waves.groups",
    what: "all at once",
    edit: (plan) => ({
      ...plan,
      waves: plan.waves.slice(0, 1).map((wave) => ({
        ...wave,
        groups: [{ steps: plan.waves.flatMap(({ groups }) => groups.flatMap(({ steps }) => steps)) }],
      })),
    }),
    code: "UPGRADE_BLOCKED",
  },
  {
    field: "waves.held",
    what: "a facet held for nothing, which is no harm",
    edit: (plan) => ({
      ...plan,
      waves: plan.waves.map((wave) => ({ ...wave, held: [plan.generation.facets[0]?.id ?? expect.fail()] })),
    }),
  },
  {
    field: "waves.memoryMiB",
    what: "nothing, which is only told",
    edit: (plan) => ({ ...plan, waves: plan.waves.map((wave) => ({ ...wave, memoryMiB: 0 })) }),
  },
  {
    field: "waves.estimateMs",
    what: "no time at all, in the session",
    edit: (plan) => ({ ...plan, waves: plan.waves.map((wave) => ({ ...wave, estimateMs: 0 })) }),
    code: "WINDOW_CLOSED",
    at: TRADING,
  },
  {
    field: "step.action",
    what: "a rebind instead",
    edit: (plan) => withSteps(plan, (step) => ({ ...step, action: "rebind" })),
    code: "PLAN_INVALID",
  },
  {
    field: "step.plugin",
    what: "another plugin",
    edit: (plan) => withSteps(plan, (step) => ({ ...step, plugin: pluginName("venue") })),
    code: "PLAN_INVALID",
  },
  ...(["from", "to"] as const).map((side) => ({
    field: `step.${side}`,
    what: "another version",
    edit: (plan: Plan) =>
      withSteps(plan, (step) => ({
        ...step,
        [side]: { content: step[side]?.content, version: "9.9.9" },
      })),
    code: "PLAN_INVALID",
  })),
  ...(["start", "stop"] as const).map((side) => ({
    field: `step.${side}`,
    what: "no facet",
    edit: (plan: Plan) => withSteps(plan, (step) => ({ ...step, [side]: [] })),
    code: "PLAN_INVALID",
  })),
  {
    field: "step.drain",
    what: "orders kept that the policy cancels",
    edit: (plan) =>
      withSteps(plan, (step) =>
        step.drain ? { ...step, drain: { orders: "keep", maxWaitMs: 0, onTimeout: "stop" } } : step,
      ),
    code: "PLAN_INVALID",
  },
  {
    field: "step.oneWay",
    what: "a step that could be undone",
    edit: (plan) => withSteps(plan, ({ oneWay: _oneWay, ...step }) => step),
    code: "PLAN_INVALID",
  },
  { field: "relaxed", what: "a note that nothing follows from", edit: (plan) => ({ ...plan, relaxed: [] }) },
  {
    field: "adapters",
    what: "a bundle that nobody signed",
    edit: (plan) => ({
      ...plan,
      adapters: [{ ...(plan.generation.plugins[0] ?? expect.fail()), blob: plan.next, envelopes: [] }],
    }),
    code: "BLOB_MISSING",
  },
  {
    field: "adapters",
    what: "a signed bundle that no step starts",
    edit: (plan) => ({ ...plan, adapters: plan.generation.plugins.slice(0, 1) }),
    code: "PLAN_INVALID",
  },
  {
    field: "start",
    what: "the other way round",
    edit: (plan) => ({ ...plan, start: { ...plan.start, waves: plan.start.waves.toReversed() } }),
    code: "PLAN_INVALID",
  },
  {
    field: "policy.window",
    what: "any time, in the session",
    edit: (plan) => withPolicy(plan, { window: { notBefore: null, startBy: null, doneBy: null } }),
    code: "WINDOW_CLOSED",
    at: TRADING,
  },
  {
    field: "policy.emergency",
    what: "an emergency of one person",
    edit: (plan) => withPolicy(plan, { emergency: "it is late" }),
    code: "PLAN_INVALID",
    at: TRADING,
  },
  {
    field: "policy.emergency",
    what: "an emergency that two must agree to",
    edit: (plan) => withPolicy(plan, { emergency: "it is late", approvers: 2 }),
    code: "NOT_APPROVED",
    at: TRADING,
  },
  {
    field: "policy.material",
    what: "nothing",
    edit: (plan) => withPolicy(plan, { material: [] }),
    code: "PLAN_INVALID",
  },
  {
    field: "policy.accepted",
    what: "evidence that nobody asks for",
    edit: (plan) =>
      withPolicy(plan, { accepted: [{ plugin: pluginName("core"), type: "shadow", reason: "why not" }] }),
  },
  {
    field: "policy.approvals",
    what: "none",
    edit: (plan) => withPolicy(plan, { approvals: [] }),
    code: "PLAN_INVALID",
  },
  {
    field: "policy.approvers",
    what: "nobody",
    edit: (plan) => withPolicy(plan, { approvers: 0 }),
    code: "PLAN_INVALID",
  },
  {
    field: "policy.canary",
    what: "no limits",
    edit: ({ policy: { canary: _canary, ...policy }, ...plan }) => ({ ...plan, policy }),
    code: "PLAN_INVALID",
  },
  {
    field: "policy.canary",
    what: "higher limits",
    edit: (plan) => withPolicy(plan, { canary: { ...POLICY.canary, orders: 21, forMs: 600_000 } }),
    code: "PLAN_INVALID",
  },
  {
    field: "generation.apiVersion",
    what: "nothing: its door knows one",
    edit: (plan) => plan,
  },
  {
    field: "generation.deployment",
    what: "another name, by which nothing is decided",
    edit: (plan) => running(plan, (generation) => ({ ...generation, deployment: "other" })),
  },
  {
    field: "generation.host",
    what: "another host, by which nothing is decided any more",
    edit: (plan) => running(plan, (generation) => ({ ...generation, host: { ...HOST, api: "3.9.0" } })),
  },
  {
    field: "generation.trust",
    what: "a stranger's key",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        trust: { ...TRUST, keys: [...TRUST.keys, { name: "m", role: "risk", publicKey: mallory.publicPem }] },
      })),
    code: "PLAN_INVALID",
  },
  {
    field: "generation.policy",
    what: "no policy",
    edit: (plan) =>
      withSteps(
        running(plan, ({ policy: _policy, ...generation }) => generation),
        (step) =>
          OF_CORE(step) ? { ...step, drain: { orders: "keep", maxWaitMs: 1000, onTimeout: "abort" } } : step,
      ),
    code: "PLAN_INVALID",
  },
  {
    field: "generation.plugins",
    what: "another configuration",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        plugins: generation.plugins.map((plugin) => ({ ...plugin, config: { maxLong: 9 } })),
      })),
    code: "PLAN_INVALID",
  },
  {
    field: "generation.plugins",
    what: "a bundle that the store does not hold",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        plugins: generation.plugins.map((plugin) => ({ ...plugin, blob: plan.next })),
      })),
    code: "BLOB_MISSING",
  },
  {
    field: "generation.plugins",
    what: "a bundle without its signature",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        plugins: generation.plugins.map((plugin) => ({ ...plugin, envelopes: [] })),
      })),
    code: "NOT_SIGNED",
  },
  {
    field: "generation.facets",
    what: "a venue without its risk",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        facets: generation.facets.map((facet) => ({ ...facet, ports: {} })),
      })),
    code: "PLAN_INVALID",
  },
  {
    field: "generation.facets",
    what: "a venue that does not wait for its risk",
    edit: (plan) =>
      running(plan, (generation) => ({
        ...generation,
        facets: generation.facets.map((facet) => ({ ...facet, after: [] })),
      })),
    code: "PLAN_INVALID",
  },
];

it("threat: a plan edited by hand is refused, or nothing follows from it", async () => {
  const root = await desk();
  const plan = await planOf(root, { policy: POLICY });
  const active = await readCurrent(nodeFiles, root);
  const outcomes = await Array.fromAsync(EDITS, async ({ field, what, edit, at }) => {
    const edited = edit(plan);
    const isEdited = planDigest(edited) !== planDigest(plan);
    // An approval of the plan as it was counts for no other, and that of a stranger for none.
    const others = [await approve(edited, mallory, "mallory"), ...(isEdited ? [await approve(plan)] : [])];
    const ended = [
      await endOf(apply(root, edited, { at })),
      await endOf(apply(root, edited, { approvals: others, at })),
    ];
    return { field, what, ended };
  });
  // What nothing follows from is asked for no less than before.
  const expected = EDITS.map(({ field, what, code = "NOT_APPROVED" }) => ({
    field,
    what,
    ended: [code, code],
  }));
  expect(outcomes).toEqual(expected);
  expect(await readCurrent(nodeFiles, root)).toEqual(active);
  expect(await apply(root, plan, { approvals: [await approve(plan)] })).toMatchObject({ to: plan.next });
});

/** The code that an application was refused with. */
const endOf = (applied: Promise<unknown>): Promise<string> =>
  applied.then(
    () => "applied",
    (error: unknown) => (error instanceof TradsysError ? error.code : String(error)),
  );

const named = (prefix: string, ...values: readonly object[]): string[] =>
  values.flatMap((value) => Object.keys(value).map((name) => `${prefix}${name}`));

it("knows every field of a plan", async () => {
  const root = await desk();
  const { policy, waves, generation, ...plan } = await planOf(root, {
    policy: POLICY,
    request: { emergency: "now", accepted: [{ plugin: pluginName("core"), type: "shadow", reason: "why" }] },
  });
  const steps = waves.flatMap(({ groups }) => groups.flatMap((group) => group.steps));
  const fields = new Set([
    ...named("", plan),
    ...named("policy.", policy),
    ...named("waves.", ...waves),
    ...named("step.", ...steps),
    ...named("generation.", generation),
  ]);
  expect([...fields].filter((field) => !EDITS.some((edit) => edit.field === field))).toEqual([]);
});

const LAX: DeploymentPolicy = { canary: { forMs: 1 } };

it("threat: whoever lowers what changes need does so under what they need", async () => {
  const root = await desk();
  const lower = await planOf(root, { policy: LAX, range: "1.0.0" });
  expect(lower.policy).toMatchObject({
    rules: ["policy"],
    approvals: [{ role: "risk", count: 1 }],
    approvers: 1,
  });
  await expect(apply(root, lower)).rejects.toMatchObject({ code: "NOT_APPROVED" });
  await apply(root, lower, { approvals: [await approve(lower)] });
  const next = await planOf(root, { policy: LAX });
  expect(next.policy).toMatchObject({ approvals: [], approvers: 0 });
  expect(await apply(root, next)).toMatchObject({ changed: true });
});

it("threat: going back to a time without rules is no way around them", async () => {
  const root = await desk(LAX);
  const raised = await planOf(root, { policy: POLICY, range: "1.0.0" });
  await apply(root, raised, { approvals: [await approve(raised)] });
  const place = { files: nodeFiles, root, now: () => new Date(EVENING), actor: "ops", packs: false };
  await rollBack(undefined, place);
  const sly = await planOf(root, { policy: LAX });
  expect(sly.policy).toMatchObject({ approvals: [{ role: "risk", count: 1 }] });
  await expect(apply(root, withPolicy(sly, { approvals: [], approvers: 0 }))).rejects.toMatchObject({
    code: "PLAN_INVALID",
  });
  await expect(apply(root, sly)).rejects.toMatchObject({ code: "NOT_APPROVED" });
});

it("threat: what is required of evidence holds for whoever drops it from the plan", async () => {
  const strict: DeploymentPolicy = { ...POLICY, material: { ...POLICY.material, evidence: ["shadow"] } };
  const root = await desk();
  const accepted = ["core", "feed"].map((name) => ({
    plugin: pluginName(name),
    type: "shadow" as const,
    reason: "rounding of the collar was agreed on",
  }));
  expect(await planIn(root, { policy: strict })).toMatchObject({ error: { kind: "evidence" } });
  const plan = await planOf(root, { policy: strict, request: { accepted } });
  const { accepted: _, ...policy } = plan.policy;
  const dropped = { ...plan, policy };
  await expect(apply(root, dropped, { approvals: [await approve(dropped)] })).rejects.toMatchObject({
    code: "EVIDENCE_MISSING",
  });
  await apply(root, plan, { approvals: [await approve(plan)] });
  const begun = actionsIn(await readJournal(nodeFiles, rootPaths(root).journal)).at(-1)?.begun;
  expect(begun).toMatchObject({ accepted, approvals: [{ approver: "olga" }] });
});

it("goes on only with the plan that was begun here", async () => {
  const root = await desk();
  const plan = await planOf(root, { policy: POLICY });
  const place = { files: nodeFiles, root, now: () => new Date(EVENING), actor: "ops", packs: false };
  await applyPlan(plan, place, { approvals: [await approve(plan)], until: 1 });
  const other = { ...plan, author: "erik" };
  await expect(apply(root, other, { approvals: [await approve(other)] })).rejects.toMatchObject({
    code: "PLAN_STALE",
  });
  expect(await apply(root, plan, { approvals: [await approve(plan)] })).toMatchObject({ to: plan.next });
});

it("holds a plan that is under way to the hours of the markets, whatever it says itself", async () => {
  const root = await desk();
  const plan = withPolicy(await planOf(root, { policy: POLICY }), {
    window: { notBefore: null, startBy: null, doneBy: null },
  });
  let now = new Date(EVENING);
  const place = {
    files: nodeFiles,
    root,
    now: () => now,
    actor: "ops",
    packs: false,
    async gate() {
      now = new Date("2026-04-15T09:45:00+04:00");
    },
  };
  await expect(applyPlan(plan, place, { approvals: [await approve(plan)] })).rejects.toMatchObject({
    code: "WINDOW_CLOSED",
    message: expect.stringContaining("it stopped after wave 1 of 2"),
  });
});

it("tightens what the policy asks for where the plan says so", async () => {
  const root = await desk();
  const plan = withPolicy(await planOf(root, { policy: POLICY }), { approvers: 2 });
  await expect(apply(root, plan, { approvals: [await approve(plan)] })).rejects.toThrow(
    "needs 1 more approver",
  );
});
