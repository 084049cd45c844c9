import * as fc from "fast-check";
import { expect, it } from "vitest";

import { targetOf, type When } from "../../src/domain/manifest.ts";
import type { Plan } from "../../src/domain/plan.ts";
import type { Cycle } from "../../src/planner/cycle.ts";
import type { Edge } from "../../src/planner/edge.ts";
import { planDeployment, type PlanInput } from "../../src/planner/plan.ts";
import { needsPort, plugin } from "../resolver/registry.ts";
import { planInput } from "./lock.ts";

it("plans exactly what can be ordered, and shows a cycle for the rest", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      expect(planDeployment(inputFor(graph)).ok).toBe(!hasCycle(waits(graph.map(withoutLazy))));
    }),
    { numRuns: 1000 },
  );
});

it("never starts a facet before what it waits for, and each in the first wave in which it can", () => {
  fc.assert(
    fc.property(orderable, ([graph, { start, generation }]) => {
      const waveOf = new Map(start.waves.flatMap((wave, number) => wave.map((id) => [id as string, number])));
      expect(new Set(waveOf.keys())).toEqual(new Set(graph.map(facetOf)));
      for (const { id, after } of generation.facets) {
        const lastNeeded = Math.max(-1, ...after.map((needed) => waveOf.get(needed) ?? Infinity));
        expect(waveOf.get(id)).toBe(lastNeeded + 1);
      }
    }),
    { numRuns: 500 },
  );
});

