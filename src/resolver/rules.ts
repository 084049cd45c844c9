import type { FacetId, PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import { targetOf, type Target } from "../domain/manifest.ts";
import { facetsOf, type CandidateIndex, type Offer } from "./candidates.ts";

/** A plugin that a deployment asks for, within a range. */
export interface DeploymentRequirement {
  readonly name: PluginName;
  readonly range: string;
}

/** What somebody says of a target: it must be there in range, may be there only in range, or must not be. */
export interface Statement {
  readonly owner: Candidate | "deployment";
  readonly verb: "needs" | "accepts" | "refuses";
  readonly target: Target;
  readonly range: string;
}

/**
 * A statement as sets of candidates, which is all that the search knows of it: if `owner` is chosen (the
 * deployment always is), then one of `needs` is chosen and none of `bars`. Ranges and pre-releases end here.
 */
export interface Rule extends Statement {
  /** Best first; `undefined` where nothing is needed. */
  readonly needs: readonly Candidate[] | undefined;
  readonly bars: readonly Candidate[];
}

/** The rules that a deployment states. */
export const deploymentRules = (
  index: CandidateIndex,
  requirements: readonly DeploymentRequirement[],
): readonly Rule[] =>
  requirements.map(({ name, range }) =>
    toRule(index, { owner: "deployment", verb: "needs", target: `plugin:${name}`, range }),
  );

export const isRuleOf =
  ({ name, range }: DeploymentRequirement) =>
  (rule: Rule): boolean =>
    rule.owner === "deployment" && rule.target === `plugin:${name}` && rule.range === range;

/** The rules that the candidates state. An optional port never stands in the way, so it makes none. */
export const candidateRules = (index: CandidateIndex): readonly Rule[] =>
  index.usable.flatMap((owner) => [
    ...facetsOf(owner).flatMap(({ id, facet }) =>
      facet.requires
        .filter((requirement) => !requirement.optional || "plugin" in requirement)
        .map((requirement) => {
          const verb = requirement.optional ? "accepts" : "needs";
          return toRule(index, { owner, verb, target: targetOf(requirement), range: requirement.range }, id);
        }),
    ),
    ...owner.manifest.conflicts
      .filter(({ plugin }) => plugin !== owner.manifest.name)
      .map(({ plugin, range }) =>
        toRule(index, { owner, verb: "refuses", target: `plugin:${plugin}`, range }),
      ),
  ]);

/** @param facet Who states it; a facet does not provide for itself, but others of its plugin may. */
function toRule(index: CandidateIndex, statement: Statement, facet?: FacetId): Rule {
  const { owner, verb, target, range } = statement;
  const usable = (offers: readonly Offer[]) =>
    new Set(offers.map(({ candidate }) => candidate)).difference(index.misfits);
  const inRange = index.inRange(target, range);
  const fitting = usable(facet ? inRange.filter((offer) => offer.facet !== facet) : inRange);
  if (verb === "refuses") return { ...statement, needs: undefined, bars: [...fitting] };

  const needs = verb === "needs" ? [...fitting] : undefined;
  if (target.startsWith("port:")) return { ...statement, needs, bars: [] };

  const others = usable(index.offers.get(target) ?? []).difference(fitting);
  // About itself: a plugin is always there when it is chosen, so being in range is then a need.
  return owner !== "deployment" && others.has(owner)
    ? { ...statement, needs: [...fitting], bars: [] }
    : { ...statement, needs, bars: [...others] };
}
