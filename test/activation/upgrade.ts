/** An upgrade of many plugins, one in each wave, whose every state can be stood in. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

import { stagesOf } from "../../src/activation/stages.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Generation, Plan } from "../../src/domain/plan.ts";
import { applyAll, digestOf, generationOf, planFrom, publishSample } from "../support/root.ts";
import { oneByOne } from "../support/switch.ts";

// In memory where that is possible: what a process leaves when it is killed is the same there, and sooner flushed.
const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tradsys-upgrade-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Upgrade {
  readonly base: Generation;
  readonly plan: Plan;
  /** Digests of all states of the way, the base first. */
  readonly states: readonly Digest[];
  /** Makes a root in which the base is active. All of them share one store. */
  readonly newRoot: () => Promise<string>;
}

/** Publishes two versions of some plugins, and plans to replace one after the other. */
export async function upgradeOf(steps: number): Promise<Upgrade> {
  const template = await mkdtemp(join(folder, "template-"));
  const names = Array.from({ length: steps }, (_, i) => `p${String(i).padStart(2, "0")}`);
  const setOf = async (version: string): Promise<Generation> => {
    const plugins = await Array.fromAsync(names, (name) => publishSample(template, { name, version }));
    return generationOf(plugins, Object.fromEntries(names.map((name) => [`${name}#main`, {}])));
  };
  const base = await setOf("1.0.0");
  const next = await setOf("2.0.0");
  const plan = planFrom(digestOf(base), next, { waves: oneByOne(base, next) });
  return {
    base,
    plan,
    states: [digestOf(base), ...stagesOf(plan, base).map(({ digest }) => digest)],
    async newRoot() {
      const root = await mkdtemp(join(folder, "root-"));
      await symlink(join(template, "store"), join(root, "store"));
      await applyAll(root, base);
      return root;
    },
  };
}
