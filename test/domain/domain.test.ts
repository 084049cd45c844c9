import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isNodeBuiltin, mayUseBuiltin } from "../../src/domain/builtins.ts";
import { canonical, isSameJson } from "../../src/domain/canonical.ts";
import { closest } from "../../src/domain/closest.ts";
import { facetId, flatName, isPluginName, parseFacetId, type PluginName } from "../../src/domain/ids.ts";

describe("canonical JSON", () => {
  it("is JSON of the same value, whatever the order of its members", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonical(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(reversed(value))).toBe(text);
      }),
    );
  });

  it("is told to be the same without being made", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const few = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom(null, 0, "0", [], {}, undefined));
    fc.assert(
      fc.property(fc.oneof(fc.tuple(value, value), fc.tuple(few, few)), ([a, b]) => {
        expect(isSameJson(a, b)).toBe(canonical(a) === canonical(b));
        expect(isSameJson(a, reversed(structuredClone(a)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, "\uD800", undefined, Symbol("s")])("refuses %s", (value) => {
    expect(() => canonical({ value: [value] })).toThrow(TypeError);
  });
});

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("names", () => {
  it.each(["@tradsys/risk-core", "@a/b", "@acme-labs/x9-y"])("%s is a plugin", (name) => {
    expect(isPluginName(name)).toBe(true);
  });
  it.each(["risk-core", "@A/b", "@a/B", "@a/b/c", "@a/-b", "@a/b-", "@a/../b", "@a/b\n", ""])(
    "%j is none",
    (name) => {
      expect(isPluginName(name)).toBe(false);
    },
  );
  it("of facets can be taken apart again", () => {
    const name = "@tradsys/connector-binance";
    if (!isPluginName(name)) throw new TypeError("unreachable");
    expect(parseFacetId(facetId(name, "order-entry"))).toEqual({ plugin: name, facet: "order-entry" });
    expect(parseFacetId("@tradsys/x#y#z")).toBeUndefined();
    expect(parseFacetId("x")).toBeUndefined();
  });
});

describe("did you mean", () => {
  it.each([
    ["activaton", "activation"],
    ["isolaton", "isolation"],
    ["Version", "version"],
  ])("%s → %s", (typed, meant) => {
    expect(closest(typed, ["activation", "isolation", "version"])).toBe(meant);
  });
  it("nothing that is near", () => {
    expect(closest("colour", ["activation", "isolation"])).toBeUndefined();
  });
});

describe("built-ins that a plugin may use", () => {
  const none = { net: [], secrets: [], fs: [], env: [], builtins: [] };

  it("are those without side effects, to begin with", () => {
    expect(["node:crypto", "events", "stream/web"].every((name) => mayUseBuiltin(none, name))).toBe(true);
    const others = [
      "fs",
      "net",
      "child_process",
      "worker_threads",
      "vm",
      "module",
      "node:sqlite",
      "process",
      "v8",
      "inspector",
      "os",
    ];
    expect(others.filter((name) => isNodeBuiltin(name) && mayUseBuiltin(none, name))).toEqual([]);
  });
  it("include the network with hosts, files with paths, and what is named", () => {
    expect(mayUseBuiltin({ ...none, net: ["a.example"] }, "node:tls")).toBe(true);
    expect(mayUseBuiltin({ ...none, fs: ["/data"] }, "fs/promises")).toBe(true);
    expect(mayUseBuiltin({ ...none, builtins: ["node:os"] }, "os")).toBe(true);
  });
});

/** Reads a part back, which needs what the other direction must not lose. */
const scopeOf = (flat: string): string => flat.split(flat.includes("--") ? "--" : "-")[0] ?? "";

it("gives no two plugins one file name", () => {
  const part = fc.stringMatching(/^[a-z][a-z0-9]{0,2}(?:-[a-z0-9]{1,2}){0,2}$/);
  const name = fc.tuple(part, part).map(([scope, own]) => `@${scope}/${own}` as PluginName);
  fc.assert(
    fc.property(name, (plugin) => {
      const flat = flatName(plugin);
      const scope = scopeOf(flat);
      expect(flat).toMatch(/^[a-z0-9-]+$/);
      expect(`@${scope}/${flat.slice(scope.length).replace(/^--?/, "")}`).toBe(plugin);
    }),
  );
  expect(flatName("@tradsys/risk-core" as PluginName)).toBe("tradsys-risk-core");
  expect(flatName("@a-b/c" as PluginName)).toBe("a-b--c");
  expect(flatName("@a/b-c" as PluginName)).toBe("a-b-c");
});
