import type { ErrorCode } from "../domain/codes.ts";
import type { InstanceName, PluginName } from "../domain/ids.ts";
import type { Evidence } from "../domain/manifest.ts";
import type { Change } from "../domain/plan.ts";
import type { Cycle } from "./cycle.ts";
import type { WindowVerdict } from "./policy/window.ts";

/** Evidence that the policies ask for and a version does not have. */
export interface MissingEvidence {
  readonly plugin: PluginName;
  readonly version: string;
  readonly lacking: readonly { readonly type: Evidence["type"]; readonly why: string }[];
}

/** Why there is no plan. */
export type Refusal =
  | Cycle
  /** Plugins that would have to change at once, and are too many for the deployment's policy. */
  | {
      readonly kind: "blocked";
      readonly plugins: readonly InstanceName[];
      readonly most: number;
      readonly because: readonly string[];
    }
  | { readonly kind: "memory"; readonly wave: number; readonly needsMiB: number; readonly budgetMiB: number }
  | { readonly kind: "one-way"; readonly changes: readonly Change[] }
  | { readonly kind: "evidence"; readonly missing: readonly MissingEvidence[] }
  | Extract<WindowVerdict, { readonly kind: "frozen" }>;

/** The code that each refusal is told under. */
export const REFUSAL_CODES: Readonly<Record<Refusal["kind"], ErrorCode>> = {
  cycle: "CYCLE",
  blocked: "UPGRADE_BLOCKED",
  memory: "MEMORY_EXCEEDED",
  "one-way": "ONE_WAY",
  evidence: "EVIDENCE_MISSING",
  frozen: "FROZEN",
};
