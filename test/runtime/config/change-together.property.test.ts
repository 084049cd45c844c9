import * as fc from "fast-check";
import { expect, it } from "vitest";

import { TradsysError } from "../../../src/domain/errors.ts";
import { changeTogether, type Participant } from "../../../src/runtime/config/change-together.ts";

type Fault = "none" | "prepare" | "commit" | "undo";

/** Plugins whose configuration is a number, each of which fails where it is told to. */
function plugins(faults: readonly (readonly Fault[])[]) {
  const live = faults.map(() => 1);
  const abandoned: number[] = [];
  const committedWhilePreparing: number[] = [];
  const prepared = new Set<number>();
  const participants = faults.map((own, i): Participant => {
    const step = (name: Fault, work: () => void) => async (): Promise<void> => {
      if (own.includes(name)) throw new Error(`${name} fails`);
      work();
    };
    return {
      plugin: `@acme/p${i}@1.0.0`,
      changes: [{ pointer: "/n", before: 1, after: 2 }],
      limitMs: 10_000,
      prepare: step("prepare", () => void prepared.add(i)),
      commit: step("commit", () => {
        if (prepared.size < faults.length) committedWhilePreparing.push(i);
        live[i] = 2;
      }),
      undo: step("undo", () => void (live[i] = 1)),
      abandon: () => void abandoned.push(i),
    };
  });
  return { participants, live, abandoned, committedWhilePreparing };
}

it("changes all or none, commits nothing before all have prepared, and abandons exactly what cannot go back", async () => {
  const faults = fc.array(fc.subarray<Fault>(["prepare", "commit", "undo"], { maxLength: 2 }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(faults, async (plan) => {
      const { participants, live, abandoned, committedWhilePreparing } = plugins(plan);
      const outcome = await changeTogether(participants).catch((error: unknown) => error);
      const refuses = plan.findIndex((own) => own.includes("prepare"));
      const fails = refuses >= 0 ? refuses : plan.findIndex((own) => own.includes("commit"));
      const touched = refuses >= 0 ? plan.slice(0, refuses + 1) : plan;
      const stuck = fails < 0 ? [] : touched.flatMap((own, i) => (own.includes("undo") ? [i] : []));
      expect(outcome === undefined).toBe(fails < 0);
      expect(committedWhilePreparing).toEqual([]);
      expect(abandoned.toReversed()).toEqual(stuck);
      const expected = fails < 0 ? 2 : 1;
      expect(live.filter((config, i) => config !== expected && !stuck.includes(i))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

it("names who would not and all that was asked of the others", async () => {
  const { participants } = plugins([["none"], ["prepare"]]);
  await expect(changeTogether(participants)).rejects.toMatchObject({
    code: "CONFIG_REFUSED",
    message:
      "@acme/p1@1.0.0 refused its new configuration (/n: 1 → 2): prepare fails; nothing was changed, in @acme/p0@1.0.0 (/n: 1 → 2) neither",
  });
});

it("takes a plugin that does not answer for one that refuses", async () => {
  const { participants, live } = plugins([["none"], ["none"]]);
  const mute = {
    ...participants[1],
    limitMs: 5,
    commit: () => new Promise<void>(() => undefined),
  } as Participant;
  const outcome = await changeTogether([...participants.slice(0, 1), mute]).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(TradsysError);
  expect((outcome as TradsysError).message).toContain("it did not answer within 5 ms");
  expect(live).toEqual([1, 1]);
});
