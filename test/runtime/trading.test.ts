import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import { openBundle } from "../../src/bundle/open.ts";
import type { Deployment } from "../../src/domain/deployment.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import type { Generation } from "../../src/domain/plan.ts";
import { effectiveConfig } from "../../src/manifest/config.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { toLock } from "../../src/resolver/lock.ts";
import { resolve } from "../../src/resolver/resolve.ts";
import { startRuntime } from "../../src/runtime/start-runtime.ts";
import { rootPaths } from "../../src/store/generations.ts";
import { listCandidates } from "../../src/store/read.ts";
import { startSimulatedVenue } from "../../src/testing/simulated-venue.ts";
import { limitOrder } from "../plugins/host.ts";
import { applyAll, publishSigned, temporaryFolder, trust } from "../support/root.ts";

const folderOf = (name: string): string => join(import.meta.dirname, "../../manifests/plugins", name);
const host = { api: "3.1.0", node: process.versions.node, platform: `${process.platform}-${process.arch}` };

async function readManifest(name: string): Promise<Manifest> {
  const file = join(folderOf(name), "plugin.yaml");
  const parsed = parsePlugin(await readFile(file, "utf8"), file);
  if (!parsed.ok) throw new Error(`${file} is not valid`);
  return parsed.value.value;
}

/** Builds, signs and publishes plugins of this repository. */
async function publishAll(root: string, names: readonly string[]): Promise<readonly Candidate[]> {
  for (const name of names) {
    const { bytes, fileName } = await buildPlugin(await readManifest(name), folderOf(name), nodeFiles);
    await publishSigned(root, { bytes, ...openBundle(bytes, { file: fileName }) });
  }
  return listCandidates(nodeFiles, rootPaths(root).store);
}

type Config = Deployment["plugins"][number]["config"];

/** Resolves and plans a deployment of all candidates, with the defaults of each but for what is given. */
async function generationFrom(
  candidates: readonly Candidate[],
  overrides: Readonly<Record<string, Config>>,
): Promise<Generation> {
  const plugins = candidates.map(({ manifest: { name } }) => ({
    name,
    range: "*",
    config: {},
    instances: {},
  }));
  const resolved = resolve({
    requirements: plugins,
    candidates,
    host,
    prefer: new Map(),
    stepBudget: 10_000,
  });
  if (resolved.kind !== "resolved") throw new Error(`the sample plugins do not fit: ${resolved.kind}`);
  const deployment: Deployment = {
    apiVersion: "tradsys/deployment/v1",
    name: "desk",
    description: "",
    trust: "trust.yaml",
    plugins,
  };
  const given = await Promise.all(
    candidates.map(async ({ manifest }) => {
      const config = await effectiveConfig(manifest, overrides[manifest.name] ?? {});
      if (!config.ok) throw new Error(`the configuration of ${manifest.name} is not valid`);
      return [manifest.name, { config: config.value }] as const;
    }),
  );
  const planned = planDeployment({
    lock: toLock(deployment, host, resolved),
    manifests: new Map(candidates.map((candidate) => [candidate.manifest.name, candidate])),
    given: new Map(given),
    trust,
    base: null,
    request: { author: "tester", at: new Date("2026-03-14T12:00:00Z") },
  });
  if (!planned.ok) throw new Error("the sample plugins wait for each other");
  return planned.value.generation;
}

it("compiles a connector with exactly one exchange in it", async () => {
  const folder = folderOf("connector-binance");
  const manifest = await readManifest("connector-binance");
  const { shares } = await buildPlugin(manifest, folder, nodeFiles);
  const sources = shares.flatMap(({ file }) => /^js\/src\/(.+)$/.exec(file)?.[1] ?? []);
  const exchanges = sources.filter((source) => /^(?:pro\/|abstract\/)?[a-z0-9]+\.js$/.test(source));
  expect(exchanges.toSorted()).toEqual(["abstract/binance.js", "binance.js", "pro/binance.js"]);
});

it("trades on a venue through signed bundles, far from any node_modules", async () => {
  const [apiKey, apiSecret] = ["test-key", "test-secret"];
  await using venue = await startSimulatedVenue({ apiKey, apiSecret, tickerIntervalMs: 50 });
  const root = await temporaryFolder();
  const candidates = await publishAll(root, [
    "connector-binance",
    "limit-position",
    "md-normaliser",
    "risk-core",
    "risk-rules-pretrade",
  ]);
  const overrides = { "@tradsys/connector-binance": { baseUrl: venue.url, wsUrl: venue.wsUrl } };
  await applyAll(root, await generationFrom(candidates, overrides));

  const secrets = new Map([
    ["binance-api-key", apiKey],
    ["binance-api-secret", apiSecret],
  ]);
  const runtime = await startRuntime({ root, secret: (name) => secrets.get(name) });
  try {
    expect([...runtime.status().values()].map(({ state }) => state)).toEqual(
      Array.from({ length: runtime.generation.facets.length }, () => "ready"),
    );
    const instrument = "BINANCE:BTC/USDT";
    const { events } = runtime.ports.one("market-data").subscribe({ instrument, channel: "quote" });
    for await (const event of events) if (event.type === "quote") break;

    const order = limitOrder({ instrument, quantity: "0.05", price: "64000" });
    const ack = await runtime.ports.one("order-entry").submit(order);
    expect(ack).toMatchObject({ clientOrderId: order.clientOrderId, state: expect.any(String) });
    expect(venue.orders()).toMatchObject([{ clientOrderId: order.clientOrderId }]);

    const tooLarge = limitOrder({ clientOrderId: "c-2", instrument, quantity: "5", price: "64000" });
    await expect(runtime.ports.one("order-entry").submit(tooLarge)).rejects.toMatchObject({
      code: "RISK_DENIED",
    });
    expect(venue.orders()).toHaveLength(1);
  } finally {
    expect(await runtime.stop()).toEqual([]);
  }
});
