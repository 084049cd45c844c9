import { satisfies } from "semver";

import type { Host } from "../../src/domain/host.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import type { FacetRequirement } from "../../src/domain/manifest.ts";
import type { ResolveRequest } from "../../src/resolver/resolve.ts";

/** A set of plugins, judged straight from the manifests. Shares no code with the resolver. */
export function isSound(set: readonly Candidate[], { requirements, host }: ResolveRequest): boolean {
  const names = set.map(({ manifest }) => manifest.name);
  return (
    new Set(names).size === names.length &&
    requirements.every(({ name, range }) => has(set, name, range)) &&
    set.every(
      (candidate) =>
        runsOn(candidate, host) &&
        Object.entries(candidate.manifest.facets).every(([facet, { requires }]) =>
          requires.every((requirement) => isMet(set, requirement, { candidate, facet })),
        ) &&
        candidate.manifest.conflicts.every(
          ({ plugin, range }) => plugin === candidate.manifest.name || !has(set, plugin, range),
        ),
    )
  );
}

/** Tries every set. */
export function isSatisfiable(request: ResolveRequest): boolean {
  const byName = Map.groupBy(request.candidates, ({ manifest }) => manifest.name);
  let sets: readonly (readonly Candidate[])[] = [[]];
  for (const versions of byName.values()) {
    sets = sets.flatMap((set) => [set, ...versions.map((version) => [...set, version])]);
  }
  return sets.some((set) => isSound(set, request));
}

const has = (set: readonly Candidate[], name: string, range: string): boolean =>
  set.some(({ manifest }) => manifest.name === name && satisfies(manifest.version, range));

function isMet(
  set: readonly Candidate[],
  requirement: FacetRequirement,
  by: { readonly candidate: Candidate; readonly facet: string },
): boolean {
  const { range, optional } = requirement;
  if ("plugin" in requirement) {
    const isAbsent = set.every(({ manifest }) => manifest.name !== requirement.plugin);
    return has(set, requirement.plugin, range) || (optional && isAbsent);
  }
  return (
    optional ||
    set.some((candidate) =>
      Object.entries(candidate.manifest.facets).some(
        ([facet, { provides }]) =>
          !(candidate === by.candidate && facet === by.facet) &&
          satisfies(provides[requirement.port] ?? "", range),
      ),
    )
  );
}

const runsOn = ({ manifest }: Candidate, host: Host): boolean =>
  satisfies(host.api, manifest.hostApi) &&
  satisfies(host.node, manifest.node) &&
  (manifest.platforms.includes("any") || manifest.platforms.includes(host.platform));
