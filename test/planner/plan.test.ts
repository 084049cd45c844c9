import { expect, it } from "vitest";

import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { findPluginCycle } from "../../src/planner/cycle.ts";
import { explainRefusal } from "../../src/planner/explain.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { named, needs, needsPort, plugin } from "../resolver/registry.ts";
import { CYCLIC_LIMIT, FIRST_DEPLOYMENT, TRADING } from "../resolver/trading.ts";
import { activated, planFor, planInput } from "./lock.ts";

const short = (waves: readonly (readonly string[])[]) =>
  waves.map((wave) => wave.map((id) => id.replace("@tradsys/", "")));

it("starts venues before the risk core that reads them, and order entry after it", () => {
  const { start } = planFor(planInput(TRADING, FIRST_DEPLOYMENT));
  expect(short(start.waves)).toMatchInlineSnapshot(`
    [
      [
        "calendar-mena#main",
        "connector-binance#account",
        "connector-kraken#account",
        "limit-daily-loss#main",
        "limit-order-rate#main",
        "limit-position#main",
        "md-normaliser#main",
        "risk-rules-pretrade#main",
      ],
      [
        "connector-adx#account",
        "connector-adx#market-data",
        "connector-binance#market-data",
        "connector-kraken#market-data",
      ],
      [
        "risk-core#main",
      ],
      [
        "connector-adx#order-entry",
        "connector-binance#order-entry",
        "connector-kraken#order-entry",
      ],
    ]
  `);
});

it("accepts a cycle between plugins that is none between their facets, and names it", () => {
  const { generation } = planFor(planInput(TRADING, FIRST_DEPLOYMENT));
  expect(findPluginCycle(generation.facets)).toEqual([
    "@tradsys/connector-adx",
    "@tradsys/risk-core",
    "@tradsys/connector-adx",
  ]);
});

it("finds no cycle between plugins where there is none", () => {
  const { generation } = planFor(
    planInput([plugin("a 1.0.0", { requires: [needs("b", "*")] }), plugin("b 1.0.0")], { a: "*" }),
  );
  expect(findPluginCycle(generation.facets)).toBeUndefined();
});

it("prints the whole path of a limit and a risk core that load before each other", () => {
  const plan = planDeployment(
    planInput([...TRADING, CYCLIC_LIMIT], { ...FIRST_DEPLOYMENT, "limit-daily-loss": "1.0.3" }),
  );
  expect(!plan.ok && explainRefusal(plan.error).message).toMatchInlineSnapshot(`
    "These facets wait for each other: @tradsys/limit-daily-loss#main -> @tradsys/risk-core#main -> @tradsys/limit-daily-loss#main
      - @tradsys/limit-daily-loss#main waits for @tradsys/risk-core#main: it requires plugin:@tradsys/risk-core (when: load)
      - @tradsys/risk-core#main waits for @tradsys/limit-daily-loss#main: it requires port:risk-limit (when: load)"
  `);
});

it("says which requirement pulls a sibling facet into a cycle", () => {
  const plan = planDeployment(
    planInput(
      [
        plugin("a 1.0.0", {
          facets: {
            feed: { provides: { feed: "1.0.0" } },
            gate: { requires: [needs("b", "*", { when: "load" })] },
          },
        }),
        plugin("b 1.0.0", { requires: [needsPort("feed", "*")] }),
      ],
      { a: "*" },
    ),
  );
  expect(!plan.ok && explainRefusal(plan.error).message).toMatchInlineSnapshot(`
    "These facets wait for each other: @tradsys/a#feed -> @tradsys/b#main -> @tradsys/a#feed
      - @tradsys/a#feed waits for @tradsys/b#main: @tradsys/a#gate requires plugin:@tradsys/b (when: load)
      - @tradsys/b#main waits for @tradsys/a#feed: it requires port:feed (when: start)
    With \`when: start\` for plugin:@tradsys/b, @tradsys/a#gate alone would wait, and not its whole plugin."
  `);
});

it("starts lower priorities first within a wave, then goes by name", () => {
  const input = planInput(
    [plugin("a 1.0.0"), plugin("b 1.0.0", {}, { priority: 10 }), plugin("c 1.0.0", {}, { priority: 10 })],
    { a: "*", b: "*", c: "*" },
  );
  expect(short(planFor(input).start.waves)).toEqual([["b#main", "c#main", "a#main"]]);
});

