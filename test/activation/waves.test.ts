import { expect, it } from "vitest";

import { applyPlan, rehearsePlan, rollBack, type Activation } from "../../src/activation/activate.ts";
import { readJournal } from "../../src/activation/journal.ts";
import { openPlan, rootStatus } from "../../src/activation/status.ts";
import type { Reached } from "../../src/activation/walk.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { contentsOf } from "../support/command.ts";
import { activation, digestOf, generationOf, planFrom, trust } from "../support/root.ts";
import { oneByOne } from "../support/switch.ts";
import { upgradeOf } from "./upgrade.ts";

const { base, plan, states, newRoot } = await upgradeOf(4);

const status = (root: string) => rootStatus(nodeFiles, root);
const active = async (root: string): Promise<Digest | undefined> => (await status(root)).active?.digest;

const events = async (root: string): Promise<string[]> =>
  (await readJournal(nodeFiles, rootPaths(root).journal)).slice(2).map(({ event }) => event);

/** Judges every state by a function, and tells the states that it saw. */
function judging(root: string, judge: (reached: Reached) => void = () => undefined) {
  const seen: [wave: number, current: Digest | undefined][] = [];
  const gated: Activation = {
    ...activation(root),
    async gate(reached) {
      seen.push([reached.wave, await active(root)]);
      judge(reached);
    },
  };
  return { gated, seen };
}

const failingAt = (wave: number) => (reached: Reached) => {
  if (reached.wave === wave) throw new TradsysError("START_FAILED", "1 of 4 facets did not start");
};

it("goes through every state, and lets the gate judge each while it is active", async () => {
  const root = await newRoot();
  const { gated, seen } = judging(root);
  expect(await applyPlan(plan, gated)).toMatchObject({ from: states[0], to: states[4], changed: true });
  expect(seen).toEqual([1, 2, 3, 4].map((wave) => [wave, states[wave]]));
  expect(await events(root)).toEqual(["started", "switched", "switched", "switched", "finished"]);
});

it("can start from every state it stops in: each is whole, verified, and what the waves say", async () => {
  const root = await newRoot();
  for (const until of [1, 2, 3, 4]) {
    await applyPlan(plan, activation(root), { until });
    const { digest, plugins } = await preload({ root });
    expect(digest).toBe(states[until]);
    expect(plugins.map(({ version }) => version[0]).join("")).toBe("2".repeat(until).padEnd(4, "1"));
  }
});

it("takes everything back in reverse when the gate refuses a state", async () => {
  for (const wave of [1, 3, 4]) {
    const root = await newRoot();
    const moves: string[] = [];
    const { gated } = judging(root, failingAt(wave));
    const files = {
      ...nodeFiles,
      switchLink: (path: string, target: string) => {
        moves.push(target.slice("generations/".length));
        return nodeFiles.switchLink(path, target);
      },
    };
    await expect(applyPlan(plan, { ...gated, files })).rejects.toMatchObject({
      code: "GATE_FAILED",
      message: `wave ${wave} of 4 did not pass: 1 of 4 facets did not start; everything was taken back, and generation ${states[0]} is active`,
      diagnostics: [{ code: "GATE_FAILED" }, { code: "START_FAILED" }],
    });
    const way = states.slice(0, wave + 1);
    expect(moves.map((hex) => states.indexOf(`sha256:${hex}` as Digest))).toEqual([
      ...way.keys().drop(1),
      ...[...way.keys()].toReversed().slice(1),
    ]);
    expect(await active(root)).toBe(states[0]);
    expect((await events(root)).slice(-2)).toEqual(["failed", "rolled-back"]);
    expect(await status(root)).toMatchObject({ interrupted: false, halfWay: null });
  }
});

it("goes back no further than to a step that cannot be undone, and says so", async () => {
  const root = await newRoot();
  const waves = plan.waves.map((wave, i) =>
    i === 1
      ? {
          ...wave,
          groups: wave.groups.map(({ steps }) => ({
            steps: steps.map((step) => ({ ...step, oneWay: true as const })),
          })),
        }
      : wave,
  );
  const { gated } = judging(root, failingAt(4));
  await expect(applyPlan({ ...plan, waves }, gated)).rejects.toThrow(
    "it was taken back to after wave 2: a step of that wave cannot be undone",
  );
  expect(await active(root)).toBe(states[2]);
  expect(await status(root)).toMatchObject({ halfWay: { wave: 2, of: 4 } });
});

