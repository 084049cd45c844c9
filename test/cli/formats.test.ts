import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { Ajv } from "ajv";
import * as fc from "fast-check";
import { expect, it } from "vitest";

import { stablePath, stableUri, type Report } from "../../src/cli/formats/format.ts";
import { github } from "../../src/cli/formats/github.ts";
import { gitlab } from "../../src/cli/formats/gitlab.ts";
import { junit } from "../../src/cli/formats/junit.ts";
import { renderDiagnostic } from "../../src/cli/formats/pretty.ts";
import { sarif } from "../../src/cli/formats/sarif.ts";
import { docsOf, type Diagnostic } from "../../src/domain/diagnostic.ts";
import { executeWith } from "./with-input.ts";

const cwd = resolve("/work place");

/** Everything that some format gives a meaning to, and what no terminal should see. */
const HOSTILE = `100% <b a="1">&amp;</b> ]]> ::error::x, y:z\r\n\u001B[31m\u0000\u009B\u202E\uFFFE\uD800 😀`;

const diagnostic = (more: Partial<Diagnostic> = {}): Diagnostic => ({
  code: "FIELD_UNKNOWN",
  severity: "error",
  message: "the document has no field `verson`",
  location: {
    file: resolve(cwd, "plugins/a/plugin.yaml"),
    start: { line: 4, column: 1 },
    end: { line: 4, column: 7 },
  },
  pointer: "/verson",
  hint: "Did you mean `version`?",
  ...more,
});

const hostile = diagnostic({
  message: HOSTILE,
  hint: HOSTILE,
  expected: HOSTILE.toUpperCase(),
  found: HOSTILE.repeat(2),
  location: { file: resolve(cwd, "%2E, a:b\n<&>.yaml"), start: { line: 1, column: 1 } },
  related: [
    { message: HOSTILE, location: { file: resolve(cwd, "ü #?.yaml"), start: { line: 2, column: 3 } } },
  ],
});

const report = (...diagnostics: readonly Diagnostic[]): Report => ({
  diagnostics,
  checked: [resolve(cwd, "plugins/a/plugin.yaml"), resolve(cwd, "right.yaml")],
  cwd,
});

const SAMPLES = [
  { name: "nothing", sample: report() },
  { name: "one finding", sample: report(diagnostic()) },
  { name: "hostile text", sample: report(hostile, hostile) },
  {
    name: "a finding without a place",
    sample: report({ code: "CYCLE", severity: "warning", message: "a cycle" }),
  },
];

interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { id: string; helpUri: string }[] } };
  readonly results: readonly {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly partialFingerprints: Readonly<Record<string, string>>;
    readonly locations?: readonly unknown[];
    readonly relatedLocations?: readonly unknown[];
  }[];
}
const runOf = (sample: Report): SarifRun => {
  const { runs } = JSON.parse(sarif(sample)) as { runs: readonly [SarifRun] };
  return runs[0];
};

it.for(SAMPLES)("writes SARIF that its official schema accepts: $name", async ({ sample }) => {
  const file = new URL(
    "../../node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
    import.meta.url,
  );
  const text = await readFile(file, "utf8");
  // Draft 4, of which the schema uses only what later drafts kept; but for the name of the identifier.
  const { id, $schema: _, ...schema } = JSON.parse(text) as { id: string; $schema: string };
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile({
    ...schema,
    $id: id,
  });
  expect(validate(JSON.parse(sarif(sample))) || validate.errors).toBe(true);
});

it("names each rule once, with a page that explains it", () => {
  const { tool, results } = runOf(report(diagnostic(), hostile, diagnostic({ code: "CYCLE" })));
  const { rules } = tool.driver;
  expect(rules.map(({ id }) => id)).toEqual(["CYCLE", "FIELD_UNKNOWN"]);
  expect(rules.map(({ helpUri }) => helpUri)).toEqual([docsOf("CYCLE"), docsOf("FIELD_UNKNOWN")]);
  expect(results.map(({ ruleIndex }) => rules[ruleIndex]?.id)).toEqual(results.map(({ ruleId }) => ruleId));
});

