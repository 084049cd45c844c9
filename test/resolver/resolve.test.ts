import { expect, it } from "vitest";

import type { Candidate } from "../../src/domain/lock.ts";
import { explain } from "../../src/resolver/answers/explain.ts";
import type { ResolveOutcome } from "../../src/resolver/resolve.ts";
import { HOST, named, needs, needsPort, plugin, resolveFrom, versionsOf } from "./registry.ts";

const explained = (outcome: ResolveOutcome): string =>
  outcome.kind === "conflict" ? explain(outcome.conflict) : outcome.kind;

const providersOf = (outcome: ResolveOutcome, requirement: string) =>
  outcome.kind === "resolved"
    ? outcome.bindings.find((binding) => binding.requirement === requirement)?.providers
    : outcome.kind;

const locked = (versions: Readonly<Record<string, string>>) => ({
  prefer: new Map(Object.entries(versions).map(([name, version]) => [named(name), version])),
});

it("takes the highest stable version", () => {
  const store = [plugin("a 1.9.0"), plugin("a 1.10.0"), plugin("a 2.0.0-rc.1")];
  expect(versionsOf(resolveFrom(store, { a: ">=1.0.0 || >=2.0.0-rc.0" }))).toEqual({ a: "1.10.0" });
});

it("admits a pre-release only where the range names one of the same version", () => {
  const store = [plugin("a 2.0.0-rc.1")];
  expect(versionsOf(resolveFrom(store, { a: "^2.0.0-rc.0" }))).toEqual({ a: "2.0.0-rc.1" });
  expect(resolveFrom(store, { a: ">=1.0.0" }).kind).toBe("conflict");
  expect(resolveFrom(store, { a: "*" }).kind).toBe("conflict");
});

it("keeps what is locked, and lets go of it where it must", () => {
  const store = [
    plugin("a 1.0.0"),
    plugin("a 1.1.0"),
    plugin("b 1.0.0"),
    plugin("b 2.0.0", { requires: [needs("a", "^1.1")] }),
  ];
  expect(versionsOf(resolveFrom(store, { a: "^1", b: "^1" }, locked({ a: "1.0.0" })))).toMatchObject({
    a: "1.0.0",
  });
  expect(versionsOf(resolveFrom(store, { a: "^1", b: "^2" }, locked({ a: "1.0.0" })))).toMatchObject({
    a: "1.1.0",
  });
});

it("gives way on a version that nothing insists on", () => {
  const store = [
    plugin("a 1.0.0"),
    plugin("a 2.0.0", { requires: [needs("c", "^2")] }),
    plugin("b 1.0.0", { requires: [needs("c", "^1")] }),
    plugin("c 1.0.0"),
    plugin("c 2.0.0"),
  ];
  expect(versionsOf(resolveFrom(store, { a: "*", b: "*" }))).toEqual({ a: "1.0.0", b: "1.0.0", c: "1.0.0" });
});

it("brings nothing in for a port that is already there", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^1")] }),
    plugin("b 1.0.0", { provides: { feed: "1.0.0" } }),
    plugin("z 1.0.0", { provides: { feed: "1.0.0" } }),
  ];
  const outcome = resolveFrom(store, { a: "*", z: "*" });
  expect(versionsOf(outcome)).toEqual({ a: "1.0.0", z: "1.0.0" });
  expect(providersOf(outcome, "port:feed")).toEqual(["@tradsys/z#main"]);
});

it("follows names before it chooses who meets a port", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^1"), needs("b", "*")] }),
    plugin("b 1.0.0", { requires: [needs("z", "*")] }),
    plugin("y 1.0.0", { provides: { feed: "1.0.0" }, requires: [needs("z", "~1.0")] }),
    plugin("z 1.0.0", { provides: { feed: "1.0.0" } }),
    plugin("z 1.1.0", { provides: { feed: "1.0.0" } }),
  ];
  expect(versionsOf(resolveFrom(store, { a: "*" }))).toEqual({ a: "1.0.0", b: "1.0.0", z: "1.1.0" });
});