it("writes down who provides each port and what must be ready first", () => {
  const { generation } = planFor(planInput(TRADING, FIRST_DEPLOYMENT));
  expect(generation.facets.find(({ id }) => id === "@tradsys/connector-kraken#order-entry")).toEqual({
    id: "@tradsys/connector-kraken#order-entry",
    after: ["@tradsys/connector-kraken#account", "@tradsys/risk-core#main"],
    ports: {
      account: ["@tradsys/connector-kraken#account"],
      "risk-pretrade": ["@tradsys/risk-core#main"],
    },
  });
  const { after = [] } = generation.facets.find(({ id }) => id === "@tradsys/risk-core#main") ?? {};
  expect(after).toHaveLength(11);
  expect(after).toEqual(after.toSorted());
});

it("is the first plan where nothing is active: it adds every plugin", () => {
  const plan = planFor(planInput(TRADING, FIRST_DEPLOYMENT));
  expect(plan.base).toBeNull();
  expect(new Set(plan.changes.map(({ action }) => action))).toEqual(new Set(["add"]));
  expect(plan.next).toBe(sha256(canonical(plan.generation)));
});

it("names what changes between two sets", () => {
  const before = activated(
    planInput(
      ["down 2.0.0", "gone 1.0.0", "prerelease 2.0.0-rc.9", "same 1.0.0", "up 1.9.0"].map((id) => plugin(id)),
      { down: "*", gone: "*", prerelease: ">=2.0.0-rc.1", same: "*", up: "*" },
    ),
  );
  const after = planFor(
    planInput(
      ["down 1.0.0", "new 1.0.0", "prerelease 2.0.0-rc.10", "same 1.0.0", "up 1.10.0"].map((id) =>
        plugin(id),
      ),
      { down: "*", new: "*", prerelease: ">=2.0.0-rc.1", same: "*", up: "*" },
      { base: before },
    ),
  );
  expect(after.base).toBe(before.digest);
  expect(after.changes).toEqual([
    { action: "downgrade", plugin: "@tradsys/down", from: "2.0.0", to: "1.0.0" },
    { action: "remove", plugin: "@tradsys/gone", from: "1.0.0" },
    { action: "add", plugin: "@tradsys/new", to: "1.0.0" },
    { action: "upgrade", plugin: "@tradsys/prerelease", from: "2.0.0-rc.9", to: "2.0.0-rc.10" },
    { action: "unchanged", plugin: "@tradsys/same", to: "1.0.0" },
    { action: "upgrade", plugin: "@tradsys/up", from: "1.9.0", to: "1.10.0" },
  ]);
});

it("tells another bundle of the same version from another configuration of the same bundle", () => {
  const base = activated(planInput([plugin("a 1.0.0")], { a: "*" }));
  const rebuilt = planInput([plugin("a 1.0.0", {}, { description: "built again" })], { a: "*" }, { base });
  expect(planFor(rebuilt).changes).toEqual([
    { action: "rebuild", plugin: "@tradsys/a", from: "1.0.0", to: "1.0.0" },
  ]);
  const reconfigured = planInput([plugin("a 1.0.0")], { a: "*" }, { base });
  expect(
    planFor({ ...reconfigured, given: new Map([[named("a"), { config: { depth: 10 } }]]) }).changes,
  ).toEqual([{ action: "reconfigure", plugin: "@tradsys/a", to: "1.0.0" }]);
});

it("passes on what the deployment wants of a plugin's isolation, and takes a change of it for one of configuration", () => {
  const base = activated(planInput([plugin("a 1.0.0")], { a: "*" }));
  const again = planInput([plugin("a 1.0.0")], { a: "*" }, { base });
  const plan = planFor({ ...again, given: new Map([[named("a"), { config: {}, isolation: "process" }]]) });
  expect(plan.generation.plugins).toMatchObject([{ name: "@tradsys/a", isolation: "process" }]);
  expect(plan.changes).toEqual([{ action: "reconfigure", plugin: "@tradsys/a", to: "1.0.0" }]);
});

it("refuses a lock that names another bundle, or leaves a requirement open", () => {
  const input = planInput([plugin("a 1.0.0", { requires: [needs("b", "*")] }), plugin("b 1.0.0")], {
    a: "*",
  });
  const { lock, manifests } = input;
  const other = new Map([...manifests, [named("b"), plugin("b 1.0.0", {}, { description: "another" })]]);
  expect(() => planDeployment({ ...input, manifests: other })).toThrow(
    /@tradsys\/b 1\.0\.0 is not the bundle that was locked/,
  );
  expect(() => planDeployment({ ...input, lock: { ...lock, bindings: [] } })).toThrow(
    /who meets plugin:@tradsys\/b/,
  );
});
