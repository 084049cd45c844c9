import type { Digest } from "../../domain/ids.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Files } from "../../platform/files.ts";
import { rootPaths } from "../../store/generations.ts";

/** Largest plan that is read, in bytes. */
const MAX_PLAN_BYTES = 64 * 1024 * 1024;

/**
 * Which versions' state each plugin takes over on the way from one generation to another, as the plan of that way
 * decided it. Nothing beyond that is known where another way was planned, or the plan is lost.
 */
export async function restoredVersions(
  files: Files,
  root: string,
  { from, to }: { readonly from: Digest; readonly to: Digest },
): Promise<ReadonlyMap<string, readonly string[]>> {
  try {
    const bytes = await files.read(rootPaths(root).plan(to), MAX_PLAN_BYTES);
    const { base, changes } = JSON.parse(bytes.toString()) as Plan;
    if (base !== from) return new Map();
    return new Map(
      changes.flatMap((change) =>
        "from" in change && "to" in change && change.state !== "lost" ? [[change.plugin, [change.from]]] : [],
      ),
    );
  } catch {
    return new Map();
  }
}