it("takes a first application back to nothing", async () => {
  const first = planFrom(null, base, { waves: oneByOne(null, base) });
  const root = await newRoot();
  await nodeFiles.remove(rootPaths(root).current);
  await nodeFiles.remove(rootPaths(root).journal);
  const { gated } = judging(root, failingAt(2));
  await expect(applyPlan(first, gated)).rejects.toThrow("everything was taken back, and nothing is active");
  expect(await status(root)).toMatchObject({ active: null, halfWay: null, generations: [] });
});

it("stops where it is told to, tells how far it is, and goes on or goes back from there", async () => {
  const root = await newRoot();
  expect(await applyPlan(plan, activation(root), { until: 2 })).toMatchObject({
    to: states[2],
    paused: { wave: 2, of: 4 },
  });
  expect(await status(root)).toMatchObject({ interrupted: false, halfWay: { wave: 2, of: 4 } });
  expect(await openPlan(nodeFiles, root)).toEqual({ file: rootPaths(root).plan(plan.next), approvals: [] });
  const { gated, seen } = judging(root);
  await applyPlan(plan, gated, { until: 3 });
  expect(seen.map(([wave]) => wave)).toEqual([2, 3]);
  await applyPlan(plan, activation(root));
  expect(await active(root)).toBe(plan.next);
  expect(await openPlan(nodeFiles, root)).toBeNull();
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(states[0]);
});

it("goes back to where the plan began from anywhere on its way", async () => {
  const root = await newRoot();
  await applyPlan(plan, activation(root), { until: 3 });
  expect(await rollBack(undefined, activation(root))).toMatchObject({ from: states[3], to: states[0] });
  expect(await status(root)).toMatchObject({ halfWay: null, generations: [states[0]] });
  await applyPlan(plan, activation(root));
  expect(await active(root)).toBe(plan.next);
});

it("refuses to stop where no state is", async () => {
  const root = await newRoot();
  const [first, ...others] = plan.waves;
  if (!first) throw new Error("the plan has no waves");
  const held = { ...plan, waves: [{ ...first, held: [base.facets[0]?.id ?? fail()] }, ...others] };
  const before = await contentsOf(root);
  await expect(applyPlan(held, activation(root), { until: 1 })).rejects.toMatchObject({
    code: "USAGE",
    diagnostics: [{ hint: "There is one after wave 2, 3, 4." }],
  });
  expect(await contentsOf(root)).toEqual(before);
});

it("rehearses all that could be refused, and changes nothing", async () => {
  const root = await newRoot();
  const before = await contentsOf(root);
  const rehearsal = await rehearsePlan(plan, activation(root));
  expect(rehearsal.stages.map(({ digest }) => digest)).toEqual(states.slice(1));
  const unsigned = generationOf(
    plan.generation.plugins.map((plugin) => ({ ...plugin, envelopes: [] })),
    {},
  );
  await expect(rehearsePlan(planFrom(digestOf(base), unsigned), activation(root))).rejects.toMatchObject({
    code: "NOT_SIGNED",
  });
  expect(await contentsOf(root)).toEqual(before);
});

it("does not stop in a state with a bundle that the new trust policy revokes", async () => {
  const root = await newRoot();
  const old = base.plugins[2]?.content ?? fail();
  const policy = { ...trust, revoked: { keys: [], digests: [{ digest: old, reason: "CVE" }] } };
  const next = { ...plan.generation, trust: policy };
  const { gated, seen } = judging(root);
  await applyPlan({ ...planFrom(digestOf(base), next), waves: plan.waves }, gated);
  expect(seen.map(([wave]) => wave)).toEqual([3, 4]);
  await expect(rollBack(undefined, activation(root))).rejects.toMatchObject({
    code: "NOT_TRUSTED",
    message: expect.stringContaining("is revoked: CVE"),
  });
});

