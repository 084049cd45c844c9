import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, expect, it } from "vitest";

import { applyPlan } from "../../src/activation/activate.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import { isDigest } from "../../src/domain/ids.ts";
import type { Lock } from "../../src/domain/lock.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { findPluginCycle } from "../../src/planner/cycle.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { FIRST_DEPLOYMENT as D1, SECOND_DEPLOYMENT as D2 } from "../resolver/trading.ts";
import { command, type Answer } from "../support/clock.ts";
import { edit, emptyFolder, sharedFolder } from "../support/desk.ts";
import { CYCLIC, deploy, ONE_WAY, POLICY, PROVEN_POLICY, publishAll, release } from "./trading-day.ts";

const EVENING = "2026-04-14T20:00:00+04:00";

let template = "";
let active = "";
beforeAll(async () => {
  template = await sharedFolder();
  await publishAll(template);
  active = await sharedFolder();
  await cp(template, active, { recursive: true, verbatimSymlinks: true });
  await deploy(active, D1);
  for (const line of ["resolve desk.yaml", "plan desk.yaml"]) await ok(active, line);
  await ok(active, "approve desk.plan.json --key keys/officer.key", { user: "olga" });
  await ok(active, "apply desk.plan.json");
}, 300_000);

/** A copy of the desk: as it was published, or with the first deployment active. */
async function desk(of: "published" | "active"): Promise<string> {
  const folder = await emptyFolder();
  await cp(of === "active" ? active : template, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

interface When {
  readonly at?: string;
  readonly user?: string;
}

/** Runs a command as dina in the evening, unless told otherwise; quoted words are one argument. */
function run(cwd: string, line: string, { at = EVENING, user = "dina" }: When = {}): Promise<Answer> {
  const [first = "", ...quoted] = line.split('"');
  return command({ cwd, at, user }, first.trim(), ...quoted.filter((text) => text.trim() !== ""));
}

async function ok(cwd: string, line: string, when: When = {}): Promise<Answer> {
  const answer = await run(cwd, line, when);
  if (answer.code !== "ok") throw new Error(`${line}: ${answer.code}: ${answer.told}`);
  return answer;
}

/** The second deployment, resolved. */
async function second(policy: object = POLICY): Promise<string> {
  const folder = await desk("active");
  await deploy(folder, D2, { ...policy });
  await ok(folder, "resolve desk.yaml --upgrade");
  return folder;
}

const short = (text: string): string => text.replaceAll("@tradsys/", "");

const versionsIn = ({ data }: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries((data as Lock).plugins.map(({ name, version }) => [short(name), version]));

const planIn = async (folder: string): Promise<Plan> =>
  JSON.parse(await readFile(join(folder, "desk.plan.json"), "utf8")) as Plan;

const activeIn = async (folder: string): Promise<string> => {
  const { data } = await ok(folder, "status");
  return (data as { active: { digest: string } }).active.digest;
};

it("R1: the first deployment takes the normaliser that all of it accepts, and a lock with digests", async () => {
  const folder = await desk("published");
  await deploy(folder, D1);
  const resolved = await ok(folder, "resolve desk.yaml");
  expect(versionsIn(resolved)).toMatchObject({
    "md-normaliser": "1.9.1",
    "connector-binance": "2.4.0",
    "connector-kraken": "1.6.2",
    "connector-adx": "1.2.0",
    "risk-core": "4.2.0",
    "risk-rules-pretrade": "2.3.0",
    "calendar-mena": "2026.2.0",
  });
  const { plugins } = JSON.parse(await readFile(join(folder, "desk.lock.json"), "utf8")) as Lock;
  expect(plugins.every(({ content, blob }) => isDigest(content) && isDigest(blob))).toBe(true);
});

const CONFLICT = { ...D1, "connector-binance": "^3" };

it("R2: a conflict is told as a proof, with what would solve it", async () => {
  const folder = await desk("published");
  await deploy(folder, CONFLICT);
  const { code, told } = await run(folder, "resolve desk.yaml");
  expect(code).toBe("UNSATISFIABLE");
  expect(short(told)).toBe(
    [
      "No set of versions meets all of this:",
      "  - connector-binance ^3 means 3.0.0, which needs md-normaliser ^2 (2.0.0)",
      "  - connector-kraken ^1.6.2 <1.7 means 1.6.2, which needs md-normaliser ^1.8 (1.9.1)",
      "Only one version of md-normaliser can run.",
      "Also, risk-core ^4 means 4.2.0 and 4.1.0, which need md-normaliser ^1.8 (1.9.1).",
      "Each of these was resolved and holds:",
      "  (a) lower connector-binance to ^2.4.0",
      "  (b) raise connector-kraken to ^1.7.0 and risk-core to ^5.0.0",
    ].join("\n"),
  );
});

it.for([
  { id: "R3", letter: "(a)" },
  { id: "R4", letter: "(b)" },
])("$id: what is suggested as $letter resolves once it is done", async ({ letter }) => {
  const folder = await desk("published");
  await deploy(folder, CONFLICT);
  const { told } = await run(folder, "resolve desk.yaml");
  const suggestion = told.split("\n").find((line) => line.includes(letter)) ?? "";
  const changes = [...suggestion.matchAll(/@tradsys\/(\S+) to (\S+)/g)].map(([, name = "", range = ""]) => [
    name,
    range,
  ]);
  expect(changes.length).toBeGreaterThan(0);
  await deploy(folder, { ...CONFLICT, ...Object.fromEntries(changes) });
  expect((await run(folder, "resolve desk.yaml")).code).toBe("ok");
});

it("R5: two versions of a plugin that is private to its users are planned and applied side by side", async () => {
  const folder = await desk("published");
  await deploy(folder, { "desk-old": "*", "desk-new": "*" }, {});
  await ok(folder, "resolve desk.yaml");
  await ok(folder, "plan desk.yaml");
  await ok(folder, "apply desk.plan.json");
  const { plugins, facets } = (await planIn(folder)).generation;
  expect(plugins.map(({ name, version }) => short(`${name} ${version}`))).toEqual([
    "codec 7.5.3",
    "codec 8.0.0",
    "desk-new 1.0.0",
    "desk-old 1.0.0",
  ]);
  expect(facets.map(({ id, after }) => short(`${id} after ${after.join(" ")}`))).toEqual([
    "codec@7.5.3#main after ",
    "codec@8.0.0#main after ",
    "desk-new#main after codec@8.0.0#main",
    "desk-old#main after codec@7.5.3#main",
  ]);
});

it("P1: venues start before the risk core and take orders after it, although the plugins wait for each other", async () => {
  const folder = await desk("active");
  const { start, generation } = await planIn(folder);
  const waveOf = (id: string): number =>
    start.waves.findIndex((wave) => wave.some((facet) => facet === `@tradsys/${id}`));
  for (const venue of ["connector-binance", "connector-kraken", "connector-adx"]) {
    expect(waveOf(`${venue}#market-data`)).toBeLessThan(waveOf("risk-core#main"));
    expect(waveOf(`${venue}#account`)).toBeLessThan(waveOf("risk-core#main"));
    expect(waveOf(`${venue}#order-entry`)).toBeGreaterThan(waveOf("risk-core#main"));
  }
  expect(waveOf("calendar-mena#main")).toBe(0);
  expect(findPluginCycle(generation.facets)).toContain("@tradsys/risk-core");
  await rm(join(folder, ".tradsys/current"));
  const { told } = await ok(folder, "plan desk.yaml");
  expect(told.replaceAll(/\s+/g, " ")).toContain("a cycle between plugins, none between their facets");
});

it("P2: a true cycle is told with its whole path, and nothing is planned", async () => {
  const folder = await desk("published");
  await release(folder, CYCLIC);
  await deploy(folder, { ...D1, "limit-daily-loss": "1.0.3" });
  await ok(folder, "resolve desk.yaml");
  const { code, told } = await run(folder, "plan desk.yaml");
  expect(code).toBe("CYCLE");
  expect(short(told)).toContain("limit-daily-loss#main -> risk-core#main -> limit-daily-loss#main");
  expect(short(told)).toContain(
    "risk-core#main waits for limit-daily-loss#main: it requires port:risk-limit (when: load)",
  );
});

it("P3: a wave takes as long as its slowest facet, not as all of them", async () => {
  const folder = await desk("active");
  const { start } = await planIn(folder);
  const times = Object.fromEntries(start.waves.flat().map((facet) => [facet, 100]));
  await writeFile(join(folder, "times.json"), JSON.stringify(times));
  await ok(folder, "plan desk.yaml --timings times.json");
  expect((await planIn(folder)).start.criticalPathMs).toBe(100 * start.waves.length);
});

it("P4: before the close of ADX the plan is refused with the next window, and after it there is one", async () => {
  const folder = await second();
  const { code, told } = await run(folder, "plan desk.yaml --at 2026-04-14T14:50+04:00");
  expect(code).toBe("FROZEN");
  expect(told).toContain("ADX trades from 10:00 to 15:00 Asia/Dubai");
  expect(told).toContain("The next window is from 2026-04-14 15:15 Asia/Dubai (2026-04-14T11:15:00.000Z)");
  expect((await run(folder, "plan desk.yaml --at 2026-04-14T15:15+04:00")).code).toBe("ok");
});

it("P4: in Ramadan the window opens an hour earlier, once the calendar that says so runs", async () => {
  const folder = await second();
  const at = "2026-03-10T14:20:00+04:00";
  // The running calendar knows of no Ramadan, and both must agree.
  expect((await run(folder, "plan desk.yaml", { at })).code).toBe("FROZEN");
  await deploy(folder, { ...D1, "calendar-mena": "~2026.3" });
  await ok(folder, "resolve desk.yaml --upgrade");
  await ok(folder, "plan desk.yaml");
  // A calendar is no material change, so that nobody has to approve it.
  await ok(folder, "apply desk.plan.json");
  await deploy(folder, D2);
  await ok(folder, "resolve desk.yaml --upgrade");
  expect((await run(folder, "plan desk.yaml", { at })).code).toBe("ok");
  const early = await run(folder, "plan desk.yaml", { at: "2026-03-10T13:50:00+04:00" });
  expect(early.told).toContain("ADX trades from 10:00 to 14:00 Asia/Dubai (Ramadan)");
});

it("P4: hours are those on the wall of the market, on either side of a change of its clock", async () => {
  const folder = await desk("active");
  await release(folder, {
    "connector-lse 1.0.0": {
      kind: "exchange-connector",
      calendar: "@tradsys/calendar-mena",
      capabilities: { calendar: "LSE" },
      facets: { main: { requires: [{ plugin: "@tradsys/calendar-mena", range: "*" }] } },
    },
  });
  await deploy(folder, { ...D1, "connector-lse": "*" });
  await ok(folder, "resolve desk.yaml");
  // Summer time began in London on 29 March 2026. Nothing that follows ADX changes.
  const verdicts = [
    ["2026-03-27T07:00:00Z", "ok"],
    ["2026-03-30T07:00:00Z", "FROZEN"],
    ["2026-03-27T16:40:00Z", "FROZEN"],
    ["2026-03-27T16:50:00Z", "ok"],
    ["2026-03-30T15:40:00Z", "FROZEN"],
    ["2026-03-30T15:50:00Z", "ok"],
  ] as const;
  for (const [at, expected] of verdicts)
    expect([at, (await run(folder, "plan desk.yaml", { at })).code]).toEqual([at, expected]);
});

it("P4: a plan that was made in time is not begun when the market is open", async () => {
  const folder = await second();
  await ok(folder, "plan desk.yaml");
  await ok(folder, "approve desk.plan.json --key keys/officer.key", { user: "olga" });
  const { code, told } = await run(folder, "apply desk.plan.json", { at: "2026-04-15T11:00:00+04:00" });
  expect(code).toBe("WINDOW_CLOSED");
  expect(told).toContain("2026-04-15 15:15 Asia/Dubai");
});

it("P5: nobody approves what they planned, and nothing material happens without", async () => {
  const folder = await second();
  await ok(folder, "plan desk.yaml");
  expect(await run(folder, "approve desk.plan.json --key keys/officer.key")).toMatchObject({
    code: "APPROVAL_OWN",
    told: expect.stringContaining("dina made the plan and cannot approve it"),
  });
  expect((await run(folder, "apply desk.plan.json")).code).toBe("NOT_APPROVED");
  await ok(folder, "approve desk.plan.json --key keys/officer.key", { user: "olga" });
  expect((await run(folder, "apply desk.plan.json")).code).toBe("ok");
});

it("shadow evidence with one disagreement stops the plan until somebody accepts it with a reason", async () => {
  const folder = await second(PROVEN_POLICY);
  const { code, told } = await run(folder, "plan desk.yaml");
  expect(code).toBe("EVIDENCE_MISSING");
  expect(short(told)).toContain("risk-core 5.0.0: shadow: it failed, and 1 of 212 did");
  const reason = "@tradsys/risk-core:shadow=the collar rounds as the venue does now";
  await ok(folder, `plan desk.yaml --accept "${reason}"`);
  const { policy } = await planIn(folder);
  expect(policy.accepted).toEqual([
    { plugin: "@tradsys/risk-core", type: "shadow", reason: "the collar rounds as the venue does now" },
  ]);
  await ok(folder, "approve desk.plan.json --key keys/officer.key", { user: "olga" });
  await ok(folder, "apply desk.plan.json");
  const { data } = await ok(folder, "history");
  expect(data).toMatchObject([
    {},
    { begun: { accepted: policy.accepted, approvals: [{ approver: "olga" }] } },
  ]);
});

it("the plan carries the canary's limits and how each venue is drained, and enables no orders without risk", async () => {
  const folder = await second({
    ...POLICY,
    drain: { "@tradsys/connector-kraken": { orders: "keep", maxWaitMs: 300_000, onTimeout: "abort" } },
  });
  await ok(folder, "plan desk.yaml");
  const { policy, waves } = await planIn(folder);
  expect(policy).toMatchObject({ canary: POLICY.canary, rules: ["policy"], approvers: 1 });
  const steps = waves.flatMap(({ groups }) => groups.flatMap((group) => group.steps));
  const kraken = steps.find(({ plugin }) => plugin === "@tradsys/connector-kraken");
  expect(kraken?.drain).toEqual({ orders: "keep", maxWaitMs: 300_000, onTimeout: "abort" });
  const waveOf = (plugin: string): number =>
    waves.findIndex(({ groups }) =>
      groups.some((group) => group.steps.some((step) => step.plugin === plugin)),
    );
  expect(waveOf("@tradsys/connector-binance")).toBeGreaterThanOrEqual(waveOf("@tradsys/risk-core"));
});

const place = (folder: string) => ({
  files: nodeFiles,
  root: join(folder, ".tradsys"),
  now: () => new Date(EVENING),
  actor: "dina",
  packs: false,
});

/** The second deployment, planned and approved, with the envelope of the approval. */
async function approved(): Promise<{ folder: string; plan: Plan; approvals: readonly string[] }> {
  const folder = await second();
  await ok(folder, "plan desk.yaml");
  const { data } = await ok(folder, "approve desk.plan.json --key keys/officer.key", { user: "olga" });
  const { file } = data as { file: string };
  return { folder, plan: await planIn(folder), approvals: [await readFile(file, "utf8")] };
}

it("U2: whichever wave does not pass, the first deployment is active again", async () => {
  const { folder, plan, approvals } = await approved();
  const before = await activeIn(folder);
  const seen: number[] = [];
  for (let fails = 1; fails <= plan.waves.length; fails++) {
    const gate = async ({ wave }: { wave: number }): Promise<void> => {
      if (wave < fails) return;
      seen.push(wave);
      throw new TradsysError("START_FAILED", "a facet did not start");
    };
    await expect(applyPlan(plan, { ...place(folder), gate }, { approvals })).rejects.toMatchObject({
      code: "GATE_FAILED",
    });
    expect(await activeIn(folder)).toBe(before);
  }
  expect(seen.at(-1)).toBe(plan.waves.length);
  expect((await run(folder, "audit verify")).code).toBe("ok");
});

it("U3: a state that cannot be given back is refused until somebody takes that", async () => {
  const { folder, plan, approvals } = await approved();
  await applyPlan(plan, place(folder), { approvals });
  await release(folder, ONE_WAY);
  await ok(folder, "resolve desk.yaml --upgrade");
  const { code, told } = await run(folder, "plan desk.yaml");
  expect(code).toBe("ONE_WAY");
  expect(short(told)).toContain(
    "risk-core 5.0.0 → 5.1.0: the old version cannot take back the state of the new one",
  );
  await ok(folder, "plan desk.yaml --accept-one-way");
  expect((await planIn(folder)).changes).toContainEqual(
    expect.objectContaining({ plugin: "@tradsys/risk-core", state: "one-way" }),
  );
});

it("S1: nothing is planned on a bundle that nobody signed, that was changed, or that is none", async () => {
  const folder = await desk("published");
  await deploy(folder, { "limit-position": "*" }, {});
  await ok(folder, "resolve desk.yaml");
  const { data } = await ok(folder, "show @tradsys/limit-position");
  const [{ blob, envelopes }] = data as [{ blob: string; envelopes: [string] }];
  const blobs = join(folder, ".tradsys/store/blobs");
  const spoiled = async (digest: string): Promise<string> => {
    const file = join(blobs, ...digest.split(":"));
    const before = await readFile(file);
    await rm(file);
    await writeFile(file, Buffer.concat([before, Buffer.from(" ")]));
    const { code } = await run(folder, "plan desk.yaml");
    await writeFile(file, before);
    return code;
  };
  expect(await spoiled(blob)).toBe("BLOB_DIGEST_MISMATCH");
  expect(await spoiled(envelopes[0])).toBe("BLOB_DIGEST_MISMATCH");
  expect((await run(folder, "plan desk.yaml")).code).toBe("ok");
  await edit(join(folder, "trust.yaml"), "threshold:", "threshold:\n  risk: 1");
  expect((await run(folder, "plan desk.yaml")).code).toBe("NOT_TRUSTED");
});

it("S2: no node switches while another has prepared a different set", async () => {
  const { folder, plan, approvals } = await approved();
  const before = await activeIn(folder);
  const contents = plan.generation.plugins.map(({ content }) => content);
  const node = (name: string, ...missing: number[]) => ({
    name,
    prepare: async () => new Set(contents.filter((_, i) => !missing.includes(i))),
  });
  const nodes = [...Array.from({ length: 7 }, (_, i) => node(`node-${i}`)), node("node-7", 0)];
  await expect(applyPlan(plan, { ...place(folder), nodes }, { approvals })).rejects.toMatchObject({
    code: "NODES_DIFFER",
    message: expect.stringContaining(
      "node node-7 prepared another set: it lacks @tradsys/calendar-mena@2026.3.0",
    ),
  });
  expect(await activeIn(folder)).toBe(before);
  await applyPlan(plan, { ...place(folder), nodes: nodes.slice(0, 7) }, { approvals });
  expect(await activeIn(folder)).toBe(plan.next);
});
