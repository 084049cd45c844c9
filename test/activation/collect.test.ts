import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";

import { applyPlan, rollBack } from "../../src/activation/activate.ts";
import { collectGarbage, findGarbage } from "../../src/activation/collect.ts";
import { rootStatus } from "../../src/activation/status.ts";
import type { Digest } from "../../src/domain/ids.ts";
import type { Generation } from "../../src/domain/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { blobPath, indexPath } from "../../src/store/layout.ts";
import { listCandidates } from "../../src/store/read.ts";
import { verifyGeneration } from "../../src/store/verified-plugin.ts";
import { activation, applyAll, digestOf, generationOf, oneOf, publishSample } from "../support/root.ts";
import { mortal } from "./mortal.ts";
import { upgradeOf } from "./upgrade.ts";

const folder = await mkdtemp(join(tmpdir(), "tradsys-gc-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A root that activated five releases in turn, and its generations. */
const template = join(folder, "template");
const releases = await Array.fromAsync([1, 2, 3, 4, 5], (major) =>
  oneOf(template, { name: "risk", version: `${major}.0.0` }),
);
await applyAll(template, ...releases);

let roots = 0;
async function newRoot(): Promise<string> {
  const root = join(folder, `root-${roots++}`);
  await cp(template, root, { recursive: true, verbatimSymlinks: true });
  return root;
}

/** Takes everything out of the index, as another tool would that retires old versions. */
const unpublishAll = (root: string): Promise<void> =>
  writeFile(indexPath(rootPaths(root).store), '{"manifests":[],"schemaVersion":2}');

function die(): never {
  throw new Error("this process is dead");
}

const digestsOf = (generations: readonly Generation[]): Digest[] => generations.map(digestOf).toSorted();
const stored = async (root: string): Promise<string[]> =>
  readdir(join(rootPaths(root).store, "blobs/sha256"));
const generationsIn = async (root: string): Promise<Digest[]> =>
  (await readdir(rootPaths(root).generations)).map((hex) => `sha256:${hex}` as Digest).toSorted();

const verified = (root: string, generation: Generation) =>
  verifyGeneration(generation, { files: nodeFiles, root, now: new Date("2026-03-15T12:00:00Z") });

it("keeps the generations that were active last, and all that they need, published or not", async () => {
  const root = await newRoot();
  await unpublishAll(root);
  const { generations, retained } = await collectGarbage(activation(root), 2);
  expect(retained).toEqual(digestsOf(releases.slice(3)));
  expect(generations).toEqual(digestsOf(releases.slice(0, 3)));
  expect(await generationsIn(root)).toEqual(digestsOf(releases.slice(3)));
  for (const kept of releases.slice(3)) await verified(root, kept);
  // A bundle and an envelope for each.
  expect(await stored(root)).toHaveLength(4);
  await rollBack(undefined, activation(root));
  expect((await rootStatus(nodeFiles, root)).active?.generation).toEqual(releases[3]);
});

it("keeps everything that is published, whatever is active", async () => {
  const root = await newRoot();
  const before = await stored(root);
  const { files } = await collectGarbage(activation(root), 1);
  expect(files).toEqual([]);
  expect(await stored(root)).toEqual(before);
  expect(await listCandidates(nodeFiles, rootPaths(root).store)).toHaveLength(5);
});

it("removes what publishers and writers left that died", async () => {
  const root = await newRoot();
  const { store } = rootPaths(root);
  const stray = blobPath(store, digestOf(generationOf([], {})));
  const left = [stray, `${stray}.1-2.tmp`, join(root, ".current.1-2.tmp")];
  for (const file of left) await writeFile(file, "left");
  expect((await findGarbage(activation(root), 5)).files.toSorted()).toEqual(left.toSorted());
  await collectGarbage(activation(root), 5);
  for (const file of left) expect(await nodeFiles.kind(file)).toBe("missing");
});

it("keeps every state of a plan that is under way, and where it began", async () => {
  const { plan, states, newRoot: newUpgrade } = await upgradeOf(3);
  const root = await newUpgrade();
  await applyPlan(plan, activation(root), { until: 1 });
  const { generations } = await collectGarbage(activation(root), 1);
  expect(generations).toEqual([]);
  await applyPlan(plan, activation(root));
  expect((await collectGarbage(activation(root), 5)).generations).toEqual(states.slice(1, 3).toSorted());
});

it("removes nothing from a store that it cannot understand, nor where a kept generation is damaged", async () => {
  const root = await newRoot();
  const before = await stored(root);
  await writeFile(indexPath(rootPaths(root).store), "not an index");
  await expect(collectGarbage(activation(root), 1)).rejects.toMatchObject({ code: "STORE_INVALID" });
  const other = await newRoot();
  const [, , , , last] = releases;
  if (!last) throw new Error("there are five releases");
  await writeFile(rootPaths(other).generation(digestOf(last)), "{}");
  await expect(collectGarbage(activation(other), 1)).rejects.toMatchObject({ code: "GENERATION_DAMAGED" });
  expect(await stored(root)).toEqual(before);
  expect(await generationsIn(other)).toHaveLength(5);
});

it("can die at any moment: what is kept stays whole, and the next time removes the rest", async () => {
  const done = await newRoot();
  await unpublishAll(done);
  await collectGarbage(activation(done), 2);
  for (let at = 0; ; at++) {
    const root = await newRoot();
    await unpublishAll(root);
    const outcome = await collectGarbage(
      activation(root, mortal(nodeFiles, { at, when: "before" }, die)),
      2,
    ).catch(() => undefined);
    for (const kept of releases.slice(3)) await verified(root, kept);
    // A generation goes before its blobs: whichever is left can still be gone back to.
    for (const left of releases.slice(0, 3)) {
      if ((await nodeFiles.kind(rootPaths(root).generation(digestOf(left)))) === "file")
        await verified(root, left);
    }
    await collectGarbage(activation(root), 2);
    expect((await stored(root)).toSorted()).toEqual((await stored(done)).toSorted());
    if (outcome) break;
  }
});

it("takes nothing away that is published at the same time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("publish", "collect"), { minLength: 3, maxLength: 6 }),
      async (work) => {
        const root = await temporaryRoot();
        await applyAll(root, await oneOf(root, { name: "base" }));
        const outcomes = await Promise.allSettled(
          work.map((kind, i) =>
            kind === "publish"
              ? publishSample(root, { name: "risk", version: `${i}.0.0` })
              : collectGarbage({ ...activation(root), waitMs: 5000 }, 1),
          ),
        );
        const busy = outcomes.flatMap((outcome) =>
          outcome.status === "rejected" ? [outcome.reason as unknown] : [],
        );
        for (const reason of busy) expect(reason).toMatchObject({ code: "BUSY" });
        const published = outcomes.flatMap((outcome, i) =>
          outcome.status === "fulfilled" && work[i] === "publish" ? [outcome.value] : [],
        );
        for (const plugin of published)
          await verified(root, generationOf([plugin as Generation["plugins"][0]], {}));
      },
    ),
    { numRuns: 12 },
  );
});

const temporaryRoot = (): Promise<string> => mkdtemp(join(folder, "busy-"));
