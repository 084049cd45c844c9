import type { InstanceName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { StepGroup } from "../domain/plan.ts";
import type { WiredSet } from "./wiring.ts";

/**
 * Memory declared by all that is there at some time of each wave, in MiB. A plugin that replaces another takes its
 * place; versions side by side, and what stops in the wave, count in full.
 *
 * @param candidates All that the steps name.
 */
export function memoryOfWaves(
  base: WiredSet,
  waves: readonly (readonly StepGroup[])[],
  candidates: readonly Candidate[],
): readonly number[] {
  const declared = new Map<string, number>(
    candidates.map(({ content, manifest }) => [content, manifest.resources.memoryMiB]),
  );
  const mib = (content: string | undefined): number => declared.get(content ?? "") ?? 0;
  const running = new Map<InstanceName, number>(
    [...base.plugins].map(([name, { facets }]) => [name, facets.length]),
  );
  const begun = new Set<string>();
  let present = base.plugins.values().reduce((sum, { candidate }) => sum + mib(candidate.content), 0);

  return waves.map((wave) => {
    let [peak, after] = [present, present];
    for (const { action, plugin, from, to, stop } of wave.flatMap(({ steps }) => steps)) {
      if (action === "replace") {
        peak += Math.max(0, mib(to?.content) - mib(from?.content));
        after += mib(to?.content) - mib(from?.content);
      } else if (action === "start" && to && !begun.has(to.content)) {
        begun.add(to.content);
        peak += mib(to.content);
        after += mib(to.content);
      } else if (action === "stop") {
        const left = (running.get(plugin) ?? stop.length) - stop.length;
        running.set(plugin, left);
        if (left === 0) after -= mib(from?.content);
      }
    }
    present = after;
    return peak;
  });
}
