import { expect, it } from "vitest";

import { readBundle } from "../../src/bundle/open.ts";
import { canonical, type Json } from "../../src/domain/canonical.ts";
import { compileConfigSchema } from "../../src/manifest/config-schema.ts";
import { effectiveConfig } from "../../src/manifest/config.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { gzip, manifest } from "../bundle/sample.ts";
import { archive, entry } from "../bundle/tar.ts";
import { pluginText } from "../manifest/plugin-text.ts";

/** What is wrong with a manifest that ends in these lines. */
function refusal(append: string): string {
  const parsed = parsePlugin(pluginText({ append }), "plugin.yaml");
  return parsed.ok ? "nothing" : parsed.error.map(({ message }) => message).join("; ");
}

/** Nine times nine names, each of all the ones before. */
const laughs = [
  'a0: &a0 ["lol"]',
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`),
].join("\n");

it.each([
  ["a billion laughs", laughs, "anchors"],
  ["5000 open brackets", `capabilities: ${"[".repeat(5000)}`, "nested more than"],
  ["5000 brackets", `capabilities: {a: ${"[".repeat(5000)}${"]".repeat(5000)}}`, "nested more than"],
  ["5000 open braces", `capabilities: ${"{a: ".repeat(5000)}`, "nested more than"],
  ["5000 levels of lists", `capabilities:\n  a:\n    ${"- ".repeat(5000)}`, "nested more than"],
  ["an anchor", "capabilities: &a {}", "anchors"],
  ["a merge key", "capabilities: { <<: { a: 1 } }", "merge keys"],
  ["a tag that makes code", 'capabilities: { a: !!js/function "() => 1" }', "tags"],
  ["a tag of the schema", "capabilities: { a: !!binary aGk= }", "tags"],
  ["a directive", "%YAML 1.1", "a value cannot start with `%`"],
  ["a second document", "---\nkind: strategy", "a second one starts"],
  ["a field twice", "capabilities: { a: 1, a: 2 }", "is given twice"],
  ["a field twice, once in quotes", 'capabilities: { a: 1, "a": 2 }', "is given twice"],
  ["a field twice, once escaped", 'capabilities: { a: 1, "\\x61": 2 }', "is given twice"],
  ["a field named __proto__", "capabilities: { __proto__: { polluted: 1 } }", "`__proto__`"],
  ["a field named __proto__ by escapes", 'capabilities: { "__pr\\x6fto__": { polluted: 1 } }', "`__proto__`"],
  ["a list as a name", "capabilities: { ? [a] : 1 }", "not text"],
])("threat 18: a manifest with %s is refused", (_, append, message) => {
  expect(refusal(append)).toContain(message);
  expect({}).not.toHaveProperty("polluted");
});

it("threat 18: names of Object's own members are names like any other", () => {
  const append =
    "capabilities: { constructor: { prototype: { polluted: 1 } }, toString: 1, hasOwnProperty: 2 }";
  const parsed = parsePlugin(pluginText({ append }), "plugin.yaml");
  expect(parsed.ok && canonical(parsed.value.value.capabilities)).toBe(
    '{"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":2,"toString":1}',
  );
  expect({}).not.toHaveProperty("polluted");
});

/** A bundle whose `plugin.json` is this text. */
const bundleWith = (text: string) => readBundle(gzip(archive(entry("plugin.json", text))));
const plain = canonical({ ...manifest(), files: {} });

it.each([
  ["a member twice", plain.replace('"priority":10', '"priority":10,"priority":11')],
  ["a number in another form", plain.replace('"priority":10', '"priority":1e1')],
  ["a negative zero", plain.replace('"priority":10', '"priority":-0')],
  ["a number too large to be exact", plain.replace('"priority":10', '"priority":12345678901234567890')],
  ["a member in another place", plain.replace("{", '{"zzz":1,')],
  ["an escape that is not needed", plain.replace("risk-core", "risk\\u002dcore")],
  ["half of a character", plain.replace("Judges", "\\ud800")],
  ["a byte order mark", `\ufeff${plain}`],
  ["white space", ` ${plain}`],
  [
    "nesting beyond a bound",
    plain.replace('"capabilities":{}', `"capabilities":{"a":${"[".repeat(2000)}${"]".repeat(2000)}}`),
  ],
])("threat 18: a plugin.json with %s is refused", (_, text) => {
  expect(text).not.toBe(plain);
  expect(bundleWith(plain).ok).toBe(true);
  expect(bundleWith(text)).toMatchObject({ ok: false, error: { kind: "malformed" } });
});

type Schema = Readonly<Record<string, Json>>;

async function isUsable(schema: Schema): Promise<boolean> {
  return (await compileConfigSchema(schema)).ok;
}

// From the literature on regular expression denial of service, and from advisories of well-known packages.
it.each([
  "^(a+)+$",
  "^([a-zA-Z]+)*$",
  "^(a|aa)+$",
  "^(a|a?)+$",
  "^(.*a){12}$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "^([0-9a-zA-Z]([-.\\w]*[0-9a-zA-Z])*@([0-9a-zA-Z][-\\w]*[0-9a-zA-Z]\\.)+[a-zA-Z]{2,9})$",
  "^(?:\\s*\\S+\\s*)+$",
  "(x+x+)+y",
  "^(\\d+\\.?)+$",
  "^(?:(?:a*)*)*$",
  "(?=(a+)+$)",
  "^(\\w+)\\1+$",
])("threat 19: a config schema with the pattern %s is refused", async (pattern) => {
  expect(await isUsable({ type: "string", pattern })).toBe(false);
  expect(await isUsable({ type: "object", patternProperties: { [pattern]: {} } })).toBe(false);
});

it.each<[string, Schema, string]>([
  ["refers to itself", { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } }, "without end"],
  [
    "refers in a circle",
    { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } } },
    "without end",
  ],
  ["refers to the network", { $ref: "https://example.com/schema.json" }, "leads out of the schema"],
  ["refers to a file", { $ref: "file:///etc/passwd" }, "leads out of the schema"],
  ["refers dynamically", { $dynamicRef: "#a" }, "cannot use"],
  ["looks at what others have left", { unevaluatedProperties: false }, "cannot use"],
])("threat 19: a config schema that %s is refused", async (_, schema, message) => {
  const compiled = await compileConfigSchema(schema);
  // Only a check can tell that some references have no end.
  const checked = compiled.ok ? compiled.value({}) : compiled;
  expect(checked.ok ? [] : [checked.error].flat()).toMatchObject([
    { message: expect.stringContaining(message) },
  ]);
});

it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
  "threat 19: a configuration that lacks the required field %s is refused, and one that has it is not changed",
  async (name) => {
    const config = {
      schema: { type: "object", required: [name], properties: fields(name, { type: "number" }) },
      defaults: {},
    };
    expect((await effectiveConfig({ config }, {})).ok).toBe(false);
    const given = fields(name, 1);
    const found = await effectiveConfig({ config }, given);
    expect(found.ok && Object.entries(found.value)).toEqual([[name, 1]]);
    expect(Object.getPrototypeOf(found.ok ? found.value : null)).toBe(Object.prototype);
  },
);

/** An object with one field of its own, whatever its name. */
const fields = <T>(name: string, value: T): { readonly [key: string]: T } =>
  Object.fromEntries([[name, value]]);
