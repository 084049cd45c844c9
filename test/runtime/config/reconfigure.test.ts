import { describe, expect, it, onTestFinished } from "vitest";

import { applyPlan } from "../../../src/activation/activate.ts";
import type { Generation, GenerationPlugin } from "../../../src/domain/plan.ts";
import { startRuntime, type IsolationLevel, type Runtime } from "../../../src/runtime/index.ts";
import {
  activation,
  applyAll,
  digestOf,
  generationOf,
  planFrom,
  publishSample,
  temporaryFolder,
} from "../../support/root.ts";
import { LEVELS } from "../isolation/levels.ts";
import { portsOf } from "../isolation/ports.ts";

/** A plugin that runs with a limit: it refuses one below zero, and tells which it has and all that it was asked. */
const LIMITED = `module.exports.default = { activate(context) {
  let live = context.config.limit, ready;
  const steps = [];
  return { main: {
    provides: { account: { async ask() { return { limit: live, steps }; } } },
    configure(change) {
      steps.push(change.step === "prepare" ? change.changes : change.step);
      if (change.step === "undo") { live = context.config.limit; return; }
      if (change.step === "commit") { live = ready; return; }
      if (change.config.limit < 0) throw new RangeError("a limit is not below zero");
      ready = change.config.limit;
    },
  } };
} };\n`;

const SYSTEMS = { limits: "risk-limit", venue: "exchange-connector" } as const;

type Limits = Readonly<Record<keyof typeof SYSTEMS, number>>;

interface Desk {
  readonly runtime: Runtime;
  /** Makes a generation with these limits the current one of the root. */
  readonly apply: (limits: Limits) => Promise<void>;
  /** What each plugin says it runs with. */
  readonly live: () => Promise<Limits>;
}

/** A connector and a risk limit, each with a limit of 1. */
async function desk(level: IsolationLevel, code = LIMITED): Promise<Desk> {
  const root = await temporaryFolder();
  const plugins: GenerationPlugin[] = [];
  for (const [name, kind] of Object.entries(SYSTEMS)) {
    const facets = { main: { account: "1.0.0" } };
    const manifest = { kind, hostProvided: [], isolation: level };
    plugins.push(await publishSample(root, { name, code, facets, manifest }));
  }
  const withLimits = (limits: Limits): Generation =>
    generationOf(
      plugins.map((plugin) => ({
        ...plugin,
        config: { limit: limits[plugin.name === "@acme/venue" ? "venue" : "limits"] },
      })),
      { "venue#main": {}, "limits#main": {} },
    );
  const first = withLimits({ venue: 1, limits: 1 });
  await applyAll(root, first);
  let current = digestOf(first);
  const runtime = await startRuntime({ root });
  onTestFinished(async () => void (await runtime.stop()));
  const limitOf = async (name: string): Promise<number> =>
    ((await portsOf(runtime).ask(name, "ask")) as { limit: number }).limit;
  return {
    runtime,
    async apply(limits) {
      const next = withLimits(limits);
      await applyPlan(planFrom(current, next), activation(root));
      current = digestOf(next);
    },
    live: async () => ({ venue: await limitOf("venue"), limits: await limitOf("limits") }),
  };
}

describe.each(LEVELS)("a change of configuration across both systems, at the level %s", (level) => {
  it("is taken over by every plugin, which is told what changed", async () => {
    const { runtime, apply, live } = await desk(level);
    await apply({ venue: 5, limits: 7 });
    expect(await runtime.reconfigure()).toEqual([
      { plugin: "@acme/limits@1.0.0", changes: [{ pointer: "/limit", before: 1, after: 7 }] },
      { plugin: "@acme/venue@1.0.0", changes: [{ pointer: "/limit", before: 1, after: 5 }] },
    ]);
    expect(await live()).toEqual({ venue: 5, limits: 7 });
    expect(await portsOf(runtime).ask("venue", "ask")).toEqual({
      limit: 5,
      steps: [[{ pointer: "/limit", before: 1, after: 5 }], "commit"],
    });
    expect(runtime.generation.plugins.map(({ config }) => config["limit"])).toEqual([7, 5]);
    expect(await runtime.reconfigure()).toEqual([]);
  });

  it("of which the second half is refused changes nothing, and names both places", async () => {
    const { runtime, apply, live } = await desk(level);
    const before = runtime.digest;
    await apply({ venue: -3, limits: 7 });
    await expect(runtime.reconfigure()).rejects.toMatchObject({
      code: "CONFIG_REFUSED",
      message:
        "@acme/venue@1.0.0 refused its new configuration (/limit: 1 → -3): a limit is not below zero; nothing was changed, in @acme/limits@1.0.0 (/limit: 1 → 7) neither",
    });
    expect(await live()).toEqual({ venue: 1, limits: 1 });
    expect(runtime.digest).toBe(before);
    await apply({ venue: 2, limits: 7 });
    await runtime.reconfigure();
    expect(await live()).toEqual({ venue: 2, limits: 7 });
  });
});

it("is what the next instance is given too", async () => {
  const { runtime, apply, live } = await desk("worker");
  await apply({ venue: 5, limits: 7 });
  await runtime.reconfigure();
  await runtime.swap("@acme/venue");
  expect(await live()).toEqual({ venue: 5, limits: 7 });
  expect(await runtime.drift()).toEqual([]);
});

it("waits for a swap that is under way, and is missed by no instance", async () => {
  const { runtime, apply, live } = await desk("worker");
  await apply({ venue: 5, limits: 7 });
  await Promise.all([runtime.swap("@acme/venue"), runtime.reconfigure()]);
  expect(await live()).toEqual({ venue: 5, limits: 7 });
  expect(await runtime.drift()).toEqual([]);
});

it("is refused as a whole where a plugin cannot take it over, and can be had by an upgrade", async () => {
  const { runtime, apply, live } = await desk("inline", LIMITED.replace("configure(", "unknown("));
  await apply({ venue: 5, limits: 1 });
  await expect(runtime.reconfigure()).rejects.toMatchObject({
    code: "CONFIG_REFUSED",
    message: "@acme/venue@1.0.0 cannot take over /limit while it runs; nothing was changed",
  });
  expect((await runtime.drift()).map(({ kind }) => kind)).toEqual(["config"]);
  await runtime.upgrade();
  expect(await live()).toEqual({ venue: 5, limits: 1 });
  expect(await runtime.drift()).toEqual([]);
});
