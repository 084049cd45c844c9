import Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";

import type { Host } from "../domain/host.ts";
import { facetId, type FacetId, type PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Target } from "../domain/manifest.ts";

/** `plugin:@acme/a` is a `plugin` called `@acme/a`. */
export function splitTarget(target: Target): readonly [kind: string, name: string] {
  const colon = target.indexOf(":");
  return [target.slice(0, colon), target.slice(colon + 1)];
}

/** A version of a target that the store has. */
export interface Offer {
  readonly target: Target;
  readonly candidate: Candidate;
  /** Version of the plugin, or of the port that `facet` provides. */
  readonly version: SemVer;
  readonly facet?: FacetId;
}

interface Versioned {
  readonly candidate: Candidate;
  readonly version: SemVer;
}

/** Why a candidate cannot run on the host. */
export interface Misfit {
  readonly what: "host API" | "Node.js" | "platform";
  readonly needs: string;
  readonly has: string;
}

/** The candidates of one request, sorted and indexed once. Every list has the best first. */
export interface CandidateIndex {
  /** The candidates that run on the host. */
  readonly usable: readonly Candidate[];
  /** The others, each with its first reason. */
  readonly misfits: ReadonlyMap<Candidate, Misfit>;
  /** All there is of each target, for any host. */
  readonly offers: ReadonlyMap<Target, readonly Offer[]>;
  /** What is in range, for any host. */
  inRange(target: Target, range: string): readonly Offer[];
}

/**
 * Best first means: the preferred versions, then by plugin name, stable before pre-release, highest first.
 * Two builds of one version are told apart by digest only, so that the order is the same on every machine.
 */
export function indexCandidates(
  candidates: readonly Candidate[],
  host: Host,
  prefer: ReadonlyMap<PluginName, string>,
): CandidateIndex {
  const sorted = candidates
    .map((candidate): Versioned => ({ candidate, version: new SemVer(candidate.manifest.version) }))
    .toSorted(
      (a, b) =>
        Number(isPreferred(b.candidate, prefer)) - Number(isPreferred(a.candidate, prefer)) ||
        byText(a.candidate.manifest.name, b.candidate.manifest.name) ||
        Number(isPreRelease(a.version)) - Number(isPreRelease(b.version)) ||
        b.version.compare(a.version) ||
        byText(a.candidate.content, b.candidate.content),
    );
  const misfits = new Map<Candidate, Misfit>();
  for (const { candidate } of sorted) {
    const misfit = misfitOf(candidate, host);
    if (misfit) misfits.set(candidate, misfit);
  }
  const usable = sorted.map(({ candidate }) => candidate).filter((candidate) => !misfits.has(candidate));
  const offers = Map.groupBy(sorted.flatMap(offersOf), ({ target }) => target);
  const known = new Map<string, readonly Offer[]>();

  return {
    usable,
    misfits,
    offers,
    inRange(target, range) {
      const key = `${target} ${range}`;
      let found = known.get(key);
      if (!found) {
        // Not `satisfies`: given a broken range, it says no instead of failing.
        const parsed = new Range(range);
        found = (offers.get(target) ?? []).filter(({ version }) => parsed.test(version));
        known.set(key, found);
      }
      return found;
    },
  };
}

/** The facets of a candidate by id, in name order. */
export const facetsOf = ({ manifest }: Candidate) =>
  Object.entries(manifest.facets)
    .map(([name, facet]) => ({ id: facetId(manifest.name, name), facet }))
    .toSorted((a, b) => byText(a.id, b.id));

export const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const isPreferred = ({ manifest }: Candidate, prefer: ReadonlyMap<PluginName, string>): boolean =>
  prefer.get(manifest.name) === manifest.version;

const isPreRelease = (version: SemVer): boolean => version.prerelease.length > 0;

const offersOf = ({ candidate, version }: Versioned): readonly Offer[] => [
  { target: `plugin:${candidate.manifest.name}`, candidate, version },
  ...facetsOf(candidate).flatMap(({ id, facet }) =>
    Object.entries(facet.provides).map(([port, provided]): Offer => ({
      target: `port:${port}`,
      candidate,
      version: new SemVer(provided),
      facet: id,
    })),
  ),
];

function misfitOf({ manifest }: Candidate, host: Host): Misfit | undefined {
  if (!new Range(manifest.hostApi).test(host.api)) {
    return { what: "host API", needs: manifest.hostApi, has: host.api };
  }
  if (!new Range(manifest.node).test(host.node)) {
    return { what: "Node.js", needs: manifest.node, has: host.node };
  }
  if (!manifest.platforms.some((platform) => platform === "any" || platform === host.platform)) {
    return { what: "platform", needs: manifest.platforms.join(" or "), has: host.platform };
  }
  return undefined;
}
