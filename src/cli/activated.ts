import type { Activated } from "../activation/activate.ts";
import type { Outcome } from "./command.ts";
import { short } from "./documents.ts";

/** What `apply` and `rollback` print. */
export function activatedOutcome({ from, to, changed, warnings }: Activated): Outcome {
  const was = from === null ? "nothing was active before" : `before: ${short(from)}`;
  return {
    data: { from, to, changed },
    lines: [
      changed ? `generation ${short(to)} is active (${was})` : `generation ${short(to)} is active already`,
    ],
    diagnostics: warnings,
  };
}
