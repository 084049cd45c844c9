import { labelOf } from "../domain/ids.ts";
import type { Generation } from "../domain/plan.ts";
import type { Files } from "../platform/files.ts";
import { suggestMemoryMiB } from "../runtime/resources/measure.ts";
import { readObservedUse } from "../runtime/resources/observed-use.ts";
import { rootPaths } from "../store/generations.ts";
import { openHostFolder } from "../store/host-folder.ts";
import { listCandidates } from "../store/read.ts";

/** What a manifest says of the plugin's memory, what was seen of it on this host, and what it should say. */
export interface Suggestion {
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly declaredMiB: number;
  readonly seenMiB: number;
  readonly suggestedMiB: number;
}

/** Plugins of a generation whose manifests are far from what was measured, in name order. */
export async function suggestionsFor(
  files: Files,
  root: string,
  { plugins }: Generation,
): Promise<readonly Suggestion[]> {
  const observed = await readObservedUse(await openHostFolder(files, root));
  if (observed.size === 0) return [];
  const candidates = await listCandidates(files, rootPaths(root).store);
  const manifests = new Map(candidates.map(({ content, manifest }) => [content, manifest]));
  return plugins.flatMap((plugin) => {
    const declaredMiB = manifests.get(plugin.content)?.resources.memoryMiB;
    const { peakBytes = 0 } = observed.get(plugin.name) ?? {};
    // Nothing was measured of what runs in the host's own thread.
    if (declaredMiB === undefined || peakBytes === 0) return [];
    const suggestedMiB = suggestMemoryMiB(declaredMiB, peakBytes);
    if (suggestedMiB === undefined) return [];
    return [{ plugin: labelOf(plugin), declaredMiB, seenMiB: Math.ceil(peakBytes / 2 ** 20), suggestedMiB }];
  });
}
