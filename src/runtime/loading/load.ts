import type { Script } from "node:vm";

import type { PluginDefinition } from "../../plugin/define.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { Timeline } from "../report/timeline.ts";
import type { CodeCache } from "./code-cache.ts";
import { compile, evaluate } from "./evaluate.ts";
import type { HostModules } from "./plugin-require.ts";
import type { Timers } from "./plugin-timers.ts";

/** All that is needed of a plugin to run it. */
export type LoadablePlugin = Pick<VerifiedPlugin, "name" | "version" | "config" | "bundle" | "code">;

/** How often V8 could use what it had compiled before. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Plugins for which it was there and authentic, and V8 would not have it. */
  readonly rejected: readonly string[];
}

/** Turns verified plugins of this process into definitions. */
export interface Loader {
  /** Compiles and runs a plugin's code. @throws {TradsysError} `LOAD_FAILED` */
  load(plugin: LoadablePlugin, timers: Timers): PluginDefinition;
  counts(): CacheCounts;
}

interface Loading {
  readonly cache: Pick<CodeCache, "take">;
  readonly hostModules: HostModules;
  readonly timeline: Timeline;
  /** Told of each script before it runs. */
  readonly onCompiled?: (script: Script) => void;
}

export function createLoader({ cache, hostModules, timeline, onCompiled }: Loading): Loader {
  const rejected: string[] = [];
  let [hits, misses] = [0, 0];

  return {
    load(plugin, timers) {
      const { name, bundle } = plugin;
      const { manifest } = bundle;
      const compilingFrom = timeline.now();
      const compiled = cache.take(plugin);
      const script = compile({ manifest, code: plugin.code(), compiled });
      if (!compiled) misses += 1;
      else if (script.cachedDataRejected === true) rejected.push(name);
      else hits += 1;
      onCompiled?.(script);
      timeline.note({ phase: "compile", plugin: name, fromMs: compilingFrom });
      const evaluatingFrom = timeline.now();
      const definition = evaluate(script, manifest, { hostModules, timers });
      timeline.note({ phase: "evaluate", plugin: name, fromMs: evaluatingFrom });
      return definition;
    },
    counts: () => ({ hits, misses, rejected: [...rejected] }),
  };
}