it("waits for all that is required, except what only has to be met later and would close a cycle", () => {
  fc.assert(
    fc.property(orderable, ([graph, { generation }]) => {
      const waited = new Set(generation.facets.flatMap(({ id, after }) => after.map((to) => `${id} ${to}`)));
      const hard = new Set(waits(graph.map(withoutLazy)).map((edge) => edge.join(" ")));
      expect(hard.isSubsetOf(waited)).toBe(true);
      const kept = [...waited].map((edge) => edge.split(" ") as [string, string]);
      for (const edge of waits(graph).filter((each) => !waited.has(each.join(" ")))) {
        expect(hasCycle([...kept, edge])).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

it("shows a cycle whose every step is a requirement that somebody states", () => {
  fc.assert(
    fc.property(cyclic, ([graph, { path, edges }]) => {
      const steps = path.slice(1).map((to, step) => [path[step], to]);
      expect(edges.every(isRequired)).toBe(true);
      expect(path.at(-1)).toBe(path[0]);
      expect(new Set(path).size).toBe(path.length - 1);
      expect(waits(graph)).toEqual(expect.arrayContaining(steps));
      expect(steps).toEqual(expect.arrayContaining(edges.map(({ from, to }) => [from, to])));
      for (const { to, origin } of edges.filter(isRequired)) {
        const stating = graph.find((facet) => facetOf(facet) === origin.statedBy);
        expect(stating?.needs).toContainEqual({ id: shortOf(to), when: origin.requirement.when });
        expect(targetOf(origin.requirement)).toBe(`port:${shortOf(to)}`);
      }
    }),
    { numRuns: 500 },
  );
});

it("gives one plan for a lock in any order", () => {
  fc.assert(
    fc.property(graphs.map(inputFor).chain(withShuffled), ([input, shuffled]) => {
      expect(planDeployment(shuffled)).toEqual(planDeployment(input));
    }),
    { numRuns: 500 },
  );
});

const isRequired = (edge: Edge): edge is Edge & { origin: { kind: "wire" } } => edge.origin.kind === "wire";

/** A facet `a1` is facet `f1` of plugin `a`, and provides the port `a1`. */
interface SketchedFacet {
  readonly id: string;
  readonly needs: readonly { readonly id: string; readonly when: When }[];
}

const IDS = ["a1", "a2", "b1", "b2", "c1", "d1", "e1"];

const graphs: fc.Arbitrary<readonly SketchedFacet[]> = fc.tuple(
  ...IDS.map((id) =>
    fc.record({
      id: fc.constant(id),
      needs: fc.uniqueArray(
        fc.record({
          id: fc.constantFrom(...IDS.filter((other) => other !== id)),
          when: fc.constantFrom<When>("load", "start", "start", "enable"),
        }),
        { maxLength: 2, selector: (needed) => needed.id },
      ),
    }),
  ),
);

const facetOf = ({ id }: { readonly id: string }): string => `@tradsys/${id.charAt(0)}#f${id.charAt(1)}`;
const shortOf = (facet: string): string => facet.replace(/^@tradsys\/(.)#f(.)$/, "$1$2");

function inputFor(graph: readonly SketchedFacet[]): PlanInput {
  const candidates = [...Map.groupBy(graph, ({ id }) => id.charAt(0))].map(([name, facets]) =>
    plugin(`${name} 1.0.0`, {
      facets: Object.fromEntries(
        facets.map(({ id, needs }) => [
          `f${id.charAt(1)}`,
          {
            provides: { [id]: "1.0.0" },
            requires: needs.map((needed) => needsPort(needed.id, "^1", { when: needed.when })),
          },
        ]),
      ),
    }),
  );
  return planInput(candidates, { a: "*", b: "*", c: "*", d: "*", e: "*" });
}

const withoutLazy = ({ id, needs }: SketchedFacet): SketchedFacet => ({
  id,
  needs: needs.filter(({ when }) => when !== "enable"),
});

/** Who waits for whom, read off the sketch. */
const waits = (graph: readonly SketchedFacet[]): readonly (readonly [from: string, to: string])[] =>
  graph.flatMap((facet) =>
    facet.needs.flatMap((needed) =>
      graph
        .filter(
          ({ id }) => id === facet.id || (needed.when === "load" && id.charAt(0) === facet.id.charAt(0)),
        )
        .map((waiting) => [facetOf(waiting), facetOf(needed)] as const),
    ),
  );

/** Whether anything reaches itself (Warshall's closure). */
function hasCycle(edges: readonly (readonly [from: string, to: string])[]): boolean {
  const ids = IDS.map((id) => facetOf({ id }));
  const reaches = new Set(edges.map(([from, to]) => `${from} ${to}`));
  for (const via of ids) {
    for (const from of ids) {
      for (const to of ids) {
        if (reaches.has(`${from} ${via}`) && reaches.has(`${via} ${to}`)) reaches.add(`${from} ${to}`);
      }
    }
  }
  return ids.some((id) => reaches.has(`${id} ${id}`));
}

const planned = graphs.map((graph) => [graph, planDeployment(inputFor(graph))] as const);

const orderable: fc.Arbitrary<readonly [readonly SketchedFacet[], Plan]> = planned
  .filter(([, plan]) => plan.ok)
  .map(([graph, plan]) => [graph, plan.ok ? plan.value : expect.unreachable()]);

const cyclic: fc.Arbitrary<readonly [readonly SketchedFacet[], Cycle]> = planned
  .filter(([, plan]) => !plan.ok)
  .map(([graph, plan]) => [
    graph,
    !plan.ok && plan.error.kind === "cycle" ? plan.error : expect.unreachable(),
  ]);

const shuffled = <T>(items: Iterable<T>) => {
  const all = [...items];
  return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
};

const withShuffled = (input: PlanInput): fc.Arbitrary<readonly [PlanInput, PlanInput]> =>
  fc.tuple(
    fc.constant(input),
    fc
      .record({
        plugins: shuffled(input.lock.plugins),
        bindings: shuffled(input.lock.bindings),
        manifests: shuffled(input.manifests).map((entries) => new Map(entries)),
      })
      .map(({ plugins, bindings, manifests }) => ({
        ...input,
        manifests,
        lock: { ...input.lock, plugins, bindings },
      })),
  );
