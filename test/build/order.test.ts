import * as fc from "fast-check";
import { expect, it } from "vitest";

import { inDependencyOrder } from "../../src/cli/builds/order.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import type { Target } from "../../src/domain/manifest.ts";
import { pool } from "../../src/domain/settle.ts";

const plugin = (name: string, provides: readonly string[], requires: readonly string[]) => ({
  name: `@acme/${name}` as PluginName,
  provides: [`plugin:@acme/${name}`, ...provides.map((port) => `port:${port}`)] as Target[],
  requires: requires.map((port) => `port:${port}`) as Target[],
});

it("puts providers before those that need them, and names decide the rest", () => {
  const names = inDependencyOrder([
    plugin("limit", ["risk-limit"], []),
    plugin("desk", [], ["risk", "market-data"]),
    plugin("risk", ["risk"], ["risk-limit", "market-data"]),
    plugin("feed", ["market-data"], []),
  ]).map(({ name }) => name);
  expect(names).toEqual(["@acme/feed", "@acme/limit", "@acme/risk", "@acme/desk"]);
});

it("orders plugins that need each other, too, and whatever order they come in", () => {
  const circle = [
    plugin("connector", ["feed"], ["risk"]),
    plugin("risk", ["risk"], ["feed"]),
    plugin("alone", [], []),
  ];
  const expected = inDependencyOrder(circle);
  expect(expected.map(({ name }) => name)).toEqual(["@acme/alone", "@acme/risk", "@acme/connector"]);
  expect(inDependencyOrder(circle.toReversed())).toEqual(expected);
});

it("works on so many at once and no more, each in its turn, whatever fails", async () => {
  const delays = fc.array(fc.record({ turns: fc.nat(5), fails: fc.boolean() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(delays, fc.integer({ min: 1, max: 4 }), async (jobs, limit) => {
      let running = 0;
      let most = 0;
      const started: number[] = [];
      const outcomes = await Promise.allSettled(
        pool(
          jobs.map(({ turns, fails }, i) => async () => {
            started.push(i);
            most = Math.max(most, ++running);
            for (let turn = 0; turn < turns; turn++) await Promise.resolve();
            running--;
            if (fails) throw new Error(String(i));
            return i;
          }),
          limit,
        ),
      );
      expect(started).toEqual(jobs.map((_, i) => i));
      expect(most).toBeLessThanOrEqual(limit);
      expect(outcomes.map(({ status }) => status === "rejected")).toEqual(jobs.map(({ fails }) => fails));
    }),
  );
});
