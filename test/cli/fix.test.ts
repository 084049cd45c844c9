import * as fc from "fast-check";
import { expect, it } from "vitest";

import { fixText } from "../../src/manifest/fix.ts";
import { parseAny } from "../../src/manifest/parse.ts";

const MANIFEST = `# A plugin
apiVersion: tradsys/plugin/v1
kind: strategy   # what it is
name: "@acme/one"
version: 1.0.0
license: 'Apache-2.0'

entry: src/index.ts
hostApi: ^3.0.0
facets:
  main:
    requires:
      - { port: market-data, range: "^2", cardinality: many } # all of them
`;

const fixed = (text: string): string => fixText(text, "plugin.yaml").text;

const problems = (text: string): number => {
  const parsed = parseAny(text, "plugin.yaml");
  return parsed.ok ? 0 : parsed.error.length;
};

it.each([
  ["license:", "licence:", "a misspelt field"],
  ["cardinality:", "cardinalty:", "a misspelt field in braces"],
  ["kind: strategy", "kind: strategi", "a misspelt kind"],
  ["cardinality: many", "cardinality: mny", "a misspelt choice"],
  ["version: 1.0.0", "version: v1.0.0", "a version with a v"],
  [`"@acme/one"\nversion: 1.0.0`, `"@acme/one"\nversion: V1.0.0`, "a version with a capital V"],
])("writes %s for %s: %s", (right, wrong) => {
  expect(fixed(MANIFEST.replace(right, wrong))).toBe(MANIFEST);
});

it.each([
  ["3", `"3"`],
  ["3.10", `"3.10"`],
])("puts the range %s in quotes as it stands", (wrong, right) => {
  expect(fixed(MANIFEST.replace("^3.0.0", wrong))).toBe(MANIFEST.replace("^3.0.0", right));
});

it("keeps quotes, line ends and a byte order mark", () => {
  const right = `\uFEFF${MANIFEST.replace("license:", `"license":`).replaceAll("\n", "\r\n")}`;
  expect(fixed(right.replace("license", "licence"))).toBe(right);
});

it.each([
  ["a field whose right name is taken", `${MANIFEST}licence: MIT\n`],
  ["a version that is no version", MANIFEST.replace("1.0.0", "vnext")],
  ["a version that YAML has rounded", MANIFEST.replace("1.0.0", "1.10")],
  ["a range in another notation", MANIFEST.replace("^3.0.0", "0x3")],
  ["a field that is near nothing", `${MANIFEST}colour: red\n`],
  ["text that cannot be read", `${MANIFEST}kind: [`],
  ["a document of an unknown format", MANIFEST.replace("plugin/v1", "plugin/v9")],
])("leaves alone %s", (_, text) => {
  expect(fixText(text, "plugin.yaml")).toEqual({ text, fixes: [] });
});

it("tells what it replaced, and where", () => {
  expect(fixText(MANIFEST.replace("license:", "licence:"), "plugin.yaml").fixes).toEqual([
    { file: "plugin.yaml", start: { line: 6, column: 1 }, from: "licence", to: "license" },
  ]);
});

it("mends again what a mended name brings to light", () => {
  const wrong = MANIFEST.replace("facets:", "facetts:").replace("version: 1.0.0", "version: v1.0.0");
  expect(fixed(wrong.replace("cardinality: many", "cardinality: mny"))).toBe(MANIFEST);
});

it("never adds a problem, and has nothing to do the second time", () => {
  const words = [...MANIFEST.matchAll(/[a-zA-Z]{4,}/g)].map(({ index, 0: word }) => ({ index, word }));
  const typo = fc.record({
    place: fc.constantFrom(...words),
    at: fc.nat(),
    letter: fc.constantFrom("", "a", "e", "x", "z", ":", "-"),
  });
  fc.assert(
    fc.property(typo, ({ place: { index, word }, at, letter }) => {
      const offset = index + (at % word.length);
      const wrong = MANIFEST.slice(0, offset) + letter + MANIFEST.slice(offset + 1);
      const once = fixText(wrong, "plugin.yaml");
      expect(fixText(once.text, "plugin.yaml").fixes).toEqual([]);
      expect(problems(once.text)).toBeLessThanOrEqual(problems(wrong));
      expect(once.text === wrong).toBe(once.fixes.length === 0);
    }),
  );
});
