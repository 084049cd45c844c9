import * as fc from "fast-check";
import { expect, it } from "vitest";

import { Breaker } from "../../../src/runtime/recovery/breaker.ts";

const OPEN_MS = 1000;

it("is open from so many failures in a row to the next answer, and lets one trial through a while", () => {
  const steps = fc.array(
    fc.record({
      waitMs: fc.constantFrom(0, 400, 1000),
      outcome: fc.constantFrom("answered", "failed", "leftOff"),
    }),
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (calls, failures) => {
      const breaker = new Breaker({ failures, openMs: OPEN_MS });
      let nowMs = 0;
      let inRow = 0;
      let refusedUntilMs = 0;
      for (const { waitMs, outcome } of calls) {
        nowMs += waitMs;
        expect(breaker.isOpen).toBe(inRow >= failures);
        const admitted = breaker.admits(nowMs);
        expect(admitted).toBe(inRow < failures || nowMs >= refusedUntilMs);
        if (!admitted) continue;
        // While a trial is under way nobody else is let through.
        expect(breaker.admits(nowMs)).toBe(inRow < failures);
        if (outcome === "failed") {
          breaker.failed(nowMs);
          inRow += 1;
          refusedUntilMs = nowMs + OPEN_MS;
        } else if (outcome === "answered") {
          breaker.answered();
          inRow = 0;
        } else breaker.leftOff();
      }
    }),
    { numRuns: 2000 },
  );
});
