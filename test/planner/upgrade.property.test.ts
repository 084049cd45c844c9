import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { Plan } from "../../src/domain/plan.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { exhaustiveOptimum } from "./exhaustive.ts";
import { faultsIn } from "./lock.ts";
import { sketches, upgradeInput, type SketchedPlugin } from "./upgrade.ts";

/** Ten thousand plans take half a minute on a free core, in ms. */
const LONG = 600_000;

/** A plan, and what the independent checker finds wrong with it. */
function planned(sketch: readonly SketchedPlugin[]): { plan: Plan; faults: readonly string[] } {
  const input = upgradeInput(sketch);
  const plan = planDeployment(input);
  if (!plan.ok) throw new Error(`refused: ${JSON.stringify(plan.error)}`);
  return { plan: plan.value, faults: faultsIn(plan.value, input) };
}

const largestGroup = ({ waves }: Plan): number =>
  Math.max(
    0,
    ...waves.flatMap(({ groups }) =>
      groups.map(({ steps }) => new Set(steps.map(({ plugin }) => plugin)).size),
    ),
  );

it(
  "plans no upgrade with a state that the independent checker refuses",
  () => {
    fc.assert(
      fc.property(sketches({ most: 14, lenient: true }), (sketch) => {
        expect(planned(sketch).faults).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  },
  LONG,
);

it(
  "needs no more waves and no larger groups than the best of all ways",
  () => {
    fc.assert(
      fc.property(sketches({ most: 12, lenient: false }), (sketch) => {
        const { plan, faults } = planned(sketch);
        expect(faults).toEqual([]);
        expect({ waves: plan.waves.length, largestGroup: largestGroup(plan) }).toEqual(
          exhaustiveOptimum(sketch),
        );
      }),
      { numRuns: 10_000 },
    );
  },
  LONG,
);
