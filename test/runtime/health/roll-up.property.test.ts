import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { TradsysError } from "../../../src/domain/errors.ts";
import type { FacetId } from "../../../src/domain/ids.ts";
import { type HealthNode, rollUp, type Verdict } from "../../../src/runtime/health/roll-up.ts";
import type { FacetState } from "../../../src/runtime/lifecycle/facet-state.ts";
import { facet } from "../../support/root.ts";

const STATES: Readonly<Record<Verdict, FacetState>> = {
  up: { state: "ready" },
  degraded: { state: "degraded", reason: "slow" },
  down: { state: "failed", error: new TradsysError("START_FAILED", "it fails") },
};
const VERDICTS: readonly Verdict[] = ["up", "degraded", "down"];

interface Drawn {
  readonly own: Verdict;
  readonly isCritical: boolean;
  /** Each need: the numbers of its providers, and whether it can do without. */
  readonly needs: readonly { readonly providers: readonly number[]; readonly isOptional: boolean }[];
}

/** Any graph, circles too. */
const graphs: fc.Arbitrary<Drawn[]> = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc.array(
    fc.record({
      own: fc.constantFrom(...VERDICTS),
      isCritical: fc.boolean(),
      needs: fc.array(
        fc.record({
          providers: fc.uniqueArray(fc.nat({ max: size - 1 }), { maxLength: 3 }),
          isOptional: fc.boolean(),
        }),
        { maxLength: 2 },
      ),
    }),
    { minLength: size, maxLength: size },
  ),
);

const nameOf = (i: number): FacetId => facet(`p${i}#main`);

function roll(graph: readonly Drawn[]) {
  const nodes = graph.map(({ isCritical, needs }, i): HealthNode => ({
    id: nameOf(i),
    system: i % 2 === 0 ? "risk" : "exchange",
    isCritical,
    isLazy: false,
    needs: needs.map(({ providers, isOptional }) => ({ providers: providers.map(nameOf), isOptional })),
  }));
  return rollUp(nodes, new Map(graph.map(({ own }, i) => [nameOf(i), STATES[own]])));
}

/** The verdicts by what a person would say, asked of each until no answer changes. */
function oracle(graph: readonly Drawn[]): readonly Verdict[] {
  const down = new Set(graph.flatMap(({ own }, i) => (own === "down" ? [i] : [])));
  for (let before = -1; before !== down.size;) {
    before = down.size;
    for (const [i, { needs }] of graph.entries()) {
      const lost = needs.some(
        ({ providers, isOptional }) =>
          !isOptional && providers.length > 0 && providers.every((at) => down.has(at)),
      );
      if (lost) down.add(i);
    }
  }
  const bad = new Set(graph.flatMap(({ own }, i) => (own === "up" && !down.has(i) ? [] : [i])));
  for (let before = -1; before !== bad.size;) {
    before = bad.size;
    for (const [i, { needs }] of graph.entries()) {
      if (needs.some(({ providers }) => providers.some((at) => bad.has(at)))) bad.add(i);
    }
  }
  return graph.map((_, i) => (down.has(i) ? "down" : bad.has(i) ? "degraded" : "up"));
}

describe("health", () => {
  it("is as bad as what is needed, down where nothing is left of it, and settles in any graph", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { facets } = roll(graph);
        expect([...facets.values()].map(({ verdict }) => verdict)).toEqual(oracle(graph));
        expect([...facets.values()].map(({ isAlive }) => isAlive)).toEqual(
          graph.map(({ own }) => own !== "down"),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it("blames something that is itself not well, wherever it is not well", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const all = [...roll(graph).facets.values()];
        expect(all.map(({ because }) => because === undefined)).toEqual(
          all.map(({ verdict }) => verdict === "up"),
        );
        const sound = new Set(graph.flatMap(({ own }, i) => (own === "up" ? [nameOf(i)] : [])));
        expect(all.filter(({ because }) => because && sound.has(because.facet))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it("of a system is down with anything critical, and of the platform as bad as that of its systems", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { facets, systems, platform } = roll(graph);
        const verdicts = [...facets.values()].map(({ verdict }) => verdict);
        const expected = (group: readonly number[]): Verdict => {
          if (group.some((i) => graph[i]?.isCritical === true && verdicts[i] === "down")) return "down";
          return group.every((i) => verdicts[i] === "up") ? "up" : "degraded";
        };
        const all = graph.map((_, i) => i);
        expect(platform).toBe(expected(all));
        expect(systems.get("risk")).toBe(expected(all.filter((i) => i % 2 === 0)));
        const worst = Math.max(...[...systems.values()].map((each) => VERDICTS.indexOf(each)));
        expect(VERDICTS.indexOf(platform)).toBe(worst);
      }),
      { numRuns: 1000 },
    );
  });

  it("takes no harm from what waits to be used, and tells what works worse than its state says", () => {
    const id = nameOf(0);
    const node: HealthNode = { id, system: "risk", isCritical: true, isLazy: true, needs: [] };
    const waiting = new Map<FacetId, FacetState>([[id, { state: "waiting" }]]);
    expect(rollUp([node], waiting).platform).toBe("up");
    expect(rollUp([{ ...node, isLazy: false }], waiting).platform).toBe("down");
    const ready = new Map([[id, STATES.up]]);
    expect(rollUp([node], ready, new Map([[id, "its error budget is spent"]])).facets.get(id)).toEqual({
      isAlive: true,
      verdict: "degraded",
      because: { facet: id, reason: "its error budget is spent" },
    });
  });
});
