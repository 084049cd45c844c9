import * as fc from "fast-check";
import { expect, it } from "vitest";

import { BudgetLedger } from "../../../src/runtime/errors/error-budget.ts";

const budget = { share: 0.1, windowMs: 60_000, atLeast: 5 };

it("counts exactly what lies in the window, to a sixtieth of it", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ waitMs: fc.nat({ max: 20_000 }), hasFailed: fc.boolean(), times: fc.nat({ max: 9 }) }),
      ),
      (steps) => {
        const ledger = new BudgetLedger(budget);
        const told: { readonly slot: number; readonly hasFailed: boolean }[] = [];
        let nowMs = 1_700_000_000_000;
        for (const { waitMs, hasFailed, times } of steps) {
          nowMs += waitMs;
          for (let i = 0; i < times; i++) {
            ledger.record(nowMs, hasFailed);
            told.push({ slot: Math.floor(nowMs / 1000), hasFailed });
          }
        }
        const inWindow = told.filter(({ slot }) => slot > Math.floor(nowMs / 1000) - 60);
        const failures = inWindow.filter(({ hasFailed }) => hasFailed).length;
        expect(ledger.left(nowMs)).toBeCloseTo(1 - failures / Math.max(5, inWindow.length / 10));
      },
    ),
    { numRuns: 1000 },
  );
});

it("is spent by failures, and whole again when they are long ago", () => {
  const ledger = new BudgetLedger(budget);
  for (let i = 0; i < 5; i++) ledger.record(1000, true);
  expect(ledger.left(1000)).toBe(0);
  expect(ledger.left(61_001)).toBe(1);
  ledger.record(500, true);
  expect(ledger.left(61_001)).toBeLessThan(1);
});
