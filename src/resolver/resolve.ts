import { bind, type BoundSet } from "./answers/bind.ts";
import { conflictOf, type Conflict } from "./answers/conflict.ts";
import type { ResolveRequest } from "./rules/request.ts";
import { Session } from "./session.ts";

export type { ResolveRequest };

export type ResolveOutcome =
  | ({ readonly kind: "resolved"; readonly optimal: boolean } & BoundSet)
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  | { readonly kind: "gave-up"; readonly steps: number };

/**
 * Computes a set of plugins that meets every requirement.
 *
 * Complete and deterministic: if there is such a set one is found, and the order of the request does not
 * matter. `gave-up` says nothing about whether there is one. See `README.md` in this folder.
 */
export function resolve(request: ResolveRequest): ResolveOutcome {
  const { stepBudget } = request;
  const session = new Session(request);
  const { requirements } = session.catalog.request;
  const answer = session.solve(requirements, { left: stepBudget }, true);
  switch (answer.kind) {
    case "found":
      return { kind: "resolved", optimal: answer.isOptimal, ...bind(session.catalog, session.chosen(answer)) };
    case "none":
      return { kind: "conflict", conflict: conflictOf(session, { left: stepBudget }) };
    case "gave-up":
      return { kind: "gave-up", steps: stepBudget };
    default:
      return answer satisfies never;
  }
}
