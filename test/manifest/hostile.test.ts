import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { parsePlugin } from "../../src/manifest/parse.ts";
import { hostileTexts } from "./hostile-texts.ts";
import { pluginText } from "./plugin-text.ts";

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Of the whole process, in KB. A reader that builds what these texts describe needs several times as much. */
const MEMORY = 200_000;

it.each(Object.keys(hostileTexts))("refuses millions of %s within little memory", async (name) => {
  const script = `
    import { parseText } from ${here("../../src/manifest/document.ts")};
    import { hostileTexts } from ${here("hostile-texts.ts")};
    const parsed = parseText(hostileTexts[${JSON.stringify(name)}](), "a.yaml");
    const { maxRSS } = process.resourceUsage();
    process.stdout.write(JSON.stringify({ told: parsed.ok ? "read" : parsed.error[0].code, maxRSS }));
  `;
  const run = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const { told, maxRSS } = JSON.parse(run.stdout) as { told: string; maxRSS: number };
  expect(told).toMatch(/^YAML_(?:SYNTAX|FEATURE)$/);
  expect(maxRSS).toBeLessThan(MEMORY);
});

it("is not misled by brackets in quotes, blocks and comments", () => {
  const brackets = "[".repeat(500);
  const text = pluginText({
    append: `description: "${brackets}"\n# ${brackets}\ncapabilities:\n  a: |\n    ${brackets}\n  b: a${brackets}`,
  });
  expect(parsePlugin(text, "plugin.yaml")).toMatchObject({ ok: true });
});

const nested = (depth: number): string =>
  pluginText({ append: `capabilities: {a: ${"[".repeat(depth)}${"]".repeat(depth)}}` });

it("reads nesting up to a bound", () => {
  expect(parsePlugin(nested(80), "plugin.yaml")).toMatchObject({ ok: true });
  expect(parsePlugin(nested(200), "plugin.yaml")).toMatchObject({
    ok: false,
    error: [{ message: "nested more than 100 levels deep", location: { start: { line: 13 } } }],
  });
});

it("tells few of many mistakes", () => {
  const fields = Array.from({ length: 2000 }, (_, i) => `x${i}: 1`).join("\n");
  const parsed = parsePlugin(pluginText({ append: fields }), "plugin.yaml");
  expect(parsed.ok ? 0 : parsed.error.length).toBe(50);
});
