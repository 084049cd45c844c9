import { setTimeout as delay } from "node:timers/promises";

import { expect, it } from "vitest";

import type { BundleManifest } from "../../../src/domain/bundle.ts";
import type { Generation } from "../../../src/domain/plan.ts";
import { nodeFiles } from "../../../src/platform/files.ts";
import { readObservedUse } from "../../../src/runtime/resources/observed-use.ts";
import { startRuntime } from "../../../src/runtime/start-runtime.ts";
import { makeHostFolder } from "../../../src/store/host-folder.ts";
import {
  activating,
  applyAll,
  facet,
  generationOf,
  publishSample,
  temporaryFolder,
} from "../../support/root.ts";

const MIB = 2 ** 20;

interface Declared {
  readonly memoryMiB: number;
  readonly manifest?: Partial<Omit<BundleManifest, "files">>;
}

const resources = (memoryMiB: number) => ({
  memoryMiB,
  startTimeoutMs: 4000,
  drainTimeoutMs: 1000,
  stopTimeoutMs: 1000,
});

/** A root with these plugins, each telling when it is loaded, and this budget. */
async function rootOf(
  memory: Generation["memory"],
  plugins: Readonly<Record<string, Declared>>,
): Promise<string> {
  const root = await temporaryFolder();
  const published = [];
  for (const [name, { memoryMiB, manifest }] of Object.entries(plugins)) {
    published.push(
      await publishSample(root, {
        name,
        facets: { main: { account: "1.2.0" } },
        manifest: { hostProvided: ["loaded"], resources: resources(memoryMiB), ...manifest },
        code: activating(
          `require("loaded")("${name}"); return { main: { provides: { account: { balances: async () => ["${name}"] } } } };`,
        ),
      }),
    );
  }
  const facets = Object.fromEntries(Object.keys(plugins).map((name) => [`${name}#main`, {}]));
  await applyAll(root, { ...generationOf(published, facets), ...(memory && { memory }) });
  return root;
}

/** The root, started. */
async function start(root: string, options: Partial<Parameters<typeof startRuntime>[0]> = {}) {
  const loaded: string[] = [];
  const starting = startRuntime({
    root,
    hostModules: { loaded: (name: string) => void loaded.push(name) },
    ...options,
  });
  return { loaded, starting };
}

const OPTIONAL = { criticality: "optional", activation: "background" } as const;

it("runs no code at all where the critical plugins do not fit, and says of each what is missing where", async () => {
  const root = await rootOf(
    { platformMiB: 200, systemsMiB: { exchange: 100 } },
    {
      binance: { memoryMiB: 75, manifest: { kind: "exchange-connector", criticality: "critical" } },
      kraken: { memoryMiB: 75, manifest: { kind: "exchange-connector", criticality: "critical" } },
      limit: { memoryMiB: 150, manifest: { kind: "risk-limit", criticality: "critical" } },
    },
  );
  const { loaded, starting } = await start(root);
  await expect(starting).rejects.toMatchObject({
    code: "MEMORY_EXCEEDED",
    diagnostics: [
      {
        message:
          "@acme/kraken@1.0.0 declares 75 MiB of memory, and the exchange system has 25 MiB left of its 100 MiB",
      },
      {
        message:
          "@acme/limit@1.0.0 declares 150 MiB of memory, and the platform has 125 MiB left of its 200 MiB",
      },
    ],
  });
  expect(loaded).toEqual([]);
});

it("leaves out the least important where not all fit, whichever would start first, and says why", async () => {
  const root = await rootOf(
    { platformMiB: 100 },
    {
      chart: { memoryMiB: 40, manifest: { ...OPTIONAL, kind: "strategy", priority: 90 } },
      trend: { memoryMiB: 40, manifest: { ...OPTIONAL, kind: "strategy", priority: 30 } },
      risk: { memoryMiB: 50, manifest: { kind: "risk-manager", criticality: "critical" } },
    },
  );
  const { starting } = await start(root);
  const runtime = await starting;
  await runtime.background;
  expect(Object.fromEntries([...runtime.status()].map(([id, { state }]) => [id, state]))).toEqual({
    [facet("chart#main")]: "failed",
    [facet("trend#main")]: "ready",
    [facet("risk#main")]: "ready",
  });
  expect(runtime.status().get(facet("chart#main"))).toMatchObject({
    error: {
      code: "MEMORY_EXCEEDED",
      message: "@acme/chart@1.0.0 declares 40 MiB of memory, and the platform has 10 MiB left of its 100 MiB",
    },
  });
  await runtime.stop();
});

/** The kernel's files in a container of 512 MiB. */
const container =
  (usedMiB: number) =>
  (path: string): string | undefined =>
    ({
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/memory.max": `${512 * MIB}\n`,
      "/sys/fs/cgroup/memory.current": `${usedMiB * MIB}\n`,
    })[path];

it("keeps to what a container has left", async () => {
  const root = await rootOf(undefined, {
    risk: { memoryMiB: 50, manifest: { kind: "risk-manager", criticality: "critical" } },
  });
  const full = await start(root, { resources: { readKernelFile: container(500) } });
  await expect(full.starting).rejects.toMatchObject({
    code: "MEMORY_EXCEEDED",
    message: "@acme/risk@1.0.0 declares 50 MiB of memory, and the platform has 12 MiB left of its 12 MiB",
  });
  const roomy = await start(root, { resources: { readKernelFile: container(100) } });
  await (await roomy.starting).stop();
  expect(roomy.loaded).toEqual(["risk"]);
});

it("gives back the memory of a plugin that failed, so that there is room when it is tried again", async () => {
  const root = await rootOf(
    { platformMiB: 60 },
    { chart: { memoryMiB: 50, manifest: { kind: "strategy", criticality: "optional" } } },
  );
  let attempts = 0;
  const hostModules = {
    loaded() {
      if (++attempts === 1) throw new Error("not yet");
    },
  };
  const { starting } = await start(root, { hostModules });
  const runtime = await starting;
  expect(runtime.status().get(facet("chart#main"))).toMatchObject({ error: { code: "LOAD_FAILED" } });
  await delay(150);
  await runtime.demand(facet("chart#main"));
  expect(attempts).toBe(2);
  await runtime.stop();
});

it("remembers what isolated plugins used beyond what an empty worker does", async () => {
  const root = await temporaryFolder();
  const large = await publishSample(root, {
    name: "large",
    manifest: { isolation: "worker", resources: resources(20) },
    code: activating("globalThis.kept = new Array(30 * 131072).fill(0.5); return { main: {} };"),
  });
  await applyAll(root, generationOf([large], { "large#main": {} }));
  const host = await makeHostFolder(nodeFiles, root);
  const runtime = await startRuntime({ root, resources: { sampleMs: 10 } });
  await delay(200);
  await runtime.stop();
  const { peakBytes = 0 } = (await readObservedUse(host)).get(large.name) ?? {};
  expect(peakBytes).toBeGreaterThan(30 * MIB);
  expect(peakBytes).toBeLessThan(150 * MIB);
});
