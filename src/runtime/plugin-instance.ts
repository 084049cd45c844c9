import { TradsysError } from "../domain/errors.ts";
import { labelOf, type PluginName } from "../domain/ids.ts";
import type { FacetHandle, PluginDefinition } from "../plugin/define.ts";
import type { PortError } from "../plugin/errors.ts";
import { activatePlugin, type Surroundings } from "./activate-plugin.ts";
import type { LoadablePlugin, Loader } from "./loading/load.ts";
import { PluginTimers } from "./loading/plugin-timers.ts";
import type { BoundPorts } from "./ports.ts";
import type { Timeline } from "./report/timeline.ts";
import { recorderFor } from "./telemetry/recorder.ts";
import type { PluginSignals } from "./telemetry/runtime-signals.ts";

/** What a plugin of the host's own realm is given. */
interface InlinePlacement extends Omit<Surroundings, "metrics"> {
  readonly loader: Loader;
  readonly timeline: Timeline;
  /** Where what is recorded for it goes. */
  readonly signals: PluginSignals;
}

/** What a host gives one instance of a plugin, wherever it will run. */
export interface Placement extends InlinePlacement {
  /** The ports that the plugin's facets require, with who provides them. */
  readonly bound: BoundPorts;
  /** Values of environment variables, whether the manifest names them or not. */
  readonly env: (name: string) => string | undefined;
  /** Told when an isolated plugin ended without being asked to. Its callers have been told by then. */
  readonly onCrash: (reason: PortError) => void;
}

/** One instance of a plugin, wherever it runs. */
export interface PluginInstance {
  /** Loads and activates the plugin at the first call, once, however many of its facets ask at the same time. */
  handles(): Promise<ReadonlyMap<string, FacetHandle>>;
  /** Bytes in use beyond what an empty thread or process uses, where it has one of its own. */
  memoryBytes(): Promise<number | undefined>;
  /** Gives back the thread or process that it runs in, if it has one of its own. Safe to repeat. */
  close(): Promise<void>;
}

/** An instance in the host's own thread and realm. What it set going ends with it, so that all of it can be collected. */
export function inlinePlugin(plugin: LoadablePlugin, placement: InlinePlacement): PluginInstance {
  const { signal: hostSignal, log } = placement;
  const label = labelOf(plugin);
  // All that leads to the plugin's own code and data: whoever still has the instance then has no way to them.
  let live: Live | undefined = { timers: new PluginTimers(), ending: new AbortController() };
  const end = (): void => live?.ending.abort();
  hostSignal.addEventListener("abort", end, { once: true });
  if (hostSignal.aborted) end();
  return {
    async handles() {
      if (!live) throw new TradsysError("LOAD_FAILED", `${label} was unloaded`);
      return (live.handles ??= loadAndActivate(plugin, placement, live));
    },
    async close() {
      hostSignal.removeEventListener("abort", end);
      end();
      const left = live?.timers.end() ?? 0;
      live = undefined;
      if (left === 0) return;
      const message = "left timers running, which were ended";
      log({ level: "warn", plugin: label, message, fields: { timers: left } });
    },
    memoryBytes: async () => undefined,
  };
}

interface Live {
  readonly timers: PluginTimers;
  /** Aborted with the host's own signal, or when the instance is closed. */
  readonly ending: AbortController;
  handles?: Promise<ReadonlyMap<string, FacetHandle>>;
}

async function loadAndActivate(
  plugin: LoadablePlugin,
  { loader, timeline, signals, ...surroundings }: InlinePlacement,
  { timers, ending }: Live,
): Promise<ReadonlyMap<string, FacetHandle>> {
  const definition = loader.load(plugin, timers);
  const { manifest } = plugin.bundle;
  const metrics = recorderFor({ owner: plugin.name, metrics: manifest.metrics }, signals.source);
  return activatePlugin({ ...plugin, manifest }, timed(definition, plugin.name, timeline), {
    ...surroundings,
    signal: ending.signal,
    metrics,
  });
}

const timed = (definition: PluginDefinition, plugin: PluginName, timeline: Timeline): PluginDefinition => ({
  async activate(context) {
    const fromMs = timeline.now();
    try {
      const handles = definition.activate(context);
      // Awaiting what is there already would count the turns of others.
      return isThenable(handles) ? await handles : handles;
    } finally {
      timeline.note({ phase: "activate", plugin, fromMs });
    }
  },
});

const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  value instanceof Object && "then" in value;
