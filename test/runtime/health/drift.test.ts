import { expect, it } from "vitest";

import { sha256 } from "../../../src/domain/digest.ts";
import type { GenerationPlugin } from "../../../src/domain/plan.ts";
import { driftFrom, type Running } from "../../../src/runtime/health/drift.ts";
import { facet, generationOf, pluginName } from "../../support/root.ts";

const plugin = (name: string, changes: Partial<GenerationPlugin> = {}): GenerationPlugin => ({
  name: pluginName(name),
  version: "1.0.0",
  content: sha256(name),
  blob: sha256(`${name} blob`),
  envelopes: [],
  config: { limit: 5 },
  ...changes,
});

const applied = generationOf([plugin("risk"), plugin("venue")], {
  "venue#orders": {},
  "risk#main": { after: ["venue#orders"], ports: { account: ["venue#orders"] } },
});

const running = (changes: Partial<Running> = {}): Running => ({
  plugins: applied.plugins,
  facets: applied.facets,
  states: new Map(applied.facets.map(({ id }) => [id, { state: "ready" }])),
  ...changes,
});

it("is nothing where what runs is what was applied", () => {
  expect(driftFrom(applied, running())).toEqual([]);
});

it("is every difference in digests, configuration, bindings and states, each told in a line", () => {
  const real = running({
    plugins: [
      plugin("risk", { content: sha256("another build"), config: { limit: 9 } }),
      plugin("spy", { version: "0.1.0" }),
    ],
    facets: applied.facets.map((each) =>
      each.id === facet("risk#main") ? { ...each, ports: { account: [facet("spy#main")] } } : each,
    ),
    states: new Map([[facet("venue#orders"), { state: "ready" }]]),
  });
  expect(driftFrom(applied, real).map(({ message }) => message)).toEqual([
    `@acme/risk@1.0.0 runs with the content ${sha256("another build")}; ${sha256("risk")} was applied`,
    "@acme/risk@1.0.0 runs with another configuration at /limit",
    "@acme/venue@1.0.0 was applied and does not run",
    "@acme/spy@0.1.0 runs and was not applied",
    "@acme/risk#main uses account of @acme/spy#main; @acme/venue#orders was applied",
    "@acme/risk#main is stopped",
  ]);
});
