import Range from "semver/classes/range.js";

import type { PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { DeploymentRequirement } from "./rules.ts";
import type { SearchOutcome } from "./search.ts";

/** Changes to a deployment that, made together, let it resolve. */
export interface Suggestion {
  readonly changes: readonly DeploymentRequirement[];
}

type Chosen = ReadonlyMap<PluginName, Candidate>;
type Solve = (requirements: readonly DeploymentRequirement[]) => SearchOutcome;

/**
 * Changes that resolve the deployment, each found by resolving it so.
 *
 * Two questions for every requirement that takes part in the contradiction: what if it alone could move, and
 * what if it stays and the others could. Of what may move, only what must is changed.
 *
 * @param culprits The requirements that take part; each is a member of `requirements`.
 */
export function suggest(
  requirements: readonly DeploymentRequirement[],
  culprits: readonly DeploymentRequirement[],
  solve: Solve,
): readonly Suggestion[] {
  const movable = [
    ...culprits.map((culprit) => [culprit]),
    ...culprits.map((culprit) => requirements.filter((requirement) => requirement !== culprit)),
  ];
  const found = new Map<string, Suggestion>();
  for (const candidates of movable) {
    const changes = fewestChanges(requirements, candidates, solve);
    if (changes) found.set(JSON.stringify(changes), { changes });
  }
  return [...found.values()].toSorted((a, b) => a.changes.length - b.changes.length);
}

function fewestChanges(
  requirements: readonly DeploymentRequirement[],
  movable: readonly DeploymentRequirement[],
  solve: Solve,
): readonly DeploymentRequirement[] | undefined {
  const solveMoving = (moving: readonly DeploymentRequirement[]): Chosen | undefined => {
    const asked = requirements.map((requirement) =>
      moving.includes(requirement) ? { ...requirement, range: "*" } : requirement,
    );
    const outcome = solve(asked);
    return outcome.kind === "found" ? outcome.chosen : undefined;
  };

  const start = solveMoving(movable);
  if (!start) return undefined;
  let best = { moving: movable, chosen: start };
  for (const requirement of movable) {
    const moving = best.moving.filter((other) => other !== requirement);
    const chosen = isMet(requirement, best.chosen) ? best.chosen : solveMoving(moving);
    if (chosen) best = { moving, chosen };
  }
  return best.moving.map(({ name }) => ({ name, range: `^${versionIn(best.chosen, name)}` }));
}

const versionIn = (chosen: Chosen, name: PluginName): string => {
  const candidate = chosen.get(name);
  if (!candidate) throw new TypeError(`${name} was asked for and is not in the answer`);
  return candidate.manifest.version;
};

const isMet = ({ name, range }: DeploymentRequirement, chosen: Chosen): boolean =>
  new Range(range).test(versionIn(chosen, name));
