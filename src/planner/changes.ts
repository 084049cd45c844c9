import compare from "semver/functions/compare.js";

import { canonical } from "../domain/canonical.ts";
import type { PluginName } from "../domain/ids.ts";
import type { Change, GenerationPlugin } from "../domain/plan.ts";

/** What becomes of each plugin of either set, in name order. */
export function changesBetween(
  before: readonly GenerationPlugin[],
  after: readonly GenerationPlugin[],
): readonly Change[] {
  const old = new Map(before.map((plugin) => [plugin.name, plugin]));
  const next = new Map(after.map((plugin) => [plugin.name, plugin]));
  const names = [...new Set([...old.keys(), ...next.keys()])].toSorted();
  return names.flatMap((name) => changeOf(name, old.get(name), next.get(name)) ?? []);
}

function changeOf(
  plugin: PluginName,
  before: GenerationPlugin | undefined,
  after: GenerationPlugin | undefined,
): Change | undefined {
  if (!after) return before && { action: "remove", plugin, from: before.version };
  const to = after.version;
  if (!before) return { action: "add", plugin, to };

  const from = before.version;
  const direction = compare(to, from);
  if (direction !== 0) return { action: direction > 0 ? "upgrade" : "downgrade", plugin, from, to };
  if (after.content !== before.content) return { action: "rebuild", plugin, from, to };
  const isSame = canonical(given(after)) === canonical(given(before));
  return { action: isSame ? "unchanged" : "reconfigure", plugin, to };
}

/** What a deployment says about a plugin beyond its version. */
const given = ({ config, isolation }: GenerationPlugin) => ({ config, isolation });
