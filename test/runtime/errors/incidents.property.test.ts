import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { FacetId } from "../../../src/domain/ids.ts";
import { needsOf, type Dependencies } from "../../../src/runtime/errors/dependencies.ts";
import {
  afterFailure,
  afterRecovery,
  alertsDue,
  type Branch,
  type Incident,
  type Incidents,
  NO_INCIDENTS,
  type Failed,
  type Recovered,
  treeOf,
} from "../../../src/runtime/errors/incidents.ts";
import { facet } from "../../support/root.ts";

const SETTLE_MS = 1000;
const failed = (name: FacetId, atMs: number): Failed => ({
  kind: "failed",
  facet: name,
  atMs,
  code: "START_FAILED",
  message: "it fails",
});
const well = (name: FacetId, atMs: number): Recovered => ({ kind: "well", facet: name, atMs });

/** A random graph of plugins, each of which needs some of those before it. */
const graphs: fc.Arbitrary<Dependencies> = fc
  .array(fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), { minLength: 1, maxLength: 14 })
  .map(
    (nodes) =>
      new Map(
        nodes.map((needs, i) => [
          facet(`p${i}#main`),
          [...new Set(needs.filter((at) => at < i))].map((at) => facet(`p${at}#main`)),
        ]),
      ),
  );

interface Told {
  readonly incidents: Incidents;
  readonly alerts: readonly Incident[];
}

/** Feeds signals and tells what was alerted about on the way, and a while after. */
function tell(
  signals: readonly (Failed | Recovered)[],
  dependencies: Dependencies,
  before = NO_INCIDENTS,
): Told {
  const correlating = { dependencies, settleMs: SETTLE_MS };
  const alerts: Incident[] = [];
  let incidents = before;
  const alert = (nowMs: number): void => {
    const due = alertsDue(incidents, nowMs, SETTLE_MS);
    incidents = due.incidents;
    alerts.push(...due.alerts);
  };
  for (const signal of signals) {
    alert(signal.atMs);
    incidents =
      signal.kind === "failed"
        ? afterFailure(incidents, signal, correlating)
        : afterRecovery(incidents, signal);
  }
  alert((signals.at(-1)?.atMs ?? 0) + SETTLE_MS);
  return { incidents, alerts };
}

const branches = (tree: Branch | undefined): Branch[] =>
  tree ? [tree, ...tree.triggered.flatMap((each) => branches(each))] : [];

/** A graph, a facet of it that fails, and all that needs it, in any order within the time to settle. */
const cascades = graphs.chain((dependencies) => {
  const names = [...dependencies.keys()];
  return fc.constantFrom(...names).chain((root) => {
    const all = names.filter((name) => name === root || needsOf(name, dependencies).includes(root));
    return fc
      .tuple(
        fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
        fc.integer({ min: 0, max: 40 }),
      )
      .map(([order, step]) => ({ dependencies, root, order, step }));
  });
});

