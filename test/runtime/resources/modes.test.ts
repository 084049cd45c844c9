import { expect, it } from "vitest";

import { startRuntime } from "../../../src/runtime/start-runtime.ts";
import { activating, applyAll, facet, oneOf, temporaryFolder } from "../../support/root.ts";

const MIB = 2 ** 20;

/** The kernel's files in a container of 512 MiB. */
const container = (usedMiB: number): Readonly<Record<string, string>> => ({
  "/proc/self/cgroup": "0::/\n",
  "/sys/fs/cgroup/memory.max": `${512 * MIB}\n`,
  "/sys/fs/cgroup/memory.current": `${usedMiB * MIB}\n`,
});

/** Tells its last mode, and can be pinned for open orders. */
const ADAPTABLE = activating(`let mode = "full", unpin;
  return { main: {
    degrade(next) { mode = next; },
    provides: { account: {
      async balances() { return [mode]; },
      async pin() { unpin = context.pin("open orders"); },
      async unpin() { unpin(); },
    } },
  } };`);

interface Adaptable {
  balances(): Promise<readonly string[]>;
  pin(): Promise<void>;
  unpin(): Promise<void>;
}

it.each(["inline", "worker", "process"] as const)(
  "puts a facet in a mode at the level %s, unless its plugin has open orders",
  async (isolation) => {
    const root = await temporaryFolder();
    await applyAll(
      root,
      await oneOf(root, {
        name: "chart",
        code: ADAPTABLE,
        facets: { main: { account: "1.2.0" } },
        manifest: { isolation, criticality: "optional", hostProvided: [] },
      }),
    );
    let usedMiB = 100;
    const readKernelFile = (path: string): string | undefined => container(usedMiB)[path];
    const runtime = await startRuntime({ root, resources: { sampleMs: 10, readKernelFile } });
    const chart = runtime.ports.one("account") as unknown as Adaptable;
    const mode = async (): Promise<string | undefined> => (await chart.balances())[0];
    const modes = (): readonly string[] =>
      runtime.events.since(0).flatMap((event) => (event.event === "mode" ? [event.mode] : []));

    await chart.pin();
    usedMiB = 400;
    await expect.poll(() => runtime.pressure().level, { timeout: 5000 }).toBe("elevated");
    expect([await mode(), modes()]).toEqual(["full", []]);

    await chart.unpin();
    await expect.poll(mode, { timeout: 5000 }).toBe("reduced");
    expect(runtime.pressure().degraded).toEqual([
      { facet: facet("chart#main"), from: "full", to: "reduced" },
    ]);
    usedMiB = 500;
    await expect.poll(mode, { timeout: 5000 }).toBe("off");
    usedMiB = 100;
    await expect.poll(mode, { timeout: 5000 }).toBe("full");
    expect(modes()).toEqual(["reduced", "read-only", "off", "read-only", "reduced", "full"]);
    await runtime.stop();
  },
);

it("lends the host buffers within the budget, and gives up those that nobody uses as memory becomes short", async () => {
  const root = await temporaryFolder();
  const generation = await oneOf(root, { name: "chart", code: activating("return { main: {} };") });
  await applyAll(root, { ...generation, memory: { platformMiB: 220 } });
  let usedMiB = 100;
  const runtime = await startRuntime({
    root,
    resources: { sampleMs: 10, readKernelFile: (path) => container(usedMiB)[path] },
  });
  const pool = runtime.buffers("ticks", { bufferBytes: MIB, slabBuffers: 50 });
  const lent = Array.from({ length: 150 }, () => pool.take());
  expect(lent.filter((each) => each !== undefined)).toHaveLength(150);
  expect(pool.take()).toBeUndefined();
  for (const each of lent.slice(50)) each?.giveBack();
  expect(pool.heldBytes).toBe(150 * MIB);
  usedMiB = 400;
  await expect.poll(() => pool.heldBytes, { timeout: 5000 }).toBe(50 * MIB);
  await runtime.stop();
});
