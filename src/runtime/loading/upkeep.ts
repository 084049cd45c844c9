import type { Digest } from "../../domain/ids.ts";
import type { Files } from "../../platform/files.ts";
import { makeHostFolder } from "../../store/host-folder.ts";
import { keepPluginPack } from "../../store/plugin-pack.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import { readCodeCache, writeCodeCache } from "./code-cache.ts";
import { compileAhead } from "./compile-ahead.ts";

export interface Upkeep {
  readonly files: Files;
  readonly root: string;
  /** The generation that the plugins are of. */
  readonly digest: Digest;
  readonly plugins: readonly VerifiedPlugin[];
  /** Whether this host's pack of them is missing or was rejected. */
  readonly needsPack: boolean;
  /** Plugins whose compiled code V8 would not have. */
  readonly stale: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Makes what the next start will be fast with: this host's pack, and compiled code for every plugin that has none.
 * One plugin after the other, since it is for times in which nothing else is to be done.
 *
 * @returns Number of plugins that were compiled.
 * @throws {TradsysError} `CANNOT_WRITE`
 */
export async function makeReadyForNextStart(upkeep: Upkeep): Promise<number> {
  const { files, root, plugins, signal } = upkeep;
  if (upkeep.needsPack) await keepPluginPack(plugins, upkeep);
  const host = await makeHostFolder(files, root);
  if (!host) return 0;
  const cache = await readCodeCache(host);
  const compiled = new Map<VerifiedPlugin, Buffer>();
  for (const plugin of plugins) {
    if (signal.aborted) return 0;
    if (cache.take(plugin) && !upkeep.stale.includes(plugin.name)) continue;
    const bytes = await compileAhead(plugin, signal);
    if (bytes) compiled.set(plugin, bytes);
  }
  if (compiled.size > 0) await writeCodeCache(host, plugins, compiled);
  return compiled.size;
}