const within = (window: Partial<Plan["policy"]["window"]>): Plan => ({
  ...plan,
  policy: { ...plan.policy, window: { ...plan.policy.window, ...window } },
});
const at = (root: string, ...times: readonly string[]): Activation => {
  const left = [...times];
  return { ...activation(root), now: () => new Date((left.length > 1 ? left.shift() : left[0]) ?? fail()) };
};

it("begins neither before its window opens nor after it is too late to be done in time", async () => {
  const root = await newRoot();
  const bounded = within({ notBefore: "2026-03-16T11:00:00.000Z", startBy: "2026-03-16T11:50:00.000Z" });
  const refused = { code: "WINDOW_CLOSED" };
  await expect(applyPlan(bounded, at(root, "2026-03-16T10:50:00Z"))).rejects.toMatchObject(refused);
  await expect(applyPlan(bounded, at(root, "2026-03-16T11:50:01Z"))).rejects.toMatchObject(refused);
  expect(await events(root)).toEqual([]);
  expect(await applyPlan(bounded, at(root, "2026-03-16T11:20:00Z"))).toMatchObject({ changed: true });
});

it("stops on the way when its window closes, and can be taken back from there", async () => {
  const root = await newRoot();
  const bounded = within({ doneBy: "2026-03-16T12:00:00.000Z" });
  let time = new Date("2026-03-16T11:59:00Z");
  const slow: Activation = {
    ...activation(root),
    now: () => time,
    gate: async ({ wave }) => void (wave === 2 && (time = new Date("2026-03-16T12:00:01Z"))),
  };
  await expect(applyPlan(bounded, slow)).rejects.toMatchObject({
    code: "WINDOW_CLOSED",
    message: expect.stringContaining("it stopped after wave 2 of 4"),
  });
  expect(await status(root)).toMatchObject({ active: { digest: states[2] }, halfWay: { wave: 2, of: 4 } });
  await rollBack(undefined, activation(root));
  expect(await active(root)).toBe(states[0]);
});

it("stops at the next state when it is called off", async () => {
  const root = await newRoot();
  const abort = new AbortController();
  const gate: Activation["gate"] = async ({ wave }) => void (wave === 1 && abort.abort());
  await expect(applyPlan(plan, { ...activation(root), gate, signal: abort.signal })).rejects.toMatchObject({
    code: "CALLED_OFF",
  });
  expect(await active(root)).toBe(states[1]);
});

it("switches on no machine while one of them has prepared another set", async () => {
  const root = await newRoot();
  const contents = plan.generation.plugins.map(({ content }) => content);
  const [first = fail(), ...others] = contents;
  const nodes = [node("a", contents), node("b", [...others, states[0] ?? fail()])];
  await expect(applyPlan(plan, { ...activation(root), nodes })).rejects.toMatchObject({
    code: "NODES_DIFFER",
    message: `node b prepared another set: it lacks @acme/p00@2.0.0, has ${states[0]}`,
  });
  expect(first).toBeDefined();
  expect(await events(root)).toEqual([]);
  await applyPlan(plan, { ...activation(root), nodes: nodes.slice(0, 1) });
  expect(await active(root)).toBe(plan.next);
});

it("tries out what did not run here before, and nothing else, before it changes anything", async () => {
  const root = await newRoot();
  await applyPlan(plan, activation(root), { until: 3 });
  const tried: string[] = [];
  const before = await events(root);
  const tryOut: Activation["tryOut"] = async (plugins) => {
    tried.push(...plugins.map(({ name }) => name));
    throw new TradsysError("LOAD_FAILED", "it does not load");
  };
  await expect(applyPlan(plan, { ...activation(root), tryOut })).rejects.toThrow("it does not load");
  expect(tried).toEqual(["@acme/p03"]);
  expect(await events(root)).toEqual(before);
  expect(await active(root)).toBe(states[3]);
});

const node = (name: string, digests: readonly Digest[]) => ({
  name,
  prepare: async () => new Set(digests),
});

function fail(): never {
  throw new Error("the upgrade is too small");
}
