import { describe, expect, it } from "vitest";

import { renderDiagnostic } from "../../src/cli/formats/pretty.ts";
import type { Diagnostic } from "../../src/domain/diagnostic.ts";
import { diagnosePlugin, parseDeployment, parseTrust, type Parser } from "../../src/manifest/parse.ts";
import { deploymentMistakes, deploymentText } from "./gallery/deployment.ts";
import { pluginMistakes } from "./gallery/plugin.ts";
import { trustMistakes, trustText } from "./gallery/trust.ts";
import { pluginText } from "./plugin-text.ts";

type Diagnose = (text: string, file: string) => Promise<readonly Diagnostic[]>;

const withParser =
  <T>(parse: Parser<T>): Diagnose =>
  async (text, file) => {
    const parsed = parse(text, file);
    return parsed.ok ? parsed.value.warnings : parsed.error;
  };

/** All that a person would see for a text. */
async function seen(diagnose: Diagnose, file: string, text: string): Promise<string> {
  const style = { color: false, cwd: "/", sourceOf: () => text };
  const diagnostics = await diagnose(text, file);
  return diagnostics.flatMap((diagnostic) => [...renderDiagnostic(diagnostic, style), ""]).join("\n");
}

const FORMATS = [
  { format: "plugin", diagnose: diagnosePlugin, valid: pluginText(), mistakes: pluginMistakes },
  {
    format: "deployment",
    diagnose: withParser(parseDeployment),
    valid: deploymentText(),
    mistakes: deploymentMistakes,
  },
  { format: "trust", diagnose: withParser(parseTrust), valid: trustText(), mistakes: trustMistakes },
] as const;

describe.each(FORMATS)("a $format manifest", ({ format, diagnose, valid, mistakes }) => {
  const file = `${format}.yaml`;

  it("without a mistake is told nothing", async () => {
    expect(await seen(diagnose, file, valid)).toBe("");
  });

  it.each(Object.entries(mistakes))("with the mistake %s is told so", async (name, text) => {
    const output = await seen(diagnose, file, text);
    expect(output).not.toBe("");
    await expect(output).toMatchFileSnapshot(`../golden/manifest/${format}/${name}.txt`);
  });
});
