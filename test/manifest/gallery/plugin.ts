import { pluginText } from "../plugin-text.ts";

const line = (number: number, text: string): string => pluginText({ line: number, text });
const append = (text: string): string => pluginText({ append: text });
const requirement = (text: string): string => line(12, `      - ${text}`);
const metric = (text: string): string => append(`metrics:\n  - ${text}`);
const permissions = (text: string): string => append(`permissions:\n  ${text}`);
const config = (text: string): string => append(`config:\n  ${text.replaceAll("\n", "\n  ")}`);

/** Mistakes in a plugin manifest, each as the whole text it stands in. */
export const pluginMistakes: Readonly<Record<string, string>> = {
  // The text itself.
  "empty-file": "",
  "only-a-word": "plugin\n",
  "tab-indentation": line(9, "\tlimit:"),
  "quote-not-closed": line(3, 'name: "@acme/limit-notional'),
  "bracket-not-closed": line(10, "    provides: [risk-limit"),
  "brace-not-closed": line(10, "    provides: { risk-limit: 1.1.0"),
  "bracket-too-many": line(10, "    provides: { risk-limit: 1.1.0 }}"),
  "name-without-quotes": line(3, "name: @acme/limit-notional"),
  "two-colons": append("description: Limits: notional"),
  "line-without-colon": line(5, "license Apache-2.0"),
  "crooked-indentation": line(11, "   requires:"),
  "unknown-escape": append('description: "C:\\plugins"'),
  "given-twice": append("kind: strategy"),
  "given-twice-below": line(10, "    provides: { risk-limit: 1.1.0, risk-limit: 1.2.0 }"),
  anchor: append("capabilities: { a: &a 1 }"),
  alias: append("capabilities: { a: &a 1, b: *a }"),
  tag: append("description: !secret x"),
  "merge-key": append("capabilities: { <<: { a: 1 } }"),
  "yaml-directive": `%YAML 1.1\n---\n${pluginText()}`,
  "two-documents": `${pluginText()}---\nkind: strategy\n`,
  "name-that-is-a-list": append("capabilities: { [a, b]: 1 }"),
  prototype: append("capabilities: { __proto__: { a: 1 } }"),
  "control-character": append("description: a\u0007b"),
  "reversed-text": append("description: a\u202Eb"),
  "not-a-number": append("capabilities: { limit: .nan }"),
  "inexact-number": append("capabilities: { limit: 123456789012345678901 }"),
  "half-a-character": append('description: "\\ud800"'),

  // Fields.
  "api-version-misspelt": line(1, "apiVerson: tradsys/plugin/v1"),
  "api-version-missing": line(1, ""),
  "api-version-of-tomorrow": line(1, "apiVersion: tradsys/plugin/v2"),
  "field-misspelt": append("activaton: lazy"),
  "required-field-misspelt": line(4, "verson: 1.0.0"),
  "field-missing": line(5, ""),
  "fields-missing": pluginText().replace(/^(?:kind|license|entry).*\n/gm, ""),
  "field-in-the-wrong-place": append("net: [api.example.com]"),
  "field-without-space": append("resources: { memoryMiB:5 }"),
  "field-without-value": line(5, "license:"),
  "kind-misspelt": line(2, "kind: risk-limits"),
  "kind-unknown": line(2, "kind: oracle"),
  "name-without-scope": line(3, "name: limit-notional"),
  "name-in-capitals": line(3, 'name: "@Acme/Limit"'),
  "number-for-text": line(4, "version: 1.0"),
  "text-for-number": append('priority: "10"'),
  "text-for-list": append("platforms: linux-x64"),
  "text-for-boolean": append("multiVersion: yes"),
  "list-for-fields": line(10, "    provides: [risk-limit]"),
  "number-too-large": append("priority: 101"),
  "number-not-whole": append("priority: 1.5"),
  "timeout-of-zero": append("resources: { startTimeoutMs: 0 }"),
  "empty-facets": pluginText().replace(/facets:[^]*/, "facets: {}\n"),
  "facet-name-in-capitals": line(9, "  Limit:"),
  "port-name-in-capitals": line(10, "    provides: { RiskLimit: 1.1.0 }"),
  "license-empty": line(5, 'license: ""'),
  "listed-twice": append("platforms: [linux-x64, linux-x64]"),

  // Requirements.
  "requires-port-and-plugin": requirement('{ port: a, plugin: "@a/b", range: ^1 }'),
  "requires-nothing": requirement("{ range: ^1 }"),
  "requires-port-misspelt": requirement("{ prot: market-data, range: ^1 }"),
  "requires-without-range": requirement("{ port: market-data }"),
  "requires-when-misspelt": requirement("{ port: market-data, range: ^1, when: started }"),
  "requires-plugin-without-scope": requirement("{ plugin: risk-core, range: ^1 }"),
  "requires-itself": requirement('{ plugin: "@acme/limit-notional", range: ^1 }'),
  "requires-its-own-port": requirement("{ port: risk-limit, range: ^1 }"),
  "conflicts-with-itself": append('conflicts: [{ plugin: "@acme/limit-notional" }]'),
  "required-port-misspelt": requirement("{ port: market-dat, range: ^2 }"),
  "provided-port-misspelt": line(10, "    provides: { risk-limits: 1.1.0 }"),

  // Versions and ranges.
  "version-with-v": line(4, "version: v1.0.0"),
  "version-of-two-numbers": line(4, 'version: "1.0"'),
  "version-that-is-a-range": line(4, "version: ^1.0.0"),
  "port-version-that-is-a-range": line(10, "    provides: { risk-limit: ^1 }"),
  "range-that-is-none": line(7, "hostApi: newest"),
  "range-of-nothing": line(7, 'hostApi: ">4 <3"'),
  "range-of-two-majors": requirement("{ port: market-data, range: ^1 ^2 }"),
  "range-that-is-a-number": requirement("{ port: market-data, range: 2 }"),
  "host-api-of-another-host": line(7, "hostApi: ^2.0.0"),

  // The rest of the rules.
  "entry-outside": line(6, "entry: ../index.ts"),
  "entry-absolute": line(6, "entry: /src/index.ts"),
  "platform-of-another-tool": append("platforms: [macos-arm64]"),
  "platform-unknown": append("platforms: [amiga-m68k]"),
  "platform-any-and-more": append("platforms: [any, linux-x64]"),
  "singleton-of-two-versions": append("singleton: host\nmultiVersion: true"),
  "lazy-and-critical": append("activation: lazy\ncriticality: critical"),
  "net-everything": permissions("net: ['*']"),
  "net-address": permissions("net: [https://api.example.com/v1]"),
  "net-path": permissions("net: [api.example.com/v1]"),
  "net-port-too-large": permissions("net: ['api.example.com:70000']"),
  "net-not-a-host": permissions("net: ['api example com']"),
  "net-granted-twice": permissions("net: [api.example.com, 'api.example.com:443']"),
  "net-below-wildcard": permissions("net: ['*.example.com', api.example.com]"),
  "fs-everything": permissions("fs: [/]"),
  "fs-outside": permissions("fs: [data/../../etc]"),
  "env-with-dollar": permissions("env: [$HOME]"),
  "secret-with-value": permissions("secrets: ['api-key=abc']"),
  "builtin-unknown": permissions("builtins: [worker_thread]"),
  "builtin-unbounded": permissions("builtins: [child_process]"),
  "metric-of-another-system": metric("{ name: tradsys_exchange_denied_total, type: counter, unit: '1' }"),
  "metric-without-prefix": metric("{ name: denied_total, type: counter, unit: '1' }"),
  "metric-unit-not-in-name": metric("{ name: tradsys_risk_check_ms, type: histogram, unit: seconds }"),
  "metric-gauge-total": metric("{ name: tradsys_risk_open_total, type: gauge, unit: '1' }"),
  "metric-twice": metric(
    "{ name: tradsys_risk_check_seconds, type: histogram, unit: seconds }\n  - { name: tradsys_risk_check_seconds, type: gauge, unit: seconds }",
  ),
  "metric-label-with-hyphen": metric(
    "{ name: tradsys_risk_check_seconds, type: histogram, unit: seconds, labels: [rule-name] }",
  ),
  "metric-label-reserved": metric(
    "{ name: tradsys_risk_check_seconds, type: histogram, unit: seconds, labels: [le] }",
  ),
  "metric-label-of-every-series": metric(
    "{ name: tradsys_risk_checks_total, type: counter, unit: '1', labels: [verdict, plugin] }",
  ),

  // The plugin's own config schema.
  "config-keyword-misspelt": config("schema: { type: object, propertys: {} }"),
  "config-type-unknown": config("schema:\n  type: object\n  properties:\n    limit: { type: decimal }"),
  "config-format": config("schema: { properties: { url: { type: string, format: uri } } }"),
  "config-remote-reference": config("schema: { $ref: https://example.com/schema.json }"),
  "config-dynamic-reference": config("schema: { $dynamicRef: '#a' }"),
  "config-missing-definition": config("schema: { $ref: '#/$defs/limit' }"),
  "config-endless-reference": config("schema: { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }"),
  "config-pattern-broken": config("schema: { properties: { a: { type: string, pattern: '(' } } }"),
  "config-pattern-slow": config("schema: { properties: { a: { type: string, pattern: '^(a+)+$' } } }"),
  "config-pattern-long": config(
    `schema: { properties: { a: { type: string, pattern: '${"a".repeat(201)}' } } }`,
  ),
  "config-old-draft": config("schema: { $schema: http://json-schema.org/draft-07/schema# }"),
  "config-default-of-wrong-type": config(
    "schema:\n  type: object\n  properties: { limit: { type: integer } }\ndefaults: { limit: many }",
  ),
  "config-default-unknown": config(
    "schema:\n  type: object\n  additionalProperties: false\n  properties: { limit: { type: integer } }\ndefaults: { limt: 1 }",
  ),
  "config-default-of-no-branch": config(
    "schema:\n  type: object\n  properties: { limit: { oneOf: [{ type: integer }, { type: string }] } }\ndefaults: { limit: [] }",
  ),
  "config-default-out-of-its-branch": config(
    "schema:\n  type: object\n  properties: { limit: { oneOf: [{ type: integer, minimum: 1 }, { type: string }] } }\ndefaults: { limit: 0 }",
  ),
  "config-default-of-two-branches": config(
    "schema:\n  type: object\n  properties: { limit: { oneOf: [{ type: integer, minimum: 1 }, { type: number }] } }\ndefaults: { limit: 2 }",
  ),
  "config-default-of-one-branch": config(
    [
      "schema:",
      "  type: object",
      "  properties:",
      "    venue:",
      "      oneOf:",
      "        - { type: object, required: [type], properties: { type: { const: rest }, port: { type: integer } } }",
      "        - { type: object, required: [type], properties: { type: { const: fix }, port: { type: integer } } }",
      "defaults: { venue: { type: fix, port: high } }",
    ].join("\n"),
  ),
  "config-default-of-unknown-branch": config(
    [
      "schema:",
      "  type: object",
      "  properties:",
      "    venue:",
      "      oneOf:",
      "        - { type: object, required: [type], properties: { type: { const: rest } } }",
      "        - { type: object, required: [type], properties: { type: { const: fix } } }",
      "defaults: { venue: { type: carrier-pigeon } }",
    ].join("\n"),
  ),
  "config-without-type": config("schema: { type: object, properties: { limit: { minimum: 1 } } }"),
  "config-default-named-like-a-format": config(
    "schema: { type: object, properties: { apiVersion: { const: v2 } } }\ndefaults: { apiVersion: v1 }",
  ),
};
