const LINES = [
  "apiVersion: tradsys/deployment/v1",
  "name: paper-desk",
  "trust: trust.yaml",
  "plugins:",
  '  - name: "@acme/connector"',
  "    range: ^1.2",
  "    config: { symbols: [BTC/USDT] }",
  '  - { name: "@acme/risk-core", range: ^4 }',
];

/** A valid deployment manifest, with one line replaced (counted from 1). */
export function deploymentText(number = 0, text = ""): string {
  return `${LINES.map((line, i) => (i === number - 1 ? text : line)).join("\n")}\n`;
}

/** Mistakes in a deployment manifest, each as the whole text it stands in. */
export const deploymentMistakes: Readonly<Record<string, string>> = {
  "plugins-misspelt": deploymentText(4, "plugin:"),
  "plugins-empty": `${LINES.slice(0, 3).join("\n")}\nplugins: []\n`,
  "plugins-by-name": `${LINES.slice(0, 3).join("\n")}\nplugins:\n  "@acme/connector": ^1.2\n`,
  "plugin-without-quotes": deploymentText(5, "  - name: @acme/connector"),
  "plugin-without-range": deploymentText(6),
  "plugin-without-scope": deploymentText(5, "  - name: connector"),
  "plugin-twice": deploymentText(8, '  - { name: "@acme/connector", range: ^4 }'),
  "plugin-as-word": deploymentText(8, '  - "@acme/risk-core"'),
  "range-that-is-none": deploymentText(6, "    range: latest"),
  "range-of-nothing": deploymentText(6, '    range: ">=2 <1"'),
  "range-as-number": deploymentText(6, "    range: 1.2"),
  "config-as-list": deploymentText(7, "    config: [symbols]"),
  "config-misspelt": deploymentText(7, "    confg: { symbols: [BTC/USDT] }"),
  "name-with-space": deploymentText(2, "name: paper desk"),
  "name-missing": deploymentText(2),
  "trust-misspelt": deploymentText(3, "turst: trust.yaml"),
  "trust-without-value": deploymentText(3, "trust:"),
  "version-field": deploymentText(3, "version: 1.0.0"),
  "windows-line-ends": deploymentText(3, "turst: trust.yaml").replaceAll("\n", "\r\n"),
};
