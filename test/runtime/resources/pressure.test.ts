import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { Manifest } from "../../../src/domain/manifest.ts";
import {
  afterStep,
  nextSteps,
  type Degradable,
  type Step,
} from "../../../src/runtime/resources/degradation.ts";
import { afterSample, NO_PRESSURE, type Pressure } from "../../../src/runtime/resources/pressure.ts";
import { facet } from "../../support/root.ts";

const after = (shares: readonly number[], from: Pressure = NO_PRESSURE): string[] => {
  let pressure = from;
  return shares.map((share) => (pressure = afterSample(pressure, share)).level);
};

it("rises at once, to whatever level the use is at", () => {
  expect(after([0.5, 0.76, 0.96])).toEqual(["normal", "elevated", "critical"]);
  expect(after([0.99])).toEqual(["critical"]);
});

it("falls one level at a time, after three samples well below", () => {
  expect(after([0.96, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])).toEqual([
    "critical",
    "critical",
    "critical",
    "high",
    "high",
    "high",
    "elevated",
  ]);
  // Below where it began, and not by enough; or not for long enough.
  expect(after([0.86, 0.82, 0.82, 0.82, 0.82])).toEqual(["high", "high", "high", "high", "high"]);
  expect(after([0.86, 0.5, 0.5, 0.81, 0.5, 0.5])).toEqual(["high", "high", "high", "high", "high", "high"]);
});

it("changes nothing while the use swings about a threshold by less than the gap", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0.75, 0.85, 0.95),
      fc.array(fc.double({ min: -0.049, max: 0, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (threshold, swings) => {
        const from = afterSample(NO_PRESSURE, threshold);
        expect(
          new Set(
            after(
              swings.map((swing) => threshold + swing),
              from,
            ),
          ),
        ).toEqual(new Set([from.level]));
      },
    ),
  );
});

const degradable = (
  name: string,
  criticality: Manifest["criticality"],
  { priority = 50, isPinned = false } = {},
): Degradable => ({ facet: facet(`${name}#main`), criticality, priority, isPinned });

const FACETS = [
  degradable("limit", "important", { priority: 10 }),
  degradable("strategy", "optional", { priority: 60 }),
  degradable("orders", "optional", { priority: 90, isPinned: true }),
  degradable("calendar", "optional", { priority: 40 }),
  degradable("connector", "important", { priority: 20 }),
];

const told = ({ facet: id, to }: Step): string => `${id.slice("@acme/".length, -"#main".length)} ${to}`;

/** Goes through samples and tells every step that is taken. */
function run(shares: readonly number[], facets: readonly Degradable[] = FACETS): string[] {
  let pressure = NO_PRESSURE;
  let entered: readonly Step[] = [];
  return shares.flatMap((share) => {
    pressure = afterSample(pressure, share);
    return nextSteps(entered, facets, pressure).map((step) => {
      entered = afterStep(entered, step);
      return told(step);
    });
  });
}

it("puts those that matter least in another mode first, all in one mode before any in the next, and none that is pinned", () => {
  expect(run([0.99, 0.99])).toEqual([
    "strategy reduced",
    "calendar reduced",
    "connector reduced",
    "limit reduced",
    "strategy read-only",
    "calendar read-only",
    "connector read-only",
    "limit read-only",
    "strategy off",
    "calendar off",
    "connector off",
    "limit off",
  ]);
});

it("goes no deeper than the level asks for, and a few facets at a time", () => {
  expect(run([0.8])).toEqual(["strategy reduced", "calendar reduced"]);
  expect(run([0.8, 0.8, 0.8])).toEqual([
    "strategy reduced",
    "calendar reduced",
    "connector reduced",
    "limit reduced",
  ]);
  expect(run([0.9])).toHaveLength(5);
});

it("stops getting worse as soon as the use is well below, though the level still holds", () => {
  expect(run([0.8, 0.1, 0.1])).toEqual(["strategy reduced", "calendar reduced"]);
});

it("takes every step back, the last first, whatever the use did before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      (shares, pins) => {
        const facets = FACETS.map((each, at) => ({ ...each, isPinned: pins[at] ?? false }));
        let pressure = NO_PRESSURE;
        let entered: readonly Step[] = [];
        for (const share of [...shares, ...Array.from({ length: 60 }, () => 0)]) {
          pressure = afterSample(pressure, share);
          for (const step of nextSteps(entered, facets, pressure)) {
            const last = entered.at(-1);
            const isBack =
              last && step.facet === last.facet && step.from === last.to && step.to === last.from;
            const isPinned = facets.find((each) => each.facet === step.facet)?.isPinned;
            expect(isBack === true || isPinned === false).toBe(true);
            entered = afterStep(entered, step);
          }
        }
        expect([pressure.level, entered]).toEqual(["normal", []]);
      },
    ),
  );
});
