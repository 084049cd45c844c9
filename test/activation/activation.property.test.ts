import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";

import { applyPlan, rollBack, type Activated } from "../../src/activation/activate.ts";
import { rootStatus, wholeGenerations } from "../../src/activation/status.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Generation } from "../../src/domain/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { preload } from "../../src/runtime/preload.ts";
import { activation, digestOf, oneOf, planFrom } from "../support/root.ts";
import { mortal, type Death } from "./mortal.ts";

const folder = await mkdtemp(join(tmpdir(), "tradsys-model-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Publishes a few releases of a plugin, each with a generation that runs it. */
const publishReleases = (root: string): Promise<Generation[]> =>
  Array.fromAsync(["1.0.0", "2.0.0", "3.0.0"], (version) => oneOf(root, { name: "risk", version }));

type Kind = "apply" | "roll back";

interface TakenStep {
  readonly kind: Kind;
  /** What is applied or named; going back without a name goes to the one before. */
  readonly release: Generation | undefined;
  readonly death: Death | undefined;
}

/** Mostly nothing, so that sequences get somewhere. */
const seldom = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const anyRelease = fc.constantFrom("0", "1", "2");
const anyDeath = seldom(
  fc.record({ at: fc.nat({ max: 12 }), when: fc.constantFrom("before" as const, "after" as const) }),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant<Kind>("apply"), release: anyRelease, death: anyDeath }),
  fc.record({ kind: fc.constant<Kind>("roll back"), release: seldom(anyRelease), death: anyDeath }),
);

/** All that matters of a root: the way to the current generation, and what lies on the disk. */
class Model {
  readonly way: Digest[] = [];
  /** What was active at some time. */
  readonly activated = new Set<Digest>();
  /** What can be named: also what was written by a process that died before it became active. */
  readonly known = new Set<Digest>();

  get current(): Digest | null {
    return this.way.at(-1) ?? null;
  }

  /** Where a step leads; `undefined` where it must be refused. */
  target(kind: Kind, release: Digest | undefined): Digest | undefined {
    if (release === undefined) return this.way.at(-2);
    const isThere = kind === "apply" || release === this.current || this.known.has(release);
    return isThere ? release : undefined;
  }

  take(kind: Kind, to: Digest): void {
    if (to === this.current) return;
    if (kind !== "apply" && this.way.includes(to)) this.way.length = this.way.lastIndexOf(to);
    this.way.push(to);
    this.activated.add(to);
    this.known.add(to);
  }
}

const DEAD = "this process is dead";
function die(): never {
  throw new Error(DEAD);
}

/** Takes one step in a root and in the model, and tells what became of the one and should have by the other. */
async function takeStep(root: string, model: Model, { kind, release, death }: TakenStep) {
  const files = death ? mortal(nodeFiles, death, die) : nodeFiles;
  const target = model.target(kind, release && digestOf(release));
  const before = model.current;
  const work = (): Promise<Activated> =>
    kind === "apply" && release
      ? applyPlan(planFrom(before, release), activation(root, files))
      : rollBack(release && digestOf(release), activation(root, files));

  const outcome = await work().then(
    ({ changed }) => (changed ? "switched" : "stayed"),
    (error: Error) => ("code" in error ? error.code : error.message),
  );
  const { active, generations, interrupted } = await rootStatus(nodeFiles, root);
  const digest = active?.digest ?? null;

  // A process that dies leaves one or the other; which of them, only the root can tell.
  const hasDied = outcome === DEAD;
  if (target !== undefined && (!hasDied || digest === target)) model.take(kind, target);
  if (hasDied) for (const found of await wholeGenerations(nodeFiles, root)) model.known.add(found);
  const expected = target === undefined ? "GENERATION_MISSING" : target === before ? "stayed" : "switched";
  return {
    actual: {
      outcome,
      digest,
      preloaded: digest && (await preload({ root })).digest,
      generations,
      isOpen: interrupted && !hasDied,
    },
    expected: {
      outcome: hasDied ? DEAD : expected,
      digest: model.current,
      preloaded: model.current,
      generations: [...model.activated].toSorted(),
      isOpen: false,
    },
  };
}

it("agrees with a stack of generations over any sequence of applying, going back and dying", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12, size: "max" }), async (steps) => {
      const root = await mkdtemp(join(folder, "root-"));
      const releases = await publishReleases(root);
      const model = new Model();
      for (const { kind, release, death } of steps) {
        const taken = { kind, death, release: release && releases[Number(release)] };
        const { actual, expected } = await takeStep(root, model, taken);
        expect(actual).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});
