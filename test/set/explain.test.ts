import { expect, it } from "vitest";

import { explainValue, inheritedConfig } from "../../src/manifest/layers/explain.ts";
import { hierarchyOf } from "../../src/manifest/layers/scope.ts";
import { deploymentSets } from "../../src/manifest/set/check-set.ts";
import { documents } from "./documents.ts";

const TEXTS = {
  "plugin.yaml": `
apiVersion: tradsys/plugin/v1
kind: exchange-connector
name: "@acme/connector"
version: 1.0.0
license: MIT
entry: i.ts
hostApi: ^3
facets: { market-data: {} }
config:
  schema: { type: object, properties: { timeoutMs: { type: integer }, venue: { type: object }, symbols: { type: array } } }
  defaults: { timeoutMs: 10000, venue: { url: "https://a.example", retries: 1 }, symbols: [A, B] }
`,
  "platform.yaml": `
apiVersion: tradsys/platform/v1
name: host
settings: { startTimeoutMs: 45000 }
config: { timeoutMs: 9000, other: 1 }
systems:
  exchange: { config: { timeoutMs: 8000, venue: { retries: 2 } }, settings: { startTimeoutMs: 40000 } }
  risk: { config: { timeoutMs: 1 } }
groups:
  fast: { plugins: ["@acme/connector"], config: { timeoutMs: 7000, symbols: [C] } }
`,
  "deployment.yaml": `
apiVersion: tradsys/deployment/v1
name: d
platform: platform.yaml
plugins:
  - name: "@acme/connector"
    range: ^1
    config: { timeoutMs: 6000 }
    instances: { backup: { config: { timeoutMs: 5000 } } }
`,
};

function scopes() {
  const [plugin] = deploymentSets(documents(TEXTS)).flatMap((set) => hierarchyOf(set).plugins);
  if (!plugin) throw new TypeError("the deployment has one plugin");
  return plugin;
}

const chain = (path: readonly string[], instance?: number): string[] => {
  const plugin = scopes();
  const scope = instance === undefined ? plugin.plugin : plugin.instances[instance];
  if (!scope) throw new TypeError("no such instance");
  return explainValue(plugin, scope, path).map(
    ({ level, value, location }) =>
      `${level}: ${JSON.stringify(value)} ${location.file}:${location.start?.line}:${location.start?.column}`,
  );
};

it("tells every level's say about a value, the one that counts last", () => {
  expect(chain(["timeoutMs"], 0)).toEqual([
    "default: 10000 plugin.yaml:12:26",
    "platform host: 9000 platform.yaml:5:22",
    "system exchange: 8000 platform.yaml:7:36",
    "group fast: 7000 platform.yaml:10:62",
    "@acme/connector: 6000 deployment.yaml:8:26",
    "@acme/connector, instance backup: 5000 deployment.yaml:9:49",
  ]);
});

it("tells it of a part of an object, and of a setting", () => {
  expect(chain(["venue", "retries"])).toEqual([
    "default: 1 plugin.yaml:12:77",
    "system exchange: 2 platform.yaml:7:60",
  ]);
  expect(chain(["settings", "startTimeoutMs"]).map((line) => line.replace(/ \S+$/, ""))).toEqual([
    "default: 30000",
    "platform host: 45000",
    "system exchange: 40000",
  ]);
});

it("merges objects member by member, replaces the rest, and leaves out what the plugin does not know", () => {
  const plugin = scopes();
  expect(inheritedConfig(plugin, plugin.plugin)).toEqual({
    timeoutMs: 6000,
    venue: { retries: 2 },
    symbols: ["C"],
  });
});