it("leaves out a provider that another, needed by name, makes superfluous", () => {
  const store = [
    plugin("a 1.0.0", {
      requires: [needsPort("feed", "^1"), needsPort("gate", "^1"), needs("y", "*", { optional: true })],
    }),
    plugin("g 1.0.0", { provides: { gate: "1.0.0" }, requires: [needs("z", "*")] }),
    plugin("h 1.0.0", { provides: { gate: "1.0.0" } }),
    plugin("y 1.0.0", { provides: { feed: "1.0.0" } }),
    plugin("z 1.0.0", { provides: { feed: "1.0.0" } }),
  ];
  const outcome = resolveFrom(store, { a: "*" });
  expect(Object.keys(versionsOf(outcome))).toEqual(["a", "g", "z"]);
  expect(providersOf(outcome, "port:feed")).toEqual(["@tradsys/z#main"]);
});

it("chooses the locked provider, else the first by name", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^1")] }),
    plugin("y 1.0.0", { provides: { feed: "1.0.0" } }),
    plugin("z 1.0.0", { provides: { feed: "1.0.0" } }),
  ];
  expect(versionsOf(resolveFrom(store, { a: "*" }))).toEqual({ a: "1.0.0", y: "1.0.0" });
  expect(versionsOf(resolveFrom(store, { a: "*" }, locked({ z: "1.0.0" })))).toEqual({
    a: "1.0.0",
    z: "1.0.0",
  });
  const both = resolveFrom(store, { a: "*", y: "*", z: "*" }, locked({ z: "1.0.0" }));
  expect(providersOf(both, "port:feed")).toEqual(["@tradsys/z#main"]);
});

it("binds one provider where one is wanted, of its own plugin first", () => {
  const facets = {
    account: { provides: { account: "1.0.0" } },
    orders: { requires: [needsPort("account", "^1")] },
  };
  const store = [plugin("a 1.0.0", { facets }), plugin("b 1.0.0", { facets })];
  const outcome = resolveFrom(store, { a: "*", b: "*" });
  const bindings = outcome.kind === "resolved" ? outcome.bindings : [];
  expect(bindings.map(({ facet, providers }) => [facet, providers])).toEqual([
    ["@tradsys/a#orders", ["@tradsys/a#account"]],
    ["@tradsys/b#orders", ["@tradsys/b#account"]],
  ]);
});

it("binds all providers in range where many are wanted", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^2", { cardinality: "many" })] }),
    plugin("b 1.0.0", { provides: { feed: "2.0.0" } }),
    plugin("c 1.0.0", { provides: { feed: "2.1.0" } }),
    plugin("old 1.0.0", { provides: { feed: "1.0.0" } }),
  ];
  const outcome = resolveFrom(store, { a: "*", b: "*", c: "*", old: "*" });
  expect(providersOf(outcome, "port:feed")).toEqual(["@tradsys/b#main", "@tradsys/c#main"]);
});

it("binds a requirement by name to all facets of the plugin", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needs("b", "*")] }),
    plugin("b 1.0.0", { facets: { feed: {}, orders: {} } }),
  ];
  expect(providersOf(resolveFrom(store, { a: "*" }), "plugin:@tradsys/b")).toEqual([
    "@tradsys/b#feed",
    "@tradsys/b#orders",
  ]);
});

it("brings in an adapter, with what the adapter needs, for a version of a port that nobody else provides", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^1")] }),
    plugin("adapter 1.0.0", { provides: { feed: "1.0.0" }, requires: [needsPort("feed", "^2")] }),
    plugin("venue 1.0.0", { provides: { feed: "2.0.0" } }),
  ];
  expect(Object.keys(versionsOf(resolveFrom(store, { a: "*" })))).toEqual(["a", "adapter", "venue"]);
});

