import { TradsysError } from "../domain/errors.ts";
import type { ActiveGeneration } from "../store/generations.ts";
import { keepPluginPack } from "../store/plugin-pack.ts";
import { type VerifiedPlugin, verifyGeneration } from "../store/verified-plugin.ts";
import type { Place } from "./locked.ts";

interface Packed extends ActiveGeneration {
  /** The plugins that were verified in full just now. */
  readonly fresh: readonly VerifiedPlugin[];
}

/**
 * Keeps what lets the next start be fast. It comes last, since nothing depends on it: what was only confirmed before
 * must be verified in full for it, and where that fails the next start tells why.
 */
export async function keepPack(
  { digest, generation, fresh }: Packed,
  { files, root, now }: Place,
): Promise<void> {
  const known = new Map(fresh.map((plugin) => [plugin.content, plugin]));
  try {
    const others = generation.plugins.filter(({ content }) => !known.has(content));
    const verified = await verifyGeneration({ ...generation, plugins: others }, { files, root, now: now() });
    for (const plugin of verified) known.set(plugin.content, plugin);
    const plugins = generation.plugins.flatMap(({ content }) => known.get(content) ?? []);
    await keepPluginPack(plugins, { files, root, digest });
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
  }
}
