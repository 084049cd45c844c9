import type { Host } from "../domain/host.ts";
import type { PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import { bind, type BoundSet } from "./bind.ts";
import { byText, indexCandidates } from "./candidates.ts";
import { conflictOf, minimise, type Conflict } from "./conflict.ts";
import { candidateRules, deploymentRules, isRuleOf, type DeploymentRequirement } from "./rules.ts";
import { search, type Budget } from "./search.ts";
import { suggest } from "./suggest.ts";

export interface ResolveRequest {
  /** What the deployment asks for. All ranges are valid: they were checked where they were read. */
  readonly requirements: readonly DeploymentRequirement[];
  readonly candidates: readonly Candidate[];
  readonly host: Host;
  /** Locked or running versions, tried first. */
  readonly prefer: ReadonlyMap<PluginName, string>;
  /** Candidates that may be tried before giving up; as many again to explain a conflict. */
  readonly stepBudget: number;
}

export type ResolveOutcome =
  | ({ readonly kind: "resolved" } & BoundSet)
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  | { readonly kind: "gave-up"; readonly steps: number };

/**
 * Computes a set of plugins that meets every requirement, at most one version of each.
 *
 * Complete and deterministic: if there is such a set one is found, and the order of the request does not
 * matter. `gave-up` says nothing about whether there is one. See `README.md` in this folder.
 */
export function resolve(request: ResolveRequest): ResolveOutcome {
  const { candidates, host, prefer, stepBudget } = request;
  const requirements = request.requirements.toSorted(
    (a, b) => byText(a.name, b.name) || byText(a.range, b.range),
  );
  const index = indexCandidates(candidates, host, prefer);
  const rules = candidateRules(index);
  const solve = (asked: readonly DeploymentRequirement[], budget: Budget) =>
    search([...deploymentRules(index, asked), ...rules], budget);

  const outcome = solve(requirements, { left: stepBudget });
  switch (outcome.kind) {
    case "found": {
      const asked = new Set(requirements.map(({ name }) => name));
      return { kind: "resolved", ...bind(index, outcome.chosen, asked) };
    }
    case "none": {
      const budget = { left: stepBudget };
      const core = minimise(outcome.because, budget);
      const culprits = requirements.filter((requirement) => core.values().some(isRuleOf(requirement)));
      const suggestions = suggest(requirements, culprits, (asked) => solve(asked, budget));
      return { kind: "conflict", conflict: conflictOf(index, core, suggestions) };
    }
    case "gave-up":
      return { kind: "gave-up", steps: stepBudget };
    default:
      return outcome satisfies never;
  }
}