it("lets no facet provide for itself", () => {
  const store = [plugin("a 1.0.0", { provides: { feed: "1.0.0" }, requires: [needsPort("feed", "^1")] })];
  expect(resolveFrom(store, { a: "*" }).kind).toBe("conflict");
});

it("never brings an optional requirement in, but holds it to its range", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needs("b", "^2", { optional: true })] }),
    plugin("b 1.0.0"),
    plugin("b 2.0.0"),
  ];
  const alone = resolveFrom(store, { a: "*" });
  expect(versionsOf(alone)).toEqual({ a: "1.0.0" });
  expect(providersOf(alone, "plugin:@tradsys/b")).toEqual([]);
  expect(versionsOf(resolveFrom(store, { a: "*", b: "*" }))).toEqual({ a: "1.0.0", b: "2.0.0" });
  expect(explained(resolveFrom(store, { a: "*", b: "^1" }))).toMatchInlineSnapshot(`
    "No set of versions meets all of this:
      - @tradsys/a * means 1.0.0, which works with no other @tradsys/b than ^2
      - the deployment needs @tradsys/b ^1 (1.0.0)
    Only one version of @tradsys/b can run.
    This was resolved and holds:
      raise @tradsys/b to ^2.0.0"
  `);
});

it("binds the providers of an optional port that are in range, and none is fine", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needsPort("feed", "^2", { optional: true })] }),
    plugin("b 1.0.0", { provides: { feed: "1.0.0" } }),
    plugin("b 2.0.0", { provides: { feed: "2.0.0" } }),
  ];
  expect(providersOf(resolveFrom(store, { a: "*", b: "^1" }), "port:feed")).toEqual([]);
  expect(providersOf(resolveFrom(store, { a: "*", b: "^2" }), "port:feed")).toEqual(["@tradsys/b#main"]);
});

it("never puts together what refuses each other", () => {
  const refusing = { conflicts: [{ plugin: named("b"), range: "<2" }] };
  const store = [plugin("a 1.0.0", {}, refusing), plugin("b 1.0.0"), plugin("b 2.0.0")];
  expect(versionsOf(resolveFrom(store, { a: "*", b: "*" }, locked({ b: "1.0.0" })))).toMatchObject({
    b: "2.0.0",
  });
  expect(explained(resolveFrom(store, { a: "*", b: "^1" }))).toMatchInlineSnapshot(`
    "No set of versions meets all of this:
      - @tradsys/a * means 1.0.0, which does not work with @tradsys/b <2
      - the deployment needs @tradsys/b ^1 (1.0.0)
    This was resolved and holds:
      raise @tradsys/b to ^2.0.0"
  `);
});

it("takes plugins that need each other only where somebody needs one of them", () => {
  const store = [
    plugin("a 1.0.0"),
    plugin("b 1.0.0", { provides: { left: "1.0.0" }, requires: [needsPort("right", "^1")] }),
    plugin("c 1.0.0", { provides: { right: "1.0.0" }, requires: [needsPort("left", "^1")] }),
  ];
  expect(Object.keys(versionsOf(resolveFrom(store, { a: "*" })))).toEqual(["a"]);
  expect(Object.keys(versionsOf(resolveFrom(store, { b: "*" })))).toEqual(["b", "c"]);
});

it("says that a plugin is not in the store at all, and which name may be meant", () => {
  const outcome = resolveFrom([plugin("connector-kraken 1.0.0")], { "conector-kraken": "^1" });
  expect(outcome).toMatchObject({ conflict: { kind: "unknown" } });
  expect(explained(outcome)).toMatchInlineSnapshot(
    `"The deployment needs @tradsys/conector-kraken ^1, and the store has no plugin of that name (did you mean @tradsys/connector-kraken?)."`,
  );
});