describe("incidents", () => {
  it("are one for a cause and all that it triggers, in whatever order they are told, with one alert", () => {
    fc.assert(
      fc.property(cascades, ({ dependencies, root, order, step }) => {
        const { incidents, alerts } = tell(
          order.map((name, i) => failed(name, i * step)),
          dependencies,
        );
        expect(incidents.open).toHaveLength(1);
        expect(incidents.open[0]?.root).toBe(root);
        expect(new Set(incidents.open[0]?.failures.keys())).toEqual(new Set(order));
        expect(alerts).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  it("are trees in which each failure needs the one above it, and none is lost", () => {
    fc.assert(
      fc.property(cascades, ({ dependencies, order }) => {
        const { incidents } = tell(
          order.map((name) => failed(name, 0)),
          dependencies,
        );
        const [incident] = incidents.open;
        const all = branches(incident && treeOf(incident, dependencies));
        expect(all.map((each) => each.facet).toSorted()).toEqual(order.toSorted());
        for (const each of all) {
          for (const below of each.triggered) {
            expect(needsOf(below.facet, dependencies)).toContain(each.facet);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("hold each failing facet once, are over when all of theirs are well, and are alerted about once", () => {
    const histories = graphs.chain((dependencies) =>
      fc
        .array(
          fc.record({
            name: fc.constantFrom(...dependencies.keys()),
            fails: fc.boolean(),
            waitMs: fc.constantFrom(0, 10, 600, 5000),
          }),
          { maxLength: 40 },
        )
        .map((steps) => ({ dependencies, steps })),
    );
    fc.assert(
      fc.property(histories, ({ dependencies, steps }) => {
        let atMs = 0;
        const failing = new Set<FacetId>();
        const signals = steps.map(({ name, fails, waitMs }) => {
          atMs += waitMs;
          if (fails) failing.add(name);
          else failing.delete(name);
          return fails ? failed(name, atMs) : well(name, atMs);
        });
        const { incidents, alerts } = tell(signals, dependencies);
        const held = incidents.open.flatMap(({ failures }) =>
          [...failures.values()].flatMap((each) => (each.wellAtMs === undefined ? [each.facet] : [])),
        );
        expect(held.toSorted()).toEqual([...failing].toSorted());
        expect(incidents.open.filter(({ closedMs }) => closedMs !== undefined)).toEqual([]);
        const ids = alerts.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const known = [...incidents.open, ...incidents.closed].map(({ id }) => id);
        expect(known.filter((id) => !ids.includes(id))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it("of plugins that do not need each other stay apart", () => {
    const apart: Dependencies = new Map([
      [facet("a#main"), []],
      [facet("b#main"), [facet("a#main")]],
      [facet("c#main"), []],
      [facet("d#main"), [facet("c#main")]],
    ]);
    const { incidents, alerts } = tell(
      ["b", "d", "a", "c"].map((name) => failed(facet(`${name}#main`), 0)),
      apart,
    );
    expect(incidents.open.map(({ root }) => root)).toEqual([facet("a#main"), facet("c#main")]);
    expect(alerts).toHaveLength(2);
  });

  it("are joined by facets of one plugin and by the call that they failed in", () => {
    const dependencies: Dependencies = new Map(
      ["venue#md", "venue#orders", "desk#main", "log#main"].map((name) => [
        facet(name),
        name === "desk#main" ? [facet("venue#orders")] : [],
      ]),
    );
    const { incidents } = tell(
      [
        { ...failed(facet("desk#main"), 0), correlation: "order 7" },
        { ...failed(facet("log#main"), 5), correlation: "order 7" },
        failed(facet("venue#md"), 10),
        failed(facet("venue#orders"), 10),
      ],
      dependencies,
    );
    expect(incidents.open).toHaveLength(1);
    expect(incidents.open[0]?.root).toBe(facet("venue#md"));
    expect(branches(incidents.open[0] && treeOf(incidents.open[0], dependencies))).toHaveLength(4);
  });

  it("are not made by what only follows from something, and not joined long after", () => {
    const [cause, user] = [facet("a#main"), facet("b#main")];
    const dependencies: Dependencies = new Map([
      [cause, []],
      [user, [cause]],
    ]);
    const consequence = { ...failed(user, 0), isConsequence: true };
    expect(tell([consequence], dependencies).incidents.open).toEqual([]);
    const late = tell([failed(user, 0), failed(cause, SETTLE_MS + 1)], dependencies);
    expect(late.incidents.open.map(({ root }) => root)).toEqual([user, cause]);
  });

  it("that are over are remembered up to a bound", () => {
    const only = facet("a#main");
    const signals = Array.from({ length: 300 }, (_, i) => [failed(only, i * 9000), well(only, i * 9000 + 1)]);
    const { incidents, alerts } = tell(signals.flat(), new Map([[only, []]]));
    expect(incidents.closed).toHaveLength(100);
    expect(alerts).toHaveLength(300);
  });
});
