import compare from "semver/functions/compare.js";

import { isSameJson } from "../domain/canonical.ts";
import type { InstanceName } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Change } from "../domain/plan.ts";
import type { InRange, WiredPlugin, WiredSet } from "./wiring.ts";

/** What becomes of each plugin of either set, in name order. A facet that gets other providers is seen later. */
export function changesBetween(base: WiredSet, next: WiredSet, inRange: InRange): readonly Change[] {
  const names = [...new Set([...base.plugins.keys(), ...next.plugins.keys()])].toSorted();
  return names.flatMap(
    (name) => changeOf(name, [base.plugins.get(name), next.plugins.get(name)], inRange) ?? [],
  );
}

function changeOf(
  plugin: InstanceName,
  [before, after]: readonly [WiredPlugin | undefined, WiredPlugin | undefined],
  inRange: InRange,
): Change | undefined {
  if (!after) return before && { action: "remove", plugin, from: before.candidate.manifest.version };
  const to = after.candidate.manifest.version;
  if (!before) return { action: "add", plugin, to };

  const from = before.candidate.manifest.version;
  const direction = compare(to, from);
  if (direction !== 0 || after.candidate.content !== before.candidate.content) {
    const action = direction === 0 ? "rebuild" : direction > 0 ? "upgrade" : "downgrade";
    const state = stateLoss(before.candidate.manifest, after.candidate.manifest, inRange);
    return { action, plugin, from, to, ...(state && { state }) };
  }
  const isSame = isSameJson(after.given, before.given);
  return { action: isSame ? "unchanged" : "reconfigure", plugin, to };
}

/** What happens to state that the old version keeps, on the way there and on the way back. */
function stateLoss(before: Manifest, after: Manifest, inRange: InRange): "one-way" | "lost" | undefined {
  if (!before.state) return undefined;
  if (!after.state || !inRange(after.state.canRestoreFrom, before.version)) return "lost";
  return inRange(before.state.canRestoreFrom, after.version) ? undefined : "one-way";
}

export const isReplaced = ({ action }: Change): boolean =>
  action === "upgrade" || action === "downgrade" || action === "rebuild" || action === "reconfigure";
