import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Diagnostic } from "../../src/domain/diagnostic.ts";
import { parseText } from "../../src/manifest/document.ts";
import { parseAny, parseDeployment, parsePlugin, parseTrust } from "../../src/manifest/parse.ts";
import { pluginText } from "./plugin-text.ts";

/** `line:column code`, as one compares it with the text. */
const placed = ({ code, location }: Diagnostic): string =>
  `${location?.start?.line}:${location?.start?.column} ${code}`;

function findings(text: string): readonly Diagnostic[] {
  const parsed = parsePlugin(text, "plugin.yaml");
  return parsed.ok ? parsed.value.warnings : parsed.error;
}

it("fills in every default", () => {
  const parsed = parsePlugin(pluginText(), "plugin.yaml");
  expect(parsed.ok && parsed.value.value).toMatchObject({
    node: ">=24.15",
    platforms: ["any"],
    isolation: "inline",
    priority: 50,
    permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
    resources: { memoryMiB: 50, startTimeoutMs: 30000 },
    facets: { limit: { requires: [{ port: "market-data", optional: false, cardinality: "one" }] } },
  });
});

it("reads JSON as the YAML that it is", () => {
  const { value } = parsePlugin(pluginText(), "plugin.yaml") as { value: { value: object } };
  expect(parsePlugin(JSON.stringify(value.value), "plugin.json")).toMatchObject({ ok: true });
});

describe("points at the mistake", () => {
  it.each([
    [
      "a field that does not exist",
      { append: "activaton: lazy" },
      "13:1 FIELD_UNKNOWN",
      "Did you mean `activation`?",
    ],
    [
      "a kind that does not exist",
      { line: 2, text: "kind: risk-limits" },
      "2:7 FIELD_VALUE",
      "Did you mean `risk-limit`?",
    ],
    [
      "a name without a scope",
      { line: 3, text: "name: limit-notional" },
      "3:7 FIELD_VALUE",
      "For example `@tradsys/connector-binance`.",
    ],
    [
      "a version with a v",
      { line: 4, text: "version: v1.0.0" },
      "4:10 VERSION_INVALID",
      "Write major.minor.patch, for example `1.4.0`, without a leading `v`.",
    ],
    [
      "a version that YAML reads as a number",
      { line: 4, text: "version: 1.0" },
      "4:10 FIELD_TYPE",
      "Put it in quotes.",
    ],
    [
      "an entry outside the folder",
      { line: 6, text: "entry: ../index.ts" },
      "6:8 FIELD_VALUE",
      "Name a source file below plugin.yaml, for example `src/index.ts`.",
    ],
    [
      "a range that is none",
      { line: 7, text: "hostApi: newest" },
      "7:10 RANGE_INVALID",
      "Ranges are npm's: `^1.2.0`, `>=2 <4`, `1.x || 2.x`.",
    ],
    [
      "a port version that is a range",
      { line: 10, text: "    provides: { risk-limit: ^1 }" },
      "10:29 VERSION_INVALID",
      "Write major.minor.patch, for example `1.4.0`, without a leading `v`.",
    ],
    [
      "a requirement of both a port and a plugin",
      { line: 12, text: '      - { port: a, plugin: "@a/b", range: "1" }' },
      "12:9 FIELD_VALUE",
      "Keep one of them.",
    ],
    [
      "a requirement of nothing",
      { line: 12, text: '      - { range: "1" }' },
      "12:9 FIELD_MISSING",
      undefined,
    ],
    [
      "a misspelt phase",
      { line: 12, text: "      - { port: a, range: ^1, when: started }" },
      "12:37 FIELD_VALUE",
      "Did you mean `start`?",
    ],
    ["a priority out of bounds", { append: "priority: 101" }, "13:11 FIELD_VALUE", undefined],
    ["a key given twice", { append: "kind: strategy" }, "13:1 YAML_SYNTAX", "Keep one of them."],
    ["a tab for indentation", { line: 9, text: "\tlimit:" }, "9:1 YAML_SYNTAX", "Indent with spaces."],
    [
      "an alias",
      { append: "capabilities: { a: &x 1, b: *x }" },
      "13:23 YAML_FEATURE",
      "Write the value out.",
    ],
    ["a tag", { append: "description: !secret x" }, "13:22 YAML_FEATURE", "Write the value out."],
    [
      "another format",
      { line: 1, text: "apiVersion: tradsys/plugin/v2" },
      "1:13 API_VERSION_UNKNOWN",
      "Write `apiVersion: tradsys/plugin/v1`, or use the version of tradsys that the file was written for.",
    ],
  ])("%s", (...[, change, place, hint]) => {
    const [first] = findings(pluginText(change));
    expect(first && placed(first)).toBe(place);
    expect(first?.hint).toBe(hint);
  });
});

