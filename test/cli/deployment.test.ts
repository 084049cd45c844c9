import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { expectGolden, refusal, tradsys, tradsysJson } from "../support/command.ts";
import {
  activeDesk,
  all,
  damage,
  edit,
  emptyFolder,
  plannedDesk,
  publishedDesk,
  release,
  requiring,
  upgradedDesk,
  writeDeployment,
  writePlugin,
} from "../support/desk.ts";

it.for([
  { golden: "empty/list", line: "list", code: 66 },
  { golden: "empty/show", line: "show @tradsys/risk-core", code: 66 },
  { golden: "empty/rollback", line: "rollback", code: 66 },
  { golden: "empty/status", line: "status", code: 0 },
  { golden: "empty/preload", line: "preload", code: 66 },
  { golden: "empty/run", line: "run", code: 66 },
  { golden: "empty/resolve-missing", line: "resolve desk.yaml", code: 66 },
])("answers $line in an empty folder, and leaves it empty", async ({ line, golden, code }) => {
  expect(await refusal(await emptyFolder(), line, { golden })).toBe(code);
});

it.for([
  { golden: "empty/resolve", line: "resolve desk.yaml --root elsewhere", code: 66 },
  { golden: "empty/plan", line: "plan desk.yaml --root elsewhere", code: 66 },
  { golden: "empty/apply", line: "apply desk.plan.json --root elsewhere", code: 66 },
  { golden: "show/unknown", line: "show @tradsys/risk-cor", code: 1 },
  { golden: "show/unknown-version", line: "show @tradsys/risk-core@9.0.0", code: 1 },
  { golden: "plan/cannot-write", line: "plan desk.yaml --out desk.yaml/plan.json", code: 73 },
  { golden: "apply/missing", line: "apply desc.plan.json", code: 66 },
  { golden: "apply/not-a-plan", line: "apply desk.lock.json", code: 65 },
  { golden: "rollback/unknown", line: "rollback 0123abcd", code: 66 },
  { golden: "rollback/nothing-before", line: "rollback", code: 66 },
])("refuses $line", async ({ line, golden, code }) => {
  expect(await refusal(await plannedDesk(), line, { golden })).toBe(code);
});

it("says which plugin of a deployment nobody published", async () => {
  const folder = await publishedDesk();
  await edit(join(folder, "desk.yaml"), "@tradsys/risk-core", "@tradsys/risk-cord");
  expect(await refusal(folder, "resolve desk.yaml", { golden: "resolve/unknown-plugin" })).toBe(1);
});

it("explains why no set of versions fits, and what would", async () => {
  const folder = await publishedDesk();
  await release(folder, "trend", await writePlugin(folder, requiring("trend", "@tradsys/risk-core", "^5")));
  await writeDeployment(folder, "desk.yaml", { "@acme/trend": "^1", "@tradsys/risk-core": "^4" });
  expect(await refusal(folder, "resolve desk.yaml", { golden: "resolve/conflict" })).toBe(1);
});

it("prints the whole cycle of facets that wait for one another", async () => {
  const folder = await publishedDesk();
  await release(folder, "hen", await writePlugin(folder, requiring("hen", "@acme/egg", "*")));
  await release(folder, "egg", await writePlugin(folder, requiring("egg", "@acme/hen", "*")));
  await writeDeployment(folder, "desk.yaml", { "@acme/egg": "*", "@acme/hen": "*" });
  await all(folder, ["resolve desk.yaml"]);
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/cycle" })).toBe(1);
});

it("keeps to the lock until told to upgrade, and tells what moved", async () => {
  const folder = await activeDesk();
  await edit(join(folder, "plugins/limit-position/plugin.yaml"), "version: 1.3.0", "version: 1.4.0");
  await release(folder, "limit-position", "tradsys-limit-position-1.4.0");
  const before = await readFile(join(folder, "desk.lock.json"), "utf8");
  await all(folder, ["resolve desk.yaml"]);
  expect(await readFile(join(folder, "desk.lock.json"), "utf8")).toBe(before);
  await expectGolden(folder, "resolve desk.yaml --upgrade", { golden: "resolve/upgrade" });
});

it("plans nothing without a lock, or with one of another deployment", async () => {
  const folder = await publishedDesk();
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/no-lock" })).toBe(66);
  await all(folder, ["resolve desk.yaml"]);
  await edit(join(folder, "desk.yaml"), '"*"', '"^1"');
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/stale-lock" })).toBe(65);
});

it("points into the deployment where a plugin's schema refuses its configuration", async () => {
  const folder = await publishedDesk();
  await all(folder, ["resolve desk.yaml"]);
  await edit(
    join(folder, "desk.yaml"),
    'name: "@tradsys/limit-position", range: "*" }',
    'name: "@tradsys/limit-position", range: "*", config: { maxLong: lots, maxShrt: "1" } }',
  );
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/config" })).toBe(78);
});