it("points SARIF at both places of a finding, with references that stay the same elsewhere", () => {
  const [result] = runOf(
    report(
      diagnostic({
        related: [
          { message: "here", location: { file: resolve("/etc/b.yaml"), start: { line: 9, column: 2 } } },
        ],
      }),
    ),
  ).results;
  expect(result?.locations).toEqual([
    {
      physicalLocation: {
        artifactLocation: { uri: "plugins/a/plugin.yaml", uriBaseId: "%SRCROOT%" },
        region: { startLine: 4, startColumn: 1, endLine: 4, endColumn: 7 },
      },
    },
  ]);
  expect(result?.relatedLocations).toEqual([
    {
      id: 0,
      message: { text: "here" },
      physicalLocation: {
        artifactLocation: { uri: "file:///etc/b.yaml" },
        region: { startLine: 9, startColumn: 2 },
      },
    },
  ]);
});

it("keeps a finding's fingerprint when it moves, and tells two alike apart", () => {
  const moved = diagnostic({
    location: { ...diagnostic().location, file: resolve(cwd, "plugins/a/plugin.yaml") },
  });
  const below = diagnostic({
    location: { file: resolve(cwd, "plugins/a/plugin.yaml"), start: { line: 9, column: 1 } },
  });
  const marks = (...found: readonly Diagnostic[]): unknown[] =>
    runOf(report(...found)).results.map(({ partialFingerprints }) => partialFingerprints["tradsys/v1"]);
  expect(marks(below)).toEqual(marks(moved));
  expect(new Set(marks(moved, below, diagnostic({ pointer: "/other" }))).size).toBe(3);
  const elsewhere = {
    ...report(),
    cwd: resolve("/other"),
    diagnostics: [
      diagnostic({
        location: { file: resolve("/other/plugins/a/plugin.yaml") },
      }),
    ],
  };
  expect(runOf(elsewhere).results[0]?.partialFingerprints).toEqual(
    runOf(report(moved)).results[0]?.partialFingerprints,
  );
});

it("writes references that name the same file again", () => {
  const segment = fc
    .string({ unit: "binary", minLength: 1 })
    .filter((text) => text.isWellFormed() && !/[/\\\0]/.test(text) && !/^\.*$/.test(text));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
      const file = resolve(cwd, ...segments);
      const uri = stableUri(file, cwd);
      expect(decodeURIComponent(new URL(uri, "file:///base/").pathname)).toBe(`/base/${segments.join("/")}`);
      expect(stablePath(file, cwd)).toBe(segments.join("/"));
    }),
  );
});

it("gives a whole path to what lies elsewhere", () => {
  expect(stablePath(resolve("/etc/x.yaml"), cwd)).toBe("/etc/x.yaml");
  expect(stableUri(resolve("/etc/x y.yaml"), cwd)).toBe("file:///etc/x%20y.yaml");
});

/** What an XPath finds in a JUnit report, by a real parser. */
async function xpath(sample: Report, query: string, skip: (note: string) => never): Promise<string> {
  const { code, stdout, stderr } = await executeWith(junit(sample), ["xmllint", "--xpath", query, "-"]);
  if (code === -1) skip("xmllint is not on this machine");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replace(/\n$/, "");
}

it.for(SAMPLES)(
  "writes JUnit that is well-formed XML, one case for each file: $name",
  async ({ sample }, { skip }) => {
    const strangers = sample.diagnostics.length > 0 && sample !== SAMPLES[1]?.sample ? 1 : 0;
    expect(await xpath(sample, "count(//testcase)", skip)).toBe(String(2 + strangers));
    const failures = new Set(
      sample.diagnostics.filter(({ severity }) => severity === "error").map(({ location }) => location?.file),
    ).size;
    expect(await xpath(sample, "string(/testsuites/@failures)", skip)).toBe(String(failures));
    expect(await xpath(sample, "count(//failure)", skip)).toBe(String(failures));
  },
);

it("keeps in JUnit what XML can say of a message", async ({ skip }) => {
  const message = await xpath(report(hostile), "string(//failure/@message)", skip);
  expect(message).toBe(
    `100% <b a="1">&amp;</b> ]]> ::error::x, y:z\uFFFD\n\uFFFD[31m\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD 😀`,
  );
});

