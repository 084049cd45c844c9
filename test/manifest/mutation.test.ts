import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Location, Position } from "../../src/domain/diagnostic.ts";
import { parseAny, parseDeployment, parsePlugin, parseTrust } from "../../src/manifest/parse.ts";
import { deploymentText } from "./gallery/deployment.ts";
import { trustText } from "./gallery/trust.ts";
import { pluginText } from "./plugin-text.ts";

const EXTRAS = [
  "permissions: { net: [a.example, 'b.example:1'], fs: [data], env: [A], secrets: [a], builtins: [vm] }",
  "metrics: [{ name: tradsys_risk_check_seconds, type: histogram, unit: seconds, labels: [a] }]",
  "config: { schema: { type: object, properties: { a: { type: string, pattern: '^a+$' } } }, defaults: { a: a } }",
  'description: "quoted \\n text"',
  "capabilities:\n  block: |\n    text\n    more",
].join("\n");

const FORMATS = [
  { format: "plugin", parse: parsePlugin, valid: pluginText({ append: EXTRAS }) },
  { format: "deployment", parse: parseDeployment, valid: deploymentText() },
  { format: "trust", parse: parseTrust, valid: trustText() },
] as const;

/** Cuts, pastes and doubles parts of a text; what is pasted is what YAML reads in surprising ways. */
const edits = fc.array(
  fc.record({
    at: fc.nat(),
    remove: fc.nat(20),
    insert: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom(
        ..."\n|  |- |: |{|}|[|]|&a |*a|!t |'|\"|\t|0|null|~|<<: |__proto__: |---\n|\r\n|\r|# |> |? |^|>2 <1|-1|.inf|\uFEFF|1e999".split(
          "|",
        ),
        "|",
      ),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

const isInside = (text: string) => {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const holds = ({ line, column }: Position): boolean =>
    line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1] ?? "").length + 1;
  return ({ start, end }: Location): boolean =>
    start !== undefined &&
    end !== undefined &&
    holds(start) &&
    holds(end) &&
    (end.line > start.line || (end.line === start.line && end.column >= start.column));
};

describe.each(FORMATS)("a $format manifest, whatever is done to it", ({ parse, valid }) => {
  it("is valid to begin with", () => {
    expect(parse(valid, "a.yaml")).toMatchObject({ ok: true });
  });

  it.each([
    ["its own parser", parse],
    ["the parser of any format", parseAny],
  ])("is read or told about inside the file by %s, and never throws", (_, parser) => {
    fc.assert(
      fc.property(edits, (changes) => {
        const mutated = changes.reduce((text, { at, remove, insert }) => {
          const from = at % (text.length + 1);
          return text.slice(0, from) + insert + text.slice(from + remove);
        }, valid);
        const parsed = parser(mutated, "a.yaml");
        const diagnostics = parsed.ok ? parsed.value.warnings : parsed.error;
        expect(parsed.ok || diagnostics.some(({ severity }) => severity === "error")).toBe(true);
        const places = diagnostics.flatMap(({ location, related = [] }) => [
          location,
          ...related.map((other) => other.location),
        ]);
        expect(places.filter((place) => place === undefined || !isInside(mutated)(place))).toEqual([]);
      }),
      { numRuns: 700 },
    );
  });
});
