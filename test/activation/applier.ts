/**
 * A process that applies a plan and is killed meanwhile: `applier.ts ROOT PLAN AT before|after` ends itself at an
 * operation; `applier.ts ROOT PLAN` says when it begins, and goes on until it is killed or done.
 */
import { readFile } from "node:fs/promises";

import { applyPlan } from "../../src/activation/activate.ts";
import type { Plan } from "../../src/domain/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { mortal } from "./mortal.ts";

const [root = "", file = "", at, when] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("this line is not reached");
}

const death = {
  at: at === undefined ? Infinity : Number(at),
  when: when === "before" ? "before" : "after",
} as const;
const plan = JSON.parse(await readFile(file, "utf8")) as Plan;
if (at === undefined) process.stdout.write("begins\n");
await applyPlan(plan, {
  files: mortal(nodeFiles, death, die),
  root,
  now: () => new Date("2026-03-15T12:00:00Z"),
  actor: "mortal",
});
