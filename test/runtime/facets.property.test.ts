import { setImmediate } from "node:timers/promises";

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { facet } from "../support/root.ts";
import { startable, startFacets } from "./startable.ts";

interface Node {
  /** Earlier nodes that it waits for. */
  readonly after: readonly number[];
  /** Turns of the event loop that its start takes. */
  readonly turns: number;
  readonly fails: boolean;
}

/** A random graph in an order that respects it. */
const graphs: fc.Arbitrary<Node[]> = fc
  .array(
    fc.record({
      after: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
      turns: fc.nat({ max: 4 }),
      fails: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    }),
    { maxLength: 12 },
  )
  .map((nodes) =>
    nodes.map((node, i) => ({ ...node, after: [...new Set(node.after.filter((at) => at < i))] })),
  );

type Event = { readonly kind: "start" | "ready" | "fail" | "stop"; readonly node: number };

/** Starts and stops a graph and writes down what happens. */
async function run(nodes: readonly Node[]): Promise<readonly Event[]> {
  const events: Event[] = [];
  const facets = nodes.map(({ after, turns, fails }, node) =>
    startable(
      `p${node}#main`,
      {
        async start() {
          events.push({ kind: "start", node });
          for (let turn = 0; turn < turns; turn++) await setImmediate();
          events.push({ kind: fails ? "fail" : "ready", node });
          if (fails) throw new Error("it fails");
        },
        stop: () => void events.push({ kind: "stop", node }),
      },
      { after: after.map((at) => facet(`p${at}#main`)) },
    ),
  );
  const started = await startFacets(facets);
  await setImmediate();
  await started.stop();
  return events;
}

const nodesOf = (events: readonly Event[], kind: Event["kind"]): number[] =>
  events.filter((event) => event.kind === kind).map(({ node }) => node);

it("starts a facet exactly when all that it waits for is ready, and nothing that waits for a failure", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (nodes) => {
      const events = await run(nodes);
      const blocked: boolean[] = [];
      for (const { after } of nodes) {
        blocked.push(after.some((at) => nodes[at]?.fails === true || blocked[at] === true));
      }
      expect(nodesOf(events, "start").toSorted((a, b) => a - b)).toEqual(
        [...nodes.keys()].filter((node) => !blocked[node]),
      );
      const early = events.flatMap(({ kind, node }, i) => {
        const ready = new Set(nodesOf(events.slice(0, i), "ready"));
        return kind === "start" ? (nodes[node]?.after.filter((at) => !ready.has(at)) ?? []) : [];
      });
      expect(early).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it("stops what failed first, and the rest in the exact reverse of the order in which it became ready", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (nodes) => {
      const events = await run(nodes);
      const [failed, ready] = [nodesOf(events, "fail"), nodesOf(events, "ready")];
      const stopped = nodesOf(events, "stop");
      expect(new Set(stopped.slice(0, failed.length))).toEqual(new Set(failed));
      expect(stopped.slice(failed.length)).toEqual(ready.toReversed());
    }),
    { numRuns: 200 },
  );
});