it("points a missing field at what should hold it", () => {
  const found = findings(pluginText({ line: 4, text: "" }));
  expect(found.map(({ message }) => message)).toEqual(["the document needs `version`"]);
});

it("reports every mistake at once, and none that follows from another", () => {
  const text = pluginText({ line: 2, text: "kind: limit" }).replace("version: 1.0.0", "version: one");
  expect(findings(text).map(placed)).toEqual(["2:7 FIELD_VALUE"]);
  const two = pluginText({ append: "priority: -1\nisolation: none" });
  expect(findings(two).map(placed)).toEqual(["13:11 FIELD_VALUE", "14:12 FIELD_VALUE"]);
});

describe("hostile text", () => {
  it.each([
    ["thousands of open brackets", "[".repeat(5000), "YAML_SYNTAX"],
    [
      "many laughs",
      `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [*a, *a]`).join("\n")}`,
      "YAML_FEATURE",
    ],
    ["two documents", `${pluginText()}---\n${pluginText()}`, "YAML_SYNTAX"],
    ["a merge key", "a: { '<<': { b: 1 } }", "API_VERSION_UNKNOWN"],
    ["nothing at all", "", "FIELD_TYPE"],
    ["a prototype", pluginText({ append: "__proto__: { polluted: true }" }), "FIELD_UNKNOWN"],
  ])("%s", (_, text, code) => {
    expect(findings(text)[0]?.code).toBe(code);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

it("warns of permissions that grant everything", () => {
  const found = findings(pluginText({ append: "permissions: { net: ['*'], builtins: [vm] }" }));
  expect(found.map(placed)).toEqual(["13:22 PERMISSION_BROAD", "13:39 PERMISSION_BROAD"]);
  expect(found.every(({ severity }) => severity === "warning")).toBe(true);
});

it("tells the formats apart", () => {
  expect(parseAny(pluginText(), "x").ok).toBe(true);
  expect(
    parseAny("apiVersion: tradsys/deployment/v1\nname: d\nplugins: [{ name: '@a/b', range: '1' }]", "x").ok,
  ).toBe(true);
  const unknown = parseAny("apiVersion: other/v1", "x");
  expect(unknown.ok ? [] : unknown.error.map(placed)).toEqual(["1:13 API_VERSION_UNKNOWN"]);
});

it("finds a plugin that a deployment asks for twice", () => {
  const parsed = parseDeployment(
    'apiVersion: tradsys/deployment/v1\nname: d\nplugins:\n  - { name: "@a/b", range: ^1 }\n  - { name: "@a/b", range: ^2 }\n',
    "d.yaml",
  );
  expect(parsed.ok ? [] : parsed.error.map(placed)).toEqual(["5:13 FIELD_VALUE"]);
});

it("finds a revoked key that the policy does not have", () => {
  const parsed = parseTrust(
    "apiVersion: tradsys/trust/v1\nkeys: []\nthreshold: { builder: 1 }\nrevoked: { keys: [{ name: lost, reason: stolen }] }\n",
    "trust.yaml",
  );
  expect(parsed.ok ? [] : parsed.error.map(placed)).toEqual([
    "3:23 THRESHOLD_UNREACHABLE",
    "4:27 FIELD_VALUE",
  ]);
});

it("tells a misspelt apiVersion from one that is missing", () => {
  const [code, hint] = (["apiVerson: tradsys/plugin/v1\nname: a", "name: a"] as const).map((text) => {
    const parsed = parseAny(text, "a.yaml");
    return parsed.ok ? undefined : parsed.error[0];
  });
  expect(code).toMatchObject({
    code: "FIELD_UNKNOWN",
    meant: "apiVersion",
    location: { end: { column: 10 } },
  });
  expect(hint).toMatchObject({ code: "API_VERSION_UNKNOWN" });
});

it("reads JSON as YAML does, however it is written", () => {
  const json = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom("__proto__", "<<", "a")),
    fc.oneof(fc.jsonValue({ noUnicodeString: false }), fc.double(), fc.maxSafeInteger()),
    { minKeys: 1 },
  );
  fc.assert(
    fc.property(json, (value) => {
      const written = JSON.stringify(value, undefined, 2);
      const [plain, changed] = [`${written}\n`, `${written}\n# the same\n`].map((text) =>
        parseText(text, "a.json"),
      );
      const read = [plain, changed].map((parsed) => (parsed?.ok ? parsed.value.value : "refused"));
      expect(read[0]).toEqual(read[1]);
    }),
  );
});
