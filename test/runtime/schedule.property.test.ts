import * as fc from "fast-check";
import { expect, it } from "vitest";

import { Schedule } from "../../src/runtime/lifecycle/schedule.ts";

interface Node {
  readonly id: number;
  readonly after: readonly number[];
}

/** Random graphs in an order that respects them. */
const graphs: fc.Arbitrary<readonly Node[]> = fc
  .array(fc.array(fc.nat({ max: 40 }), { maxLength: 4 }), { maxLength: 40 })
  .map((lists) => lists.map((after, id) => ({ id, after: [...new Set(after.filter((at) => at < id))] })));

/** The longest path from a node, found by walking every path. */
const longest = (nodes: readonly Node[], id: number): number =>
  1 + Math.max(0, ...nodes.filter(({ after }) => after.includes(id)).map((next) => longest(nodes, next.id)));

it("hands out, of the nodes that could be next, always the one with the longest path behind it", () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.nat()), (nodes, choices) => {
      const lengths = nodes.map(({ id }) => longest(nodes, id));
      const schedule = new Schedule(nodes);
      const waiting = new Set(nodes);
      const settled = new Set<number>();
      const running: number[] = [];
      while (!schedule.isOver()) {
        const ready = [...waiting].filter(({ after }) => after.every((id) => settled.has(id)));
        const best = ready.toSorted((a, b) => (lengths[b.id] ?? 0) - (lengths[a.id] ?? 0) || a.id - b.id)[0];
        const takes = best !== undefined && (running.length === 0 || (choices.next().value ?? 0) % 2 === 0);
        const taken = takes ? schedule.take() : undefined;
        expect({ taken, hasNext: schedule.hasNext() }).toEqual({
          taken: takes ? best.id : undefined,
          hasNext: ready.length > (takes ? 1 : 0),
        });
        if (takes) {
          waiting.delete(best);
          running.push(best.id);
        } else {
          const [over = 0] = running.splice((choices.next().value ?? 0) % running.length, 1);
          settled.add(over);
          schedule.settle(over);
        }
      }
      expect(settled.size).toBe(nodes.length);
      expect(schedule.take()).toBe(undefined);
    }),
  );
});

it("tells the longest path that waits for a node", () => {
  const schedule = new Schedule([
    { id: "venue", after: [] },
    { id: "risk", after: ["venue"] },
    { id: "log", after: ["venue"] },
    { id: "orders", after: ["risk", "venue"] },
  ]);
  expect(schedule.longestPathFrom("venue")).toEqual(["venue", "risk", "orders"]);
  expect(schedule.longestPathFrom("log")).toEqual(["log"]);
});
