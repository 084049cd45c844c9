import { byText } from "../domain/by-text.ts";
import type { Host } from "../domain/host.ts";
import { facetId } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { FacetRequirement } from "../domain/manifest.ts";
import type { AdapterFacet } from "./constraints.ts";
import type { InRange, WiredFacet, WiredSet } from "./wiring.ts";

interface Surroundings {
  readonly base: WiredSet;
  readonly next: WiredSet;
  readonly host: Host;
  readonly inRange: InRange;
}

/**
 * Looks among candidates for adapters: one facet that offers a version of a port and needs nothing but another
 * version of it. The first that fits by name is taken.
 */
export function adapterFinder(
  candidates: readonly Candidate[],
  { base, next, host, inRange }: Surroundings,
): (requirement: FacetRequirement, provider: WiredFacet) => AdapterFacet | undefined {
  const known = new Set(
    [...base.plugins.values(), ...next.plugins.values()].map(({ candidate }) => candidate.manifest.name),
  );
  const usable = candidates
    .filter(
      ({ manifest: { kind, name, hostApi, node, platforms, conflicts } }) =>
        kind === "adapter" &&
        conflicts.length === 0 &&
        !known.has(name) &&
        inRange(hostApi, host.api) &&
        inRange(node, host.node) &&
        platforms.some((platform) => platform === "any" || platform === host.platform),
    )
    .toSorted((a, b) => byText(key(a), key(b)));
  return (requirement, provider) => {
    if (!("port" in requirement)) return undefined;
    const { port, range } = requirement;
    for (const candidate of usable) {
      const [only, ...others] = Object.entries(candidate.manifest.facets);
      if (!only || others.length > 0) continue;
      const [name, { provides, requires }] = only;
      const fits = requires.every(
        (needed) =>
          "port" in needed && needed.port === port && inRange(needed.range, provider.facet.provides[port]),
      );
      if (fits && requires.length > 0 && inRange(range, provides[port])) {
        return { candidate, facet: facetId(candidate.manifest.name, name) };
      }
    }
    return undefined;
  };
}

const key = ({ manifest, content }: Candidate): string => `${manifest.name} ${content}`;
