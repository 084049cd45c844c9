import { createRequire } from "node:module";

import { expect, it } from "vitest";

import type { Json } from "../../src/domain/canonical.ts";
import { compileConfigSchema } from "../../src/manifest/config-schema.ts";
import { diagnosePlugin } from "../../src/manifest/parse.ts";
import { pluginText } from "./plugin-text.ts";

type Schema = Readonly<Record<string, Json>>;

/** `pointer message` of whatever keeps a schema, or a configuration under it, from being judged. */
async function refusals(schema: Schema, config: Json = {}): Promise<readonly string[]> {
  const compiled = await compileConfigSchema(schema);
  if (!compiled.ok) return compiled.error.map(({ pointer, message }) => `${pointer} ${message}`);
  const checked = compiled.value(config);
  return checked.ok ? [] : [`${checked.error.pointer} ${checked.error.message}`];
}

const nested = (depth: number): Schema =>
  depth === 0 ? { type: "object" } : { properties: { a: nested(depth - 1) } };

const isLoaded = (): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/node_modules/ajv/"));

const found = (append: string) => diagnosePlugin(pluginText({ append }), "a.yaml");

// First in this file: modules are loaded once.
it("loads the compiler only for a schema that says something", async () => {
  expect(await found("config: { schema: {}, defaults: { a: 1 } }")).toEqual([]);
  expect(isLoaded()).toBe(false);
  expect(await found("config: { schema: { type: object } }")).toEqual([]);
  expect(isLoaded()).toBe(true);
});

it("takes the keywords of JSON Schema that describe data", async () => {
  const schema: Schema = {
    type: "object",
    required: ["venue"],
    additionalProperties: false,
    properties: {
      venue: { $ref: "#/$defs/venue" },
      retries: { type: "integer", minimum: 0, maximum: 10, default: 3 },
    },
    patternProperties: { "^x-": { type: "string" } },
    $defs: { venue: { oneOf: [{ type: "string", minLength: 1 }, { type: "object" }] } },
  };
  expect(await refusals(schema, { venue: "A", "x-note": "b" })).toEqual([]);
});

it.each<[string, Schema, string]>([
  [
    "an unknown keyword",
    { properties: { a: { min: 1 } } },
    "/properties/a/min a config schema cannot use `min`",
  ],
  [
    "unevaluated properties",
    { unevaluatedProperties: false },
    "/unevaluatedProperties a config schema cannot use `unevaluatedProperties`",
  ],
  ["a dynamic reference", { $dynamicRef: "#a" }, "/$dynamicRef a config schema cannot use `$dynamicRef`"],
  ["an identity of its own", { $id: "https://example.com/a" }, "/$id a config schema cannot use `$id`"],
  [
    "a remote reference",
    { items: { $ref: "other.json" } },
    "/items/$ref `other.json` leads out of the schema",
  ],
  ["a reference to nothing", { $ref: "#/$defs/a" }, "/$ref `#/$defs/a` is not defined"],
  [
    "a reference to itself",
    { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } },
    " the config schema refers to itself without end",
  ],
  [
    "nesting without end",
    nested(33),
    `${"/properties/a".repeat(33)} the config schema is nested more than 32 levels deep`,
  ],
  [
    "too many parts",
    { allOf: Array.from({ length: 1001 }, () => ({})) },
    " the config schema has more than 1000 parts",
  ],
  ["a long pattern", { pattern: "a".repeat(201) }, "/pattern a pattern has at most 200 characters"],
  ["a broken pattern", { pattern: "[" }, "/pattern `[` is not a pattern: Unterminated character class"],
  ["a slow pattern", { pattern: "(a+)+$" }, "/pattern `(a+)+` in this pattern can take forever on some text"],
  [
    "a slow pattern of names",
    { patternProperties: { "^(a|a)*$": {} } },
    "/patternProperties/^(a|a)*$ `(a|a)*` in this pattern can take forever on some text",
  ],
])("refuses %s, and says where", async (_, schema, refusal) => {
  expect(await refusals(schema)).toEqual([refusal]);
});

it.each<[string, Schema, Json]>([
  [
    "alternatives that multiply",
    {
      $ref: "#/$defs/a0",
      $defs: Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [
          `a${i}`,
          i === 39
            ? { type: "string" }
            : { anyOf: [{ $ref: `#/$defs/a${i + 1}` }, { $ref: `#/$defs/a${i + 1}` }] },
        ]),
      ),
    },
    1,
  ],
  ["a pattern of the fourth degree", { type: "string", pattern: "a*a*a*a*a*b$" }, "a".repeat(20_000)],
])("stops a check that runs away: %s", async (_, schema, config) => {
  expect(await refusals(schema, config)).toEqual([" checking the configuration takes longer than 1000 ms"]);
});
