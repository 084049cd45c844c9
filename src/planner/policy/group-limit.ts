import type { Wave } from "../../domain/plan.ts";
import type { DeploymentPolicy } from "../../domain/policy.ts";
import type { Refusal } from "../refusal.ts";

/** The first group that changes more plugins at once than any of the policies allows. */
export function oversizedGroup(
  waves: readonly Pick<Wave, "groups">[],
  policies: readonly DeploymentPolicy[],
): Refusal | undefined {
  const most = Math.min(...policies.map(({ largestGroup = Infinity }) => largestGroup));
  const found = waves
    .flatMap(({ groups }) => groups)
    .map(({ steps, because = [] }) => ({ because, plugins: [...new Set(steps.map(({ plugin }) => plugin))] }))
    .find(({ plugins }) => plugins.length > most);
  return found && { kind: "blocked", most, ...found };
}
