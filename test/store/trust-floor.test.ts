import * as fc from "fast-check";
import { expect, it } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import { EMPTY_FLOOR, type TrustFloor } from "../../src/domain/trust.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { learnGeneration, raiseTrustFloor, readTrustFloor } from "../../src/store/trust-floor.ts";
import { generationOf, pluginName, temporaryFolder, trust } from "../support/root.ts";

/** Generations of three plugins with whatever epochs, revocations and days. */
const lesson = fc
  .record({
    epochs: fc.dictionary(fc.constantFrom("risk", "limit", "venue"), fc.nat(3)),
    revokes: fc.subarray(["one", "two", "three"]),
    keyToo: fc.boolean(),
    mode: fc.constantFrom("warn" as const, "enforce" as const),
    day: fc.integer({ min: 1, max: 28 }),
  })
  .map(({ epochs, revokes, keyToo, mode, day }) =>
    learnGeneration(
      generationOf(
        Object.entries(epochs).map(([name, releaseEpoch]) => ({
          name: pluginName(name),
          version: "1.0.0",
          content: sha256(`${name} ${releaseEpoch}`),
          blob: sha256(name),
          envelopes: [],
          config: {},
          releaseEpoch,
        })),
        {},
        {
          ...trust,
          mode,
          revoked: {
            keys: keyToo ? [{ name: "ci", reason: "lost" }] : [],
            digests: revokes.map((each) => ({ digest: sha256(each), reason: "bad" })),
          },
        },
      ),
      new Date(Date.UTC(2026, 2, day)),
    ),
  );
const learnAll = (lessons: readonly ((floor: TrustFloor) => TrustFloor)[]): TrustFloor =>
  lessons.reduce((floor, learn) => learn(floor), EMPTY_FLOOR);

it("only ever grows", () => {
  fc.assert(
    fc.property(fc.array(lesson, { maxLength: 6 }), lesson, (before, next) => {
      const old = learnAll(before);
      const grown = next(old);
      expect(grown.revokedKeys).toMatchObject(old.revokedKeys);
      expect(grown.revokedDigests).toMatchObject(old.revokedDigests);
      expect(grown.admitted).toMatchObject(old.admitted);
      expect(grown.enforced || !old.enforced).toBe(true);
      expect(grown.lastDay >= old.lastDay).toBe(true);
      for (const [name, epoch] of Object.entries(old.epochs)) {
        expect(Object.entries(grown.epochs).find(([each]) => each === name)?.[1]).toBeGreaterThanOrEqual(
          epoch,
        );
      }
    }),
  );
});

it("learns the same from a generation twice, and forbids the same in whatever order it learned", () => {
  fc.assert(
    fc.property(fc.array(lesson, { minLength: 1, maxLength: 5 }), (lessons) => {
      const once = learnAll(lessons);
      expect(learnAll([...lessons, ...lessons.slice(-1)])).toEqual(once);
      // On which day something was let in depends on the order; what must not run does not.
      const { admitted: _, ...forbidden } = once;
      expect(learnAll(lessons.toReversed())).toMatchObject(forbidden);
    }),
  );
});

it("comes back from the disk as it was written, and is not written when nothing was learned", async () => {
  const root = await temporaryFolder();
  const [learn] = fc.sample(lesson, { numRuns: 1, seed: 7 });
  expect(await readTrustFloor(nodeFiles, root)).toEqual(EMPTY_FLOOR);
  if (learn) await raiseTrustFloor(nodeFiles, root, learn);
  expect(await readTrustFloor(nodeFiles, root)).toEqual(learn?.(EMPTY_FLOOR));
  const readOnly = { ...nodeFiles, write: () => Promise.reject(new Error("nothing is to be written")) };
  if (learn) await raiseTrustFloor(readOnly, root, learn);
  expect(await nodeFiles.kind(rootPaths(root).trustFloor)).toBe("file");
});
