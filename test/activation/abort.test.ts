/**
 * An upgrade of thirty steps that is cut short: by an error before and after every switch, and by `kill -9` at
 * random instants, `TRADSYS_KILLS` of them (default 24).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect, it, onTestFinished } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { auditJournal } from "../../src/activation/audit.ts";
import { openPlan, rootStatus } from "../../src/activation/status.ts";
import { EMPTY_FLOOR } from "../../src/domain/trust.ts";
import { nodeFiles, type Files } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { activation, trust } from "../support/root.ts";
import { mortal } from "./mortal.ts";
import { upgradeOf } from "./upgrade.ts";

const { plan, states, newRoot } = await upgradeOf(30);
const [base] = states;
const kills = Number(process.env["TRADSYS_KILLS"] ?? 24);

const DEAD = "this process is dead";
function die(): never {
  throw new Error(DEAD);
}

/**
 * The root stands in one state of the way, whole and verified, and says which; both going on and going back end
 * clean. Returns the number of the state.
 */
async function expectRecovery(root: string, by: "going on" | "going back"): Promise<number> {
  const { active, halfWay, interrupted } = await rootStatus(nodeFiles, root);
  const { digest, plugins } = await preload({ root });
  expect(digest).toBe(active?.digest);
  const state = states.indexOf(digest);
  expect(plugins.filter(({ version }) => version === "2.0.0")).toHaveLength(state);
  const isBetween = state > 0 && state < 30;
  const isOpen = (await openPlan(nodeFiles, root)) !== null;
  expect({ halfWay, interrupted: interrupted || !isBetween, isOpen: isOpen || !isBetween }).toEqual({
    halfWay: isBetween ? { wave: state, of: 30 } : null,
    interrupted: true,
    isOpen: true,
  });

  const goesOn = by === "going on" || state === 0;
  if (goesOn) await applyPlan(plan, activation(root));
  expect((await preload({ root })).digest).toBe(goesOn ? plan.next : digest);
  await rollBack(undefined, activation(root));
  expect(await rootStatus(nodeFiles, root)).toMatchObject({
    active: { digest: base },
    interrupted: false,
    halfWay: null,
  });
  const vouching = { policy: trust, floor: EMPTY_FLOOR, checkpoints: [] };
  expect((await auditJournal(nodeFiles, root, vouching)).diagnostics).toEqual([]);
  return state;
}

it("stands in a whole state after an error in any step, and ends clean from there", async () => {
  const reached = new Set<number>();
  for (let at = 0; ; at++) {
    const root = await newRoot();
    const dying = mortal(nodeFiles, { at, when: "before" }, die);
    const files: Files = {
      ...nodeFiles,
      switchLink: (path, target) => dying.switchLink(path, target),
      append: (path, text) => dying.append(path, text),
    };
    const outcome = await applyPlan(plan, activation(root, files)).catch((error: Error) => error.message);
    if (outcome !== DEAD) break;
    reached.add(await expectRecovery(root, at % 2 === 0 ? "going on" : "going back"));
    await nodeFiles.remove(root);
  }
  // Between any two steps there is an instant in which it can die.
  expect([...reached].toSorted((a, b) => a - b)).toEqual(states.map((_, state) => state));
}, 600_000);

it("stands in a whole state after it was killed at any instant, and ends clean from there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tradsys-kill-"));
  onTestFinished(() => nodeFiles.remove(folder));
  const planFile = join(folder, "plan.json");
  await writeFile(planFile, JSON.stringify(plan));
  const script = fileURLToPath(new URL("applier.ts", import.meta.url));
  /** Ends after this long, counted from when the application begins; tells how long it took. */
  const killed = async (root: string, afterMs?: number): Promise<number> => {
    const child = spawn(process.execPath, [script, root, planFile], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    const began = performance.now();
    if (afterMs !== undefined) {
      await setTimeout(afterMs);
      child.kill("SIGKILL");
    }
    await ended;
    return performance.now() - began;
  };
  const durationMs = await killed(await newRoot());

  const reached: number[] = [];
  for (let i = 0; i < kills; i++) {
    const root = await newRoot();
    await killed(root, (durationMs * (i + Math.random())) / kills);
    reached.push(await expectRecovery(root, i % 2 === 0 ? "going on" : "going back"));
    await nodeFiles.remove(root);
  }
  expect(reached).toHaveLength(kills);
  expect(reached).toContain(0);
}, 600_000);