it("plans nothing that could not be applied: no policy, a stranger's signature", async () => {
  const folder = await publishedDesk();
  await all(folder, ["resolve desk.yaml"]);
  await rm(join(folder, "trust.yaml"));
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/no-policy" })).toBe(66);
  await all(folder, ["keys generate other --trust trust.yaml"]);
  expect(await refusal(folder, "plan desk.yaml", { golden: "plan/strangers" })).toBe(77);
});

it.for([
  { line: "plan desk.yaml", golden: "tampered/plan" },
  { line: "apply desk.plan.json", golden: "tampered/apply" },
  { line: "preload", golden: "tampered/preload" },
  { line: "run --for 1s", golden: "tampered/run" },
])("refuses to $line a stored bundle with one byte changed", async ({ line, golden }) => {
  const folder = await plannedDesk();
  const { data } = await tradsysJson(folder, "show @tradsys/risk-core");
  const [{ blob }] = data as [{ blob: string }];
  // Without its pack a start reads the store.
  await rm(join(folder, ".tradsys/host"), { recursive: true });
  await damage(join(folder, ".tradsys/store/blobs", ...blob.split(":")));
  expect(await refusal(folder, line, { golden })).toBe(77);
});

it("applies no plan that was edited", async () => {
  const folder = await plannedDesk();
  await edit(join(folder, "desk.plan.json"), '"maxLong": "0.1"', '"maxLong": "9.9"');
  expect(await refusal(folder, "apply desk.plan.json", { golden: "apply/edited" })).toBe(65);
});

it("applies no plan that starts from what is no longer active", async () => {
  const folder = await upgradedDesk();
  await all(folder, ["plan desk.yaml --out same.plan.json"]);
  await edit(join(folder, "desk.yaml"), 'limit-position", range: "*"', 'limit-position", range: "1.3.0"');
  await all(folder, ["resolve desk.yaml", "plan desk.yaml", "rollback"]);
  await edit(join(folder, "desk.yaml"), '1.3.0"', '1.3.0", config: { maxLong: "0.2" }');
  await all(folder, ["plan desk.yaml --out next.plan.json", "apply next.plan.json"]);
  expect(await refusal(folder, "apply desk.plan.json", { golden: "apply/stale" })).toBe(75);
});

it("lets no second command activate while one is at work", async () => {
  const folder = await plannedDesk();
  using _holder = await holdLock(folder);
  expect(await refusal(folder, "apply desk.plan.json", { golden: "apply/busy" })).toBe(75);
  expect(await refusal(folder, "rollback", { golden: "rollback/busy" })).toBe(75);
});

it("activates once when several apply the same plan at once", async () => {
  const folder = await plannedDesk();
  const outcomes = await Promise.all([1, 2, 3].map(() => tradsys(folder, "apply desk.plan.json --json")));
  const changed = outcomes.filter(({ stdout }) => stdout.includes('"changed":true'));
  expect(changed).toHaveLength(1);
  expect(outcomes.every(({ code }) => code === 0 || code === 75)).toBe(true);
});

it("goes back, and back again to a generation by the first digits of its digest", async () => {
  const folder = await upgradedDesk();
  const active = async () => (await tradsysJson(folder, "status")).data as { active: { digest: string } };
  const newer = (await active()).active.digest;
  await all(folder, ["rollback"]);
  const older = (await active()).active.digest;
  expect(older).not.toBe(newer);
  await all(folder, [`rollback ${newer.slice("sha256:".length, "sha256:".length + 12)}`]);
  expect((await active()).active.digest).toBe(newer);
});

it("finds the root through the environment, and through a link", async () => {
  const folder = await activeDesk();
  await symlink(".tradsys", join(folder, "root"));
  const env = { TRADSYS_ROOT: "root" };
  expect((await tradsys(folder, "preload --quiet", { env })).code).toBe(0);
  expect((await tradsys(folder, "preload --root nowhere", { env })).code).toBe(66);
});

it("works for a user who has no name", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("only root may take another user's number");
  const ended = await tradsys("/", "status --root /nonexistent", { uid: 54_321 });
  if (ended.code === -1) skip("other users may not read this repository");
  expect(ended).toEqual({ code: 0, stdout: "nothing is active\n", stderr: "" });
});

/** Another process that holds the root's lock. It must be another: a process can lose a lock by reading the file. */
async function holdLock(folder: string): Promise<Disposable> {
  const code = `
    import { nodeFiles } from "tradsys";
    globalThis.held = await nodeFiles.lock(".tradsys/activation.lock");
    console.log("held");
    setInterval(() => undefined, 60_000);
  `;
  const args = ["--input-type=module", "--eval", code];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}
