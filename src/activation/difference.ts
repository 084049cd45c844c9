import { canonical } from "../domain/canonical.ts";
import { byInstance, type InstanceName } from "../domain/ids.ts";
import type { Generation, GenerationPlugin } from "../domain/plan.ts";

/** A plugin that two generations have differently, or only one of them has. */
export interface PluginDifference {
  readonly plugin: InstanceName;
  readonly from: GenerationPlugin | undefined;
  readonly to: GenerationPlugin | undefined;
}

/** In name order. Which signatures a bundle had makes no difference. */
export function differencesBetween(
  before: Generation | null,
  after: Generation | null,
): readonly PluginDifference[] {
  const old = byInstance(before?.plugins ?? []);
  const next = byInstance(after?.plugins ?? []);
  return [...new Set([...old.keys(), ...next.keys()])]
    .toSorted()
    .map((plugin) => ({ plugin, from: old.get(plugin), to: next.get(plugin) }))
    .filter(({ from, to }) => whatRuns(from) !== whatRuns(to));
}

const whatRuns = (plugin: GenerationPlugin | undefined): string =>
  plugin ? canonical([plugin.version, plugin.content, plugin.config]) : "";
