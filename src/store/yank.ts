import { TradsysError } from "../domain/errors.ts";
import { labelOf, type PluginName } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { publishLock } from "./collect.ts";
import { statusImage } from "./image.ts";
import { EMPTY_INDEX } from "./layout.ts";
import { writeImages } from "./publish.ts";
import { readIndex, readPlugins } from "./read.ts";

/** A version that is to be taken back, and why; without a reason it is given back. */
interface Yanking {
  readonly name: PluginName;
  readonly version: string;
  readonly reason: string | undefined;
}

/**
 * Takes a version back: nothing new chooses it any more, and where it is locked or active it stays usable.
 *
 * @returns False if it was so before.
 * @throws {TradsysError} `PLUGIN_UNKNOWN`, `BUSY`, `CANNOT_WRITE`, and what is wrong with the store.
 */
export async function yank(files: Files, root: string, { reason, ...plugin }: Yanking): Promise<boolean> {
  await using _lock = await files.lock(publishLock(root));
  const index = (await readIndex(files, root)) ?? EMPTY_INDEX;
  const stored = (await readPlugins(files, root, index)).find(
    ({ candidate: { manifest } }) => manifest.name === plugin.name && manifest.version === plugin.version,
  );
  if (!stored) {
    throw new TradsysError("PLUGIN_UNKNOWN", `the store holds no ${labelOf(plugin)}`, {
      hint: "`tradsys list` shows what it holds.",
    });
  }
  const { candidate, descriptor, statuses } = stored;
  if (candidate.yanked === reason) return false;
  const { published } = candidate;
  const status = {
    ...(published !== undefined && { published }),
    ...(reason !== undefined && { yanked: reason }),
  };
  const isEmpty = Object.keys(status).length === 0;
  await writeImages(files, root, {
    index,
    images: isEmpty ? [] : [statusImage(status, descriptor)],
    instead: statuses,
  });
  return true;
}
