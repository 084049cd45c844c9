import { HOST_API_VERSION } from "../../domain/host.ts";
import type { PluginName } from "../../domain/ids.ts";
import { PLUGIN_API_VERSION, type PluginKind } from "../../domain/manifest.ts";
import { version } from "../version.ts";
import { adapter, calendar, marketDataNormaliser } from "./data.ts";
import { exchangeConnector } from "./exchange.ts";
import { riskLimit, riskManager, riskRuleEngine } from "./risk.ts";
import { indicator, strategy } from "./strategy.ts";
import type { Template } from "./template.ts";

const TEMPLATES: Readonly<Record<PluginKind, Template>> = {
  "exchange-connector": exchangeConnector,
  "risk-manager": riskManager,
  "risk-rule-engine": riskRuleEngine,
  "risk-limit": riskLimit,
  strategy,
  "market-data-normaliser": marketDataNormaliser,
  indicator,
  calendar,
  adapter,
};

export const KINDS = Object.keys(TEMPLATES) as readonly PluginKind[];

/** The files of a new plugin, by path in its folder. It validates, builds and passes its own test as it is. */
export function scaffold(kind: PluginKind, name: PluginName): Readonly<Record<string, string>> {
  const { description, manifest, code, test } = TEMPLATES[kind];
  return {
    "plugin.yaml": `# yaml-language-server: $schema=./node_modules/tradsys/schemas/plugin.schema.json
apiVersion: ${PLUGIN_API_VERSION}
kind: ${kind}
name: "${name}"
version: 0.1.0
description: ${description}
license: UNLICENSED
entry: src/index.ts
hostApi: ^${HOST_API_VERSION}
node: ">=24.15"

${manifest}`,
    "src/index.ts": code,
    "test/plugin.test.js": testFile(test),
    "package.json": json({
      name,
      private: true,
      type: "module",
      scripts: { validate: "tradsys validate .", build: "tradsys build .", test: "node --test" },
      devDependencies: { tradsys: `^${version}` },
      engines: { node: ">=24.15" },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        target: "es2024",
        module: "nodenext",
        strict: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      include: ["src"],
    }),
    ".gitignore": "node_modules/\ndist/\n",
    "README.md": `# ${name}

${description}. A plugin of the kind \`${kind}\`.

\`\`\`sh
npm install
npm run validate   # check plugin.yaml
npm test           # run test/
npm run build      # compile into dist/
\`\`\`

\`plugin.yaml\` says what the plugin provides, requires and may do; \`src/index.ts\` does it.
`,
  };
}

/** Tests are plain JavaScript: they need nothing but Node.js. */
function testFile(test: string): string {
  const imports = [
    `import assert from "node:assert/strict";`,
    `import { test } from "node:test";`,
    ...(test.includes("openFeed") ? ["", `import { openFeed } from "tradsys/plugin";`] : []),
    "",
    `import plugin from "../src/index.ts";`,
  ];
  return `${imports.join("\n")}

/** What the host gives the plugin, as far as these tests need it. */
const context = (given = {}) => ({
  plugin: { name: "under-test", version: "0.0.0" },
  config: {},
  now: () => 0,
  ...given,
});

${test}`;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
