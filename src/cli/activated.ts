import type { Activated } from "../activation/activate.ts";
import type { Outcome } from "./command.ts";
import { short } from "./documents.ts";

/** What `apply` and `rollback` print. */
export function activatedOutcome({ warnings, ...activated }: Activated): Outcome {
  const { from, to, changed, paused } = activated;
  const was = from === null ? "nothing was active before" : `before: ${short(from)}`;
  const state = to === null ? "nothing is active" : `generation ${short(to)} is active`;
  return {
    data: activated,
    lines: [
      changed ? `${state} (${was})` : `${state} already`,
      ...(paused
        ? [`stopped after wave ${paused.wave} of ${paused.of}: apply the plan again to go on, or roll back`]
        : []),
    ],
    diagnostics: warnings,
  };
}
