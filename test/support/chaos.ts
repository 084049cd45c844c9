/** A set of plugins of all levels to which everything happens that can, and what became of it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { activateRoot } from "../../scripts/bench/calls/root.ts";
import { readJournal } from "../../src/activation/journal.ts";
import type { FacetId } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { startRuntime, type FacetState, type IsolationLevel, type Runtime } from "../../src/runtime/index.ts";
import { rootPaths } from "../../src/store/generations.ts";

const PLUGINS = 20;
/** Milliseconds after which a call that has not ended counts as stuck: more than any limit that is set to it. */
const STUCK_MS = 10_000;
/** Milliseconds in which everything must have come to rest once nothing happens any more. */
const REST_MS = 30_000;

const SUPERVISION = {
  restarts: { restarts: 6, withinMs: 4000, firstMs: 20, longestMs: 500 },
  checkEveryMs: 100,
};
const WATCHING = { heartbeatMs: 250, sampleMs: 100 };

/** What came of it. Every list and number of a good run says nothing bad. */
export interface ChaosReport {
  readonly disturbances: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly answered: number;
  readonly stuck: number;
  /** Facets that ended neither serving, nor held back, nor waiting for one that is. */
  readonly astray: readonly string[];
  readonly states: Readonly<Record<string, number>>;
  readonly recovered: number;
  /** Entries of the journal, which was read and proved. */
  readonly journal: number;
  /** Threads and processes that were left behind. */
  readonly left: readonly string[];
}

/** As long as `ms`, in an empty folder. The same seed makes the same plugins and draws the same disturbances. */
export async function chaos(
  root: string,
  { seed, ms }: { readonly seed: number; readonly ms: number },
): Promise<ChaosReport> {
  const chance = drawFrom(seed);
  const pick = (below: number): number => Math.floor(chance() * below);
  const before = running();
  const plugins = Array.from({ length: PLUGINS }, (_, i) => ({
    name: `p${i}`,
    isolation: LEVELS[pick(LEVELS.length)] ?? "inline",
    code: CODE,
    uses: [...new Set([pick(PLUGINS), pick(PLUGINS)])]
      .filter((other) => other < i)
      .map((other) => `p${other}`),
  }));
  await activateRoot(root, plugins);

  const disturbances: Record<string, number> = {};
  const tally = { calls: 0, answered: 0, stuck: 0, recovered: 0 };
  const start = async (): Promise<Runtime> => {
    const runtime = await startRuntime({
      root,
      supervision: SUPERVISION,
      isolation: { watching: WATCHING, spareWorkers: 1 },
      resources: { readKernelFile: () => undefined },
      // Never: its process would count as one that was left behind.
      upkeepAfterMs: 2 ** 31 - 1,
    });
    runtime.events.listen(({ event }) => (tally.recovered += event === "recovered" ? 1 : 0));
    return runtime;
  };
  const call = async (runtime: Runtime, name: string, method: string): Promise<void> => {
    tally.calls += 1;
    const late = setTimeout(() => (tally.stuck += 1), STUCK_MS);
    try {
      await runtime.limited({ ms: 2000 }, async () => portOf(runtime, name)[method]?.());
      tally.answered += 1;
    } catch {
      // Whatever it is, it ended.
    } finally {
      clearTimeout(late);
    }
  };

  let runtime = await start();
  const until = performance.now() + ms;
  const pending = new Set<Promise<void>>();
  const beginCall = (name: string, method: string): void => {
    const made = call(runtime, name, method);
    pending.add(made);
    void made.finally(() => pending.delete(made));
  };
  while (performance.now() < until) {
    for (let i = 0; i < 10; i++) beginCall(`p${pick(PLUGINS)}`, "ping");
    const { name, isolation } = plugins[pick(PLUGINS)] ?? { name: "p0", isolation: "inline" };
    const what = chance() < 0.15 ? (KINDS[pick(KINDS.length)] ?? "end") : "nothing";
    // What an inline plugin does in a loop, it does to all.
    const kind = isolation === "inline" && (what === "end" || what === "stall") ? "fallIll" : what;
    disturbances[kind] = (disturbances[kind] ?? 0) + 1;
    if (kind === "swap") pending.add(runtime.swap(`@bench/${name}`).then(nothing, nothing));
    else if (kind === "corrupt") await corrupt(root, pick(2) === 0 ? "plugins.pack" : "code.pack");
    else if (kind !== "nothing") beginCall(name, kind);
    if (chance() < 0.004) {
      disturbances["anew"] = (disturbances["anew"] ?? 0) + 1;
      await nodeFiles.remove(join(rootPaths(root).host, "quarantine.json"));
      await runtime.stop();
      runtime = await start();
    }
    await delay(10);
  }

  await Promise.all(pending);
  const restBy = performance.now() + REST_MS;
  let astray = astrayIn(runtime.status());
  while (astray.length > 0 && performance.now() < restBy) {
    await delay(50);
    astray = astrayIn(runtime.status());
  }
  const states: Record<string, number> = {};
  for (const { state } of runtime.status().values()) states[state] = (states[state] ?? 0) + 1;
  await runtime.stop();
  const journal = await readJournal(nodeFiles, rootPaths(root).journal);
  // A thread ends a little after it was told to.
  for (let i = 0; i < 400 && running().length > before.length; i++) await delay(50);
  const left = running().slice(before.length);
  return { disturbances, ...tally, astray, states, journal: journal.length, left };
}

const LEVELS: readonly IsolationLevel[] = ["inline", "inline", "worker", "worker", "process"];

const KINDS = ["end", "stall", "fallIll", "swap", "corrupt"] as const;

const CODE = `
  let isIll = false;
  return { main: {
    provides: { account: {
      async ping() { if (Math.random() < 0.1) await new Promise((done) => setTimeout(done, 20)); return context.plugin.name; },
      async end() { process.exit(3); },
      async stall() { for (;;); },
      async fallIll() { isIll = true; },
    } },
    async start() { await new Promise((done) => setTimeout(done, Math.random() < 0.2 ? 200 : 2)); },
    health() { if (isIll) throw new Error("fell ill"); },
    stop() {},
  } };`;

const nothing = (): void => undefined;

type Methods = Readonly<Record<string, (() => Promise<unknown>) | undefined>>;

function portOf(runtime: Runtime, name: string): Methods {
  const found = runtime.ports.all("account").find(({ provider }) => provider === `@bench/${name}#main`);
  return (found?.port ?? {}) as Methods;
}

/** Facets that are not where they may end. */
function astrayIn(status: ReadonlyMap<FacetId, FacetState>): readonly string[] {
  const mayEnd = (id: FacetId): boolean => {
    const state = status.get(id);
    if (state?.state === "blocked") return mayEnd(state.by) && status.get(state.by)?.state !== "ready";
    return state?.state === "ready" || (state?.state === "quarantined" && state.error.message !== "");
  };
  return [...status].flatMap(([id, { state }]) => (mayEnd(id) ? [] : [`${id} ${state}`]));
}

/** Overwrites what this host keeps for itself; whatever is not whole counts as nothing. */
const corrupt = (root: string, file: string): Promise<void> =>
  writeFile(join(rootPaths(root).host, file), "not what was written here").catch(nothing);

const running = (): readonly string[] =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => kind === "ProcessWrap" || kind === "Worker" || kind === "MessagePort");

/** Numbers from 0 up to 1 that a seed decides: mulberry32. */
function drawFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
