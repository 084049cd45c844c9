import * as fc from "fast-check";
import { expect, it } from "vitest";

import { DEFAULT_RESTARTS, restartAfter } from "../../../src/runtime/supervision/restart-policy.ts";

it("puts restarts off for 1, 2 and 4 seconds, and has enough of the fourth crash within a minute", () => {
  const crashes = [0, 5000, 10_000, 15_000];
  const decided = crashes.map((_, i) => restartAfter(crashes.slice(0, i + 1), DEFAULT_RESTARTS, 0.5));
  expect(decided).toEqual([
    { attempt: 1, inMs: 1000 },
    { attempt: 2, inMs: 2000 },
    { attempt: 3, inMs: 4000 },
    undefined,
  ]);
});

it("never has enough of what was well for a minute each time, and starts over with the shortest wait", () => {
  const gaps = fc.array(fc.integer({ min: DEFAULT_RESTARTS.withinMs, max: 10 ** 7 }), { minLength: 1 });
  fc.assert(
    fc.property(gaps, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (waits, chance) => {
      let now = 0;
      const crashes = waits.map((ms) => (now += ms));
      const restart = restartAfter(crashes, DEFAULT_RESTARTS, chance);
      expect(restart?.attempt).toBe(1);
      expect(restart?.inMs).toBeGreaterThanOrEqual(800);
      expect(restart?.inMs).toBeLessThanOrEqual(1200);
    }),
  );
});

it("allows at most so many restarts in any window, as a count of each window says", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 30 }), (waits) => {
      let now = 0;
      const crashes = waits.map((ms) => (now += ms));
      const inWindow = crashes.filter((at) => at > now - DEFAULT_RESTARTS.withinMs).length;
      const restart = restartAfter(crashes, DEFAULT_RESTARTS, 0.5);
      expect(restart?.attempt).toBe(inWindow > DEFAULT_RESTARTS.restarts ? undefined : inWindow);
    }),
  );
});
