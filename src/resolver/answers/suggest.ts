import gtr from "semver/ranges/gtr.js";
import ltr from "semver/ranges/ltr.js";

import type { Candidate } from "../../domain/lock.ts";
import type { Budget } from "../engine/search.ts";
import type { DeploymentRequirement } from "../rules/request.ts";
import type { Session } from "../session.ts";

/** A requirement as it would have to be. */
interface RangeChange extends DeploymentRequirement {
  readonly direction: "raise" | "lower" | "change";
}

/** Changes to a deployment that, made together, let it resolve. */
export interface Suggestion {
  readonly changes: readonly RangeChange[];
}

/** A question to a session that has no answer. */
export interface Asked {
  readonly session: Session;
  /** In name order. */
  readonly requirements: readonly DeploymentRequirement[];
  readonly budget: Budget;
}

/**
 * Changes that resolve the deployment, each found by resolving it so, fewest changes first.
 *
 * Two questions for every requirement that takes part in the contradiction: what if it alone could move, and
 * what if it stays and the others could. Of what may move, only what must is changed.
 *
 * @param culprits The requirements that take part; each is one of the question's, and none is hypothetical.
 */
export function suggest(
  { session, requirements, budget }: Asked,
  culprits: readonly DeploymentRequirement[],
): readonly Suggestion[] {
  const own = requirements.filter(({ isQuestion }) => !isQuestion);
  const movable = [
    ...culprits.map((culprit) => [culprit]),
    ...culprits.map((culprit) => own.filter((requirement) => requirement !== culprit)),
  ];
  const found = new Map<string, Suggestion>();
  for (const candidates of movable) {
    const changes = fewestChanges({ session, requirements, movable: candidates, budget });
    if (changes) found.set(JSON.stringify(changes), { changes });
  }
  return [...found.values()].toSorted((a, b) => a.changes.length - b.changes.length);
}

function fewestChanges({
  session,
  requirements,
  movable,
  budget,
}: Asked & { readonly movable: readonly DeploymentRequirement[] }): readonly RangeChange[] | undefined {
  const solveMoving = (moving: readonly DeploymentRequirement[]): readonly Candidate[] | undefined => {
    const asked = requirements.map((requirement) =>
      moving.includes(requirement) ? { ...requirement, range: "*" } : requirement,
    );
    const answer = session.solve(asked, budget);
    return answer.kind === "found" ? session.chosen(answer) : undefined;
  };

  const start = solveMoving(movable);
  if (!start) return undefined;
  let best = { moving: movable, chosen: start };
  for (const requirement of movable) {
    const moving = best.moving.filter((other) => other !== requirement);
    const isMet = best.chosen.some(
      (candidate) =>
        candidate.manifest.name === requirement.name &&
        session.catalog.isInRange(candidate, requirement.range),
    );
    const chosen = isMet ? best.chosen : solveMoving(moving);
    if (chosen) best = { moving, chosen };
  }
  return best.moving.map((requirement) => changeOf(requirement, best.chosen));
}

function changeOf({ name, range }: DeploymentRequirement, chosen: readonly Candidate[]): RangeChange {
  const version = chosen.findLast(({ manifest }) => manifest.name === name)?.manifest.version;
  if (version === undefined) throw new TypeError(`${name} was asked for and is not in the answer`);
  const direction = gtr(version, range) ? "raise" : ltr(version, range) ? "lower" : "change";
  return { name, range: `^${version}`, direction };
}
