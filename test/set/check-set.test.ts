import { expect, it } from "vitest";

import type { Diagnostic, Location } from "../../src/domain/diagnostic.ts";
import { checkDeployedConfigs, checkSet } from "../../src/manifest/set/check-set.ts";
import { contradictory, documents } from "./documents.ts";

const at = ({ file, start }: Location): string => `${file}:${start?.line}:${start?.column}`;

const plugin = (name: string, facets: string): string =>
  `apiVersion: tradsys/plugin/v1\nkind: risk-limit\nname: "@acme/${name}"\nversion: 1.0.0\nlicense: MIT\nentry: i.ts\nhostApi: ^3\nfacets: ${facets}\n`;

const deploymentOf = (...names: readonly string[]) => ({
  "d.yaml": `apiVersion: tradsys/deployment/v1\nname: d\nplugins: [${names.map((name) => `{ name: "@acme/${name}", range: "*" }`).join(", ")}]\n`,
});

/** A finding as its reader would repeat it: what, and every place. */
const told = ({ code, message, location, related = [] }: Diagnostic): string =>
  [
    `${code} ${message}`,
    ...[location, ...related.map((other) => other.location)].flatMap((place) => (place ? [at(place)] : [])),
  ].join("\n  ");

it("finds every contradiction of one deployment in one run, and names both places", async () => {
  const found = checkSet(await contradictory()).map(told);
  await expect(`${found.join("\n")}\n`).toMatchFileSnapshot("../golden/set/contradictions.txt");
});

it("finds nothing when the numbers agree", async () => {
  const agreeing = (await contradictory()).filter(({ format }) => format !== "platform");
  const connector = agreeing.find(({ file }) => file === "connector.yaml");
  const platform = documents({
    "platform.yaml": `
apiVersion: tradsys/platform/v1
name: agreed
settings: { warmUpTimeoutMs: 60000, startTimeoutMs: 45000, memoryBudgetMiB: 2048, memoryAlertMiB: 1800, idleUnloadMs: 3600000, queueCapacity: 40, backpressureAt: 20, priorityOrder: lower-first }
systems:
  exchange: { settings: { memoryBudgetMiB: 1024, idleUnloadMs: 1800000 }, config: { requestTimeoutMs: 8000 } }
  risk: { settings: { memoryBudgetMiB: 1024 } }
`,
  });
  const deployment = documents({
    "deployment.yaml":
      'apiVersion: tradsys/deployment/v1\nname: d\nplatform: platform.yaml\nplugins: [{ name: "@acme/connector", range: ^1 }]\n',
  });
  expect(checkSet([...platform, ...deployment, ...(connector ? [connector] : [])])).toEqual([]);
});

it("lets a deployment give one plugin less time on purpose", () => {
  const texts = {
    "p.yaml":
      'apiVersion: tradsys/plugin/v1\nkind: risk-limit\nname: "@acme/limit"\nversion: 1.0.0\nlicense: MIT\nentry: i.ts\nhostApi: ^3\nfacets: { limit: {} }\nresources: { startTimeoutMs: 9000 }\n',
    "d.yaml":
      'apiVersion: tradsys/deployment/v1\nname: d\nplugins: [{ name: "@acme/limit", range: ^1, settings: { startTimeoutMs: 1000 } }]\n',
  };
  expect(checkSet(documents(texts))).toEqual([]);
});

it("warns of a port that nothing in a whole deployment provides", () => {
  const texts = {
    "a.yaml": plugin(
      "a",
      "{ f: { requires: [{ port: quotes, range: ^2 }, { port: fx, range: ^1, optional: true }] } }",
    ),
    "b.yaml": plugin("b", "{ f: { provides: { quotes: 1.4.0 } } }"),
  };
  expect(checkSet(documents({ ...texts, ...deploymentOf("a", "b") })).map(told)).toEqual([
    "PORT_UNPROVIDED @acme/a requires quotes ^2, and only 1.4.0 in this deployment provides it\n  a.yaml:8:27",
  ]);
  expect(checkSet(documents({ ...texts, ...deploymentOf("a", "b", "c") }))).toEqual([]);
});

it("checks a deployment's configuration against the plugins' own schemas, wherever it is stated", async () => {
  const found = await checkDeployedConfigs([
    ...(await contradictory()),
    ...documents({
      "second.yaml":
        'apiVersion: tradsys/deployment/v1\nname: e\nplatform: wrong.yaml\nplugins: [{ name: "@acme/connector", range: "*", config: { venue: 1 } }]\n',
      "wrong.yaml": "apiVersion: tradsys/platform/v1\nname: w\nconfig: { requestTimeoutMs: soon }\n",
    }),
  ]);
  expect(found.map(({ location }) => location && at(location))).toEqual([
    "wrong.yaml:3:29",
    "second.yaml:4:67",
  ]);
  expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringContaining("CONFIG_INVALID @acme/connector: `requestTimeoutMs` must be") as string,
    expect.stringContaining("CONFIG_INVALID @acme/connector: `venue` must be") as string,
  ]);
});