it("says that no version is in range, and suggests one", () => {
  const store = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"].map((version) =>
    plugin(`a ${version}`),
  );
  const outcome = resolveFrom(store, { a: "^2" });
  expect(outcome).toMatchObject({ conflict: { kind: "no-version" } });
  expect(explained(outcome)).toMatchInlineSnapshot(`
    "The deployment needs @tradsys/a ^2, and the store has only 1.5.0, 1.4.0, 1.3.0, 1.2.0 and 2 more.
    This was resolved and holds:
      lower @tradsys/a to ^1.5.0"
  `);
});

it.each([
  [{ hostApi: "^4" }, "it needs host API ^4, and this host has 3.1.0"],
  [{ node: ">=26" }, "it needs Node.js >=26, and this host has 24.21.0"],
  [
    { platforms: ["darwin-arm64", "win32-x64"] },
    "it needs platform darwin-arm64 or win32-x64, and this host has linux-x64",
  ],
])("says that the version in range does not run here: %j", (manifest, reason) => {
  const outcome = resolveFrom([plugin("a 1.0.0"), plugin("a 2.0.0", {}, manifest)], { a: "^2" });
  expect(outcome).toMatchObject({ conflict: { kind: "wrong-host" } });
  expect(explained(outcome)).toContain(
    `The deployment needs @tradsys/a ^2, but 2.0.0 does not run here: ${reason}.`,
  );
});

it("takes an older version where the newest does not run here", () => {
  const store = [plugin("a 1.0.0"), plugin("a 1.1.0", {}, { platforms: ["win32-x64"] })];
  expect(versionsOf(resolveFrom(store, { a: "^1" }))).toEqual({ a: "1.0.0" });
  expect(versionsOf(resolveFrom(store, { a: "^1" }, { host: { ...HOST, platform: "win32-x64" } }))).toEqual({
    a: "1.1.0",
  });
});

it("says which port nobody provides, merging the versions that need it", () => {
  const store = ["1.0.0", "1.1.0"].map((version) =>
    plugin(`a ${version}`, { requires: [needsPort("fed", "^1")] }),
  );
  const feed = plugin("b 1.0.0", { provides: { feed: "1.0.0" } });
  expect(explained(resolveFrom([...store, feed], { a: "*" }))).toMatchInlineSnapshot(
    `"@tradsys/a * means 1.1.0 and 1.0.0, which need port fed ^1, and nothing in the store provides that port (did you mean feed?)."`,
  );
});

it("gives up when its steps run out, which is not a no", () => {
  const store = ["1.0.0", "1.1.0"].flatMap((version) => [plugin(`a ${version}`), plugin(`b ${version}`)]);
  expect(resolveFrom(store, { a: "*", b: "*" }, { stepBudget: 1 })).toEqual({ kind: "gave-up", steps: 1 });
});

/** A version whose requirements nobody may read. */
const sealed = (id: string): Candidate => {
  const { manifest, ...rest } = plugin(id);
  const main = {
    provides: {},
    get requires(): never {
      throw new Error(`${id} was read`);
    },
  };
  return { ...rest, manifest: { ...manifest, facets: { main } } };
};

it("reads of a plugin the version that it tries first, and no other while that one will do", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needs("b", "^1")] }),
    sealed("b 1.0.0"),
    sealed("b 1.1.0"),
    plugin("b 1.2.0"),
  ];
  expect(versionsOf(resolveFrom(store, { a: "*" }))).toEqual({ a: "1.0.0", b: "1.2.0" });
  expect(() => resolveFrom(store, { a: "*", b: "<1.2" })).toThrow("b 1.1.0 was read");
});

it("reads nothing but what is locked while that holds", () => {
  const store = [
    plugin("a 1.0.0", { requires: [needs("b", "^1")] }),
    plugin("b 1.0.0"),
    sealed("b 1.1.0"),
    sealed("a 1.1.0"),
  ];
  expect(versionsOf(resolveFrom(store, { a: "*" }, locked({ a: "1.0.0", b: "1.0.0" })))).toEqual({
    a: "1.0.0",
    b: "1.0.0",
  });
  expect(() => resolveFrom(store, { a: "*" })).toThrow("a 1.1.0 was read");
});