it("lets no text end or add to a GitHub annotation", () => {
  const text = github(report(hostile, diagnostic()));
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe(
    "::error file=plugins/a/plugin.yaml,line=4,endLine=4,col=1,endColumn=7,title=FIELD_UNKNOWN::the document has no field `verson`%0ADid you mean `version`?",
  );
  const [, properties = "", data = ""] = /^::error (.*?)::(.*)$/.exec(lines[0] ?? "") ?? [];
  expect(properties.split(",")[0]).toBe("file=%252E%2C a%3Ab%0A<&>.yaml");
  expect(data.startsWith("100%25 <b")).toBe(true);
});

/** What the runner does with the text of a command, in this order. */
const unescaped = (text: string): string =>
  text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");

it("gives back every text that a GitHub annotation carries", () => {
  const plain = fc.string({ unit: fc.constantFrom("%", "0", "D", "A", "25", ":", ",", "\r", "\n", "a") });
  fc.assert(
    fc.property(plain, (message) => {
      const { hint: _, location: __, ...bare } = diagnostic({ message });
      const [, data = ""] = /^::error title=FIELD_UNKNOWN::(.*)\n$/.exec(github(report(bare))) ?? [];
      expect(unescaped(data)).toBe(message);
    }),
  );
});

it("writes a GitLab report with all that GitLab requires", () => {
  const found = JSON.parse(
    gitlab(report(diagnostic(), { code: "CYCLE", severity: "warning", message: "a cycle" })),
  ) as readonly object[];
  expect(found).toEqual([
    {
      description: "the document has no field `verson`\nDid you mean `version`?",
      check_name: "FIELD_UNKNOWN",
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: "major",
      location: { path: "plugins/a/plugin.yaml", lines: { begin: 4 } },
    },
    {
      description: "a cycle",
      check_name: "CYCLE",
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: "minor",
      location: { path: ".", lines: { begin: 1 } },
    },
  ]);
});

it.each([
  ["SARIF", sarif],
  ["JUnit", junit],
  ["GitHub", github],
  ["GitLab", gitlab],
] as const)("shows no control character raw in %s", (_, format) => {
  // eslint-disable-next-line no-control-regex
  expect(format(report(hostile))).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/u);
});

const pretty = (found: Diagnostic, source = ""): string =>
  renderDiagnostic(found, { color: false, cwd, sourceOf: () => source }).join("\n");

it("draws both places of a contradiction, and what was expected", () => {
  const both = diagnostic({
    code: "CONFIG_CONTRADICTION",
    message: "the budget is too small",
    expected: "at least 60 MiB",
    found: "50 MiB",
    location: {
      file: resolve(cwd, "platform.yaml"),
      start: { line: 1, column: 9 },
      end: { line: 1, column: 11 },
    },
    related: [
      {
        message: "needed here",
        location: {
          file: resolve(cwd, "plugin.yaml"),
          start: { line: 1, column: 1 },
          end: { line: 1, column: 7 },
        },
      },
    ],
    hint: "Raise it.",
  });
  expect(`\n${pretty(both, "memory: 50")}\n`).toBe(`
error[CONFIG_CONTRADICTION]: the budget is too small
  --> platform.yaml:1:9
   |
 1 | memory: 50
   |         ^^
   = needed here
  --> plugin.yaml:1:1
   |
 1 | memory: 50
   | ^^^^^^
   = expected: at least 60 MiB
   = found: 50 MiB
   = Raise it.
`);
});

it("says nothing twice", () => {
  const text = pretty(diagnostic({ message: "must be text, not 3", expected: "text", found: "3" }));
  expect(text).not.toMatch(/expected|found/);
});

it("keeps to 80 columns, and breaks no command in two", () => {
  const command = "`tradsys sign bundles/a.tar.gz --key keys/ci.key --role release`";
  const text = pretty(
    diagnostic({
      message: `${"many words ".repeat(20)}end`,
      hint: `Now run ${command} and then look again, please.`,
    }),
    "x".repeat(300),
  );
  const lines = text.split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain(command);
  expect(text.replaceAll(/\s+/g, " ")).toContain(`${"many words ".repeat(20)}end`);
});
