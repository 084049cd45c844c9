/** A valid manifest as text, one field a line, so that a test changes just the line it is about. */
const PLUGIN_LINES = [
  "apiVersion: tradsys/plugin/v1",
  "kind: risk-limit",
  'name: "@acme/limit-notional"',
  "version: 1.0.0",
  "license: Apache-2.0",
  "entry: src/index.ts",
  "hostApi: ^3.0.0",
  "facets:",
  "  limit:",
  "    provides: { risk-limit: 1.1.0 }",
  "    requires:",
  "      - { port: market-data, range: ^2, when: start }",
] as const;

/** The manifest with one line replaced (counted from 1), or with lines added at its end. */
export function pluginText(
  change: { readonly line?: number; readonly text?: string; readonly append?: string } = {},
): string {
  const lines: string[] = [...PLUGIN_LINES];
  if (change.line !== undefined) lines[change.line - 1] = change.text ?? "";
  if (change.append !== undefined) lines.push(change.append);
  return `${lines.join("\n")}\n`;
}
