import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterAll, expect, it } from "vitest";

import { applyPlan } from "../../src/activation/activate.ts";
import { readJournal } from "../../src/activation/journal.ts";
import { rootStatus } from "../../src/activation/status.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { typed } from "../support/command.ts";
import { activation, applyAll, digestOf, generationOf, planFrom, publishSample } from "../support/root.ts";
import { mortal, type Death } from "./mortal.ts";

const folder = await mkdtemp(join(tmpdir(), "tradsys-crash-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

// A root with one plugin active, and a plan that upgrades it and adds another.
const template = join(folder, "template");
const old = generationOf([await publishSample(template, { name: "risk" })], { "risk#main": {} });
const next = generationOf(
  [
    await publishSample(template, { name: "limit" }),
    await publishSample(template, { name: "risk", version: "2.0.0" }),
  ],
  { "limit#main": {}, "risk#main": { after: ["limit#main"] } },
);
await applyAll(template, old);
const plan = planFrom(digestOf(old), next);
const planFile = join(folder, "desk.plan.json");
await writeFile(planFile, JSON.stringify(plan));

let roots = 0;
async function freshRoot(): Promise<string> {
  const root = join(folder, `root-${roots++}`);
  await cp(template, root, { recursive: true, verbatimSymlinks: true });
  return root;
}

/** Operations of an application that nothing disturbs. */
const operations = await countOperations();
async function countOperations(): Promise<number> {
  for (let at = 0; ; at++) {
    const files = mortal(nodeFiles, { at, when: "before" }, dead);
    const outcome = await applyPlan(plan, activation(await freshRoot(), files)).catch(() => undefined);
    if (outcome) return at;
  }
}

function dead(): never {
  throw new Error("this process is dead");
}

const moments: Death[] = Array.from({ length: operations }, (_, at) => at).flatMap((at) => [
  { at, when: "before" as const },
  { at, when: "after" as const },
]);

/** One generation is whole and active, and applying the plan again ends well. Returns which one it was. */
async function expectRecovery(root: string): Promise<"old" | "new"> {
  const status = await rootStatus(nodeFiles, root);
  const found = status.active?.digest;
  expect([digestOf(old), plan.next]).toContain(found);
  const which = found === plan.next ? "new" : "old";
  expect(status.active?.generation).toEqual(which === "new" ? next : old);
  expect((await preload({ root })).digest).toBe(found);

  expect(await applyPlan(plan, activation(root))).toMatchObject({ to: plan.next, changed: which === "old" });
  expect(await rootStatus(nodeFiles, root)).toMatchObject({
    active: { digest: plan.next },
    last: { event: "finished", action: "apply", to: plan.next },
    interrupted: false,
  });
  expect((await preload({ root })).plugins.map(({ version }) => version)).toEqual(["1.0.0", "2.0.0"]);
  // Every `started` is followed by how it ended.
  const events = (await readJournal(nodeFiles, rootPaths(root).journal)).map(({ event }) => event);
  expect(events.join(" ")).toMatch(/^(?:started (?:finished|interrupted) ?)+$/);
  return which;
}

it("leaves the old or the new generation when its process is killed at any step", async () => {
  const script = fileURLToPath(new URL("applier.ts", import.meta.url));
  const outcomes: string[] = [];
  for (const { at, when } of moments) {
    const root = await freshRoot();
    const child = spawn(process.execPath, [script, root, planFile, String(at), when], { stdio: "inherit" });
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    outcomes.push(await expectRecovery(root));
  }
  // All that may be refused comes before the switch; after it the root learns, and a line of the journal says so.
  const switched = outcomes.indexOf("new");
  expect(outcomes.slice(0, switched)).not.toContain("new");
  expect(new Set(outcomes.slice(switched))).toEqual(new Set(["new"]));
}, 300_000);

it("leaves the old or the new generation when a step fails, and says what is interrupted", async () => {
  for (const death of moments) {
    const root = await freshRoot();
    await expect(applyPlan(plan, activation(root, mortal(nodeFiles, death, dead)))).rejects.toThrow("dead");
    const { last, interrupted } = await rootStatus(nodeFiles, root);
    expect(interrupted).toBe(last?.event === "started");
    await expectRecovery(root);
  }
});

it("goes on after a line of the journal, a generation and a link were left half-way", async () => {
  const root = await freshRoot();
  const halfWay: Files = {
    ...nodeFiles,
    append: (path, text) => nodeFiles.append(path, text.slice(0, 40)),
    write: (path) => nodeFiles.write(`${path}.left.tmp`, '{"half'),
    switchLink: (path) => nodeFiles.switchLink(`${path}.left.tmp`, "half").then(dead),
  };
  await expect(applyPlan(plan, activation(root, halfWay))).rejects.toThrow("dead");
  const status = await rootStatus(nodeFiles, root);
  expect(status.generations).toEqual([digestOf(old)]);
  expect(status.last).toMatchObject({ event: "finished", to: digestOf(old) });
  expect(await expectRecovery(root)).toBe("old");
});

/** Starts `tradsys apply` and waits until it has taken the lock, which is made anew. */
async function applying(root: string): Promise<ChildProcess> {
  await nodeFiles.remove(rootPaths(root).lock);
  const child = spawn(process.execPath, typed(`apply ${planFile} --root ${root}`), { stdio: "ignore" });
  while (child.exitCode === null && (await nodeFiles.kind(rootPaths(root).lock)) === "missing") {
    await setImmediate();
  }
  return child;
}

it("leaves the old or the new generation when the command is killed at any time", async () => {
  const undisturbed = await applying(await freshRoot());
  const began = performance.now();
  expect(await once(undisturbed, "exit")).toEqual([0, null]);
  const duration = performance.now() - began;

  const attempts = 24;
  for (let i = 0; i < attempts; i++) {
    const root = await freshRoot();
    const child = await applying(root);
    const ended = once(child, "exit");
    await setTimeout((duration * (i + Math.random())) / attempts);
    child.kill("SIGKILL");
    await ended;
    await expectRecovery(root);
  }
});
