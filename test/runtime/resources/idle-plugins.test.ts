import { setTimeout as delay } from "node:timers/promises";

import { expect, it } from "vitest";

import { applyPlan } from "../../../src/activation/activate.ts";
import type { Generation } from "../../../src/domain/plan.ts";
import { nodeFiles } from "../../../src/platform/files.ts";
import type { Runtime, RuntimeOptions } from "../../../src/runtime/runtime.ts";
import { startRuntime } from "../../../src/runtime/start-runtime.ts";
import { makeHostFolder } from "../../../src/store/host-folder.ts";
import {
  activating,
  activation,
  applyAll,
  facet,
  generationOf,
  planFrom,
  publishSample,
  temporaryFolder,
  type Sample,
  type Wiring,
} from "../../support/root.ts";

interface Lazy extends Pick<Sample, "code" | "manifest"> {
  readonly memoryMiB?: number;
  readonly idleUnloadMs?: number;
  readonly wiring?: Wiring;
}

const BALANCES = activating(
  `return { main: { provides: { account: { balances: async () => [String(process.hrtime.bigint())] } } } };`,
);

/** A root with these lazy plugins. */
async function rootOf(
  plugins: Readonly<Record<string, Lazy>>,
  memory?: Generation["memory"],
): Promise<string> {
  const root = await temporaryFolder();
  const published = [];
  for (const [name, { memoryMiB = 10, idleUnloadMs, code = BALANCES, manifest }] of Object.entries(plugins)) {
    const plugin = await publishSample(root, {
      name,
      code,
      facets: { main: { account: "1.2.0" } },
      manifest: {
        activation: "lazy",
        criticality: "optional",
        resources: { memoryMiB, startTimeoutMs: 10_000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
        ...manifest,
      },
    });
    published.push({ ...plugin, ...(idleUnloadMs !== undefined && { idleUnloadMs }) });
  }
  const facets = Object.fromEntries(
    Object.entries(plugins).map(([name, { wiring = {} }]) => [`${name}#main`, wiring]),
  );
  await applyAll(root, { ...generationOf(published, facets), ...(memory && { memory }) });
  return root;
}

const start = (root: string, options: Partial<RuntimeOptions> = {}): Promise<Runtime> =>
  startRuntime({ root, resources: { sampleMs: 10, recycleAfterMs: 50 }, ...options });

const use = async (runtime: Runtime, name: string): Promise<unknown> =>
  runtime.ports
    .all("account")
    .find(({ provider }) => provider === facet(`${name}#main`))
    ?.port.balances();

const stateOf = (runtime: Runtime, name: string): string | undefined =>
  runtime.status().get(facet(`${name}#main`))?.state;

it("unloads a lazy plugin that nobody uses, and loads it again at the next use", async () => {
  const runtime = await start(await rootOf({ calendar: { idleUnloadMs: 100 } }));
  expect(stateOf(runtime, "calendar")).toBe("waiting");
  for (let round = 0; round < 2; round++) {
    await use(runtime, "calendar");
    expect(stateOf(runtime, "calendar")).toBe("ready");
    await expect.poll(() => stateOf(runtime, "calendar"), { timeout: 5000 }).toBe("waiting");
  }
  await runtime.stop();
});

it("unloads none that is in use, has open orders, or is needed by another", async () => {
  const trading = activating(`context.pin("open orders");
    return { main: { provides: { account: { balances: async () => [] } } } };`);
  const waiting = activating(
    `return { main: { provides: { account: { balances: () => new Promise((done) => setTimeout(done, 700)) } } } };`,
  );
  const runtime = await start(
    await rootOf({
      venue: { idleUnloadMs: 50 },
      limit: { wiring: { after: ["venue#main"] } },
      trading: { idleUnloadMs: 50, code: trading },
      isolated: { idleUnloadMs: 50, code: trading, manifest: { isolation: "worker" } },
      busy: { idleUnloadMs: 50, code: waiting },
    }),
  );
  const names = ["limit", "trading", "isolated"];
  for (const name of names) await use(runtime, name);
  const under = use(runtime, "busy");
  await delay(400);
  for (const name of [...names, "venue", "busy"])
    expect([name, stateOf(runtime, name)]).toEqual([name, "ready"]);
  await under;
  await expect.poll(() => stateOf(runtime, "busy"), { timeout: 5000 }).toBe("waiting");
  await runtime.stop();
});

it("gives the memory of an idle plugin to one that is more important and in use", async () => {
  const runtime = await start(
    await rootOf(
      {
        chart: { memoryMiB: 40, manifest: { priority: 90 } },
        trend: { memoryMiB: 40, manifest: { priority: 10 } },
      },
      { platformMiB: 60 },
    ),
  );
  await use(runtime, "chart");
  await delay(100);
  await use(runtime, "trend");
  expect([stateOf(runtime, "chart"), stateOf(runtime, "trend")]).toEqual(["waiting", "ready"]);
  await delay(100);
  await expect(use(runtime, "chart")).rejects.toMatchObject({ code: "MEMORY_EXCEEDED" });
  await runtime.stop();
});

it("replaces a worker that has grown, once it is idle, without a call being lost", async () => {
  const growing = activating(`let kept = [];
    return { main: { provides: { account: { async balances() {
      for (let i = 0; i < 10; i++) kept.push(new Array(8 * 131072).fill(0.5));
      return [String(kept.length)];
    } } } } };`);
  const runtime = await start(
    await rootOf({
      growing: {
        memoryMiB: 200,
        code: growing,
        manifest: { isolation: "worker", activation: "critical", criticality: "important" },
      },
    }),
  );
  await delay(100);
  expect(await use(runtime, "growing")).toEqual(["10"]);
  await expect
    .poll(() => runtime.events.since(0).filter(({ event }) => event === "swapped").length, {
      timeout: 10_000,
    })
    .toBeGreaterThan(0);
  expect(await use(runtime, "growing")).toEqual(["10"]);
  await runtime.stop();
});

it("starts what most runs have used, in the background and before anybody asks", async () => {
  const root = await rootOf({ often: {}, never: {} });
  await makeHostFolder(nodeFiles, root);
  for (let run = 0; run < 2; run++) {
    const runtime = await start(root);
    expect(stateOf(runtime, "often")).toBe("waiting");
    await use(runtime, "often");
    await runtime.stop();
  }
  // In two runs of two.
  const runtime = await start(root);
  await expect.poll(() => stateOf(runtime, "often"), { timeout: 5000 }).toBe("ready");
  expect(stateOf(runtime, "never")).toBe("waiting");
  await runtime.stop();
});

it("takes back what was guaranteed to a version that another replaced, upgrade after upgrade", async () => {
  const root = await temporaryFolder();
  const versions = [];
  for (const version of ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]) {
    versions.push(
      await publishSample(root, {
        name: "limit",
        version,
        code: BALANCES,
        facets: { main: { account: "1.2.0" } },
        manifest: {
          criticality: "critical",
          resources: { memoryMiB: 40, startTimeoutMs: 5000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
        },
      }),
    );
  }
  const [first, ...others] = versions.map((plugin) => ({
    ...generationOf([plugin], { "limit#main": {} }),
    memory: { platformMiB: 90 },
  }));
  if (!first) throw new Error("nothing was published");
  const [active] = await applyAll(root, first);
  const runtime = await start(root);
  let base = active?.to ?? null;
  for (const next of others) {
    const plan = planFrom(base, next);
    await applyPlan(plan, activation(root));
    base = plan.next;
    expect(await runtime.upgrade()).toHaveLength(1);
    await delay(100);
  }
  await runtime.stop();
});
