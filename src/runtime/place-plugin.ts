import { TradsysError } from "../domain/errors.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import type { IsolateOptions } from "./isolation/isolate.ts";
import type { WatchOptions } from "./isolation/watch.ts";
import { inlinePlugin, type Placement, type PluginInstance } from "./plugin-instance.ts";

export type IsolationLevel = Manifest["isolation"];

/** From the weakest to the strongest. */
const LEVELS: readonly IsolationLevel[] = ["inline", "worker", "process"];

/**
 * Where a plugin runs: at the strongest of what its manifest, its deployment and its host ask for, so that nothing is
 * ever placed below what its manifest states.
 *
 * @throws {TradsysError} `ISOLATION_UNSUPPORTED` for a plugin that shares packages with the host and may not be inline.
 */
export function levelFor(
  { bundle, isolation = "inline" }: Pick<VerifiedPlugin, "bundle" | "isolation">,
  floor: IsolationLevel,
): IsolationLevel {
  const { manifest } = bundle;
  const level = LEVELS.findLast((each) => [manifest.isolation, isolation, floor].includes(each)) ?? "process";
  if (level === "inline" || manifest.hostProvided.length === 0) return level;
  throw new TradsysError(
    "ISOLATION_UNSUPPORTED",
    `${manifest.name}@${manifest.version} is to run in a ${level}, and takes ${manifest.hostProvided.join(", ")} from the host, which only inline plugins can`,
    { hint: "Bundle the packages with the plugin: leave them out of `hostProvided`." },
  );
}

/** How plugins that do not run inline are run. */
export interface Isolating {
  /** The weakest level of any plugin here. */
  readonly floor: IsolationLevel;
  /** Workers to keep ready. */
  readonly spareWorkers: number;
  readonly watching: WatchOptions;
}

/** Makes instances of plugins. */
export interface Placer {
  levelOf(plugin: VerifiedPlugin): IsolationLevel;
  /**
   * Gets ready to place these plugins. Where none of them is isolated, nothing that isolates is loaded.
   *
   * @throws {TradsysError} `ISOLATION_UNSUPPORTED`
   */
  admit(plugins: readonly VerifiedPlugin[]): Promise<void>;
  /** One instance of a plugin that was admitted, at its level: the same code, ports and calls at each. */
  place(plugin: VerifiedPlugin, placement: Placement): PluginInstance;
  /** Gives up what is only kept ready. */
  trim(): void;
  close(): Promise<void>;
}

type Isolate = (plugin: VerifiedPlugin, placement: Placement, level: "worker" | "process") => PluginInstance;

export function placerFor(isolating: Isolating): Placer {
  const levelOf = (plugin: VerifiedPlugin): IsolationLevel => levelFor(plugin, isolating.floor);
  let isolation: ReturnType<typeof loadIsolation> | undefined;
  let loaded: Awaited<typeof isolation>;
  return {
    levelOf,
    async admit(plugins) {
      // Each is asked, so that none is refused only once it is to start.
      if (plugins.map(levelOf).every((level) => level === "inline")) return;
      loaded = await (isolation ??= loadIsolation(isolating));
    },
    place(plugin, placement) {
      const level = levelOf(plugin);
      if (level === "inline") return inlinePlugin(plugin, placement);
      if (loaded) return loaded.isolate(plugin, placement, level);
      throw new TypeError(`${plugin.name} was not admitted`);
    },
    trim: () => loaded?.trim(),
    close: async () => (await isolation)?.close(),
  };
}

async function loadIsolation({ spareWorkers, watching }: Isolating) {
  const [{ isolatedPlugin }, { SpareWorkers }, { startProcess }] = await Promise.all([
    import("./isolation/isolated-plugin.ts"),
    import("./isolation/spare-workers.ts"),
    import("./isolation/child-process.ts"),
  ]);
  const workers = new SpareWorkers(spareWorkers);
  const starting = { worker: (options: IsolateOptions) => workers.take(options), process: startProcess };
  const isolate: Isolate = (plugin, placement, level) =>
    isolatedPlugin(plugin, placement, { start: starting[level], watching });
  return { isolate, trim: () => workers.trim(), close: () => workers.close() };
}
