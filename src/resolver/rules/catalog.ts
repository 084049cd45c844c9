import Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";

import type { PreReleasePolicy } from "../../domain/deployment.ts";
import { facetId, type PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import { targetOf, type FacetRequirement, type Target } from "../../domain/manifest.ts";
import { obstacleOf, type Obstacle } from "./obstacles.ts";
import { admitted, isStable, type Interval, type VersionList } from "./ranges.ts";
import type { ResolveRequest } from "./request.ts";

/** The versions of a plugin that a store holds, in ascending order. */
export interface Listing extends VersionList {
  readonly name: PluginName;
  readonly candidates: readonly Candidate[];
  readonly preReleases: PreReleasePolicy;
}

/** A version of a port that a facet provides. */
export interface Provision {
  readonly candidate: Candidate;
  readonly version: string;
  readonly isExclusive: boolean;
  /** The plugin provides the port by requiring another version of it. */
  readonly isAdapter: boolean;
}

/** All provisions of a port, by version of the port. */
interface Provisions extends VersionList {
  readonly provisions: readonly Provision[];
  readonly isExclusive: boolean;
}

/** What is known of a request's candidates. All of it is worked out when it is first asked for. */
export class Catalog {
  readonly request: ResolveRequest;
  readonly #byName: ReadonlyMap<PluginName, readonly Candidate[]>;
  readonly #locked: ReadonlySet<string>;
  readonly #listings = new Map<PluginName, Listing>();
  readonly #ranges = new Map<string, Range>();
  readonly #intervals = new Map<Listing, Map<string, readonly Interval[]>>();
  readonly #versions = new Map<string, SemVer>();
  readonly #admitted = new Map<string, Map<string, boolean>>();
  readonly #obstacles = new Map<Candidate, Obstacle | undefined>();
  readonly #providers = new Map<string, Provisions>();
  #ports: ReadonlyMap<string, readonly Provision[]> | undefined;

  constructor(request: ResolveRequest) {
    this.request = request;
    this.#byName = Map.groupBy(request.candidates, ({ manifest }) => manifest.name);
    this.#locked = new Set(
      [...request.prefer].flatMap(([name, versions]) =>
        [versions].flat().map((version) => `${name} ${version}`),
      ),
    );
  }

  get names(): Iterable<PluginName> {
    return this.#byName.keys();
  }

  /** The versions of a plugin; none where the store does not know it. */
  listing(name: PluginName): Listing | undefined {
    const known = this.#listings.get(name);
    const candidates = this.#byName.get(name);
    if (known || !candidates) return known;
    const { policy } = this.request;
    const sorted = candidates
      .map((candidate) => ({ candidate, version: new SemVer(candidate.manifest.version) }))
      // Builds of one version are told apart by digest only, so that the order is the same everywhere.
      .toSorted((a, b) => a.version.compare(b.version) || byText(a.candidate.content, b.candidate.content));
    const listing = {
      name,
      candidates: sorted.map(({ candidate }) => candidate),
      versions: sorted.map(({ version }) => version),
      unstable: sorted.flatMap(({ version }, place) => (isStable(version) ? [] : [place])),
      preReleases: policy?.preReleasesOf?.[name] ?? policy?.preReleases ?? "if-necessary",
    };
    this.#listings.set(name, listing);
    return listing;
  }

  /** The places of the versions in range, whether or not they can be chosen. */
  inRange(listing: Listing, text: string): readonly Interval[] {
    let known = this.#intervals.get(listing);
    if (!known) this.#intervals.set(listing, (known = new Map()));
    let intervals = known.get(text);
    if (!intervals) {
      intervals = admitted(this.#range(text, listing.preReleases === "allow"), listing);
      known.set(text, intervals);
    }
    return intervals;
  }

  /** Where a candidate stands among the versions of its plugin. */
  placeOf(candidate: Candidate): number {
    return this.listing(candidate.manifest.name)?.candidates.indexOf(candidate) ?? -1;
  }

  /** Whether a range admits a candidate, by the rules for its plugin. */
  isInRange(candidate: Candidate, range: string): boolean {
    const listing = this.listing(candidate.manifest.name);
    const place = this.placeOf(candidate);
    return (
      listing !== undefined &&
      this.inRange(listing, range).some(([from, end]) => place >= from && place < end)
    );
  }

  /** The range that counts for a requirement: what the deployment puts in its place, or its own. */
  rangeOf(candidate: Candidate, requirement: FacetRequirement): string {
    const target = targetOf(requirement);
    const overrides = this.request.policy?.overrides?.filter((other) => targetOf(other) === target) ?? [];
    const override =
      overrides.find(({ of }) => of === candidate.manifest.name) ??
      overrides.find(({ of }) => of === undefined);
    return override?.range ?? requirement.range;
  }

  /** Who provides a port, for any host, by version of the port. */
  providers(port: string): readonly Provision[] {
    return this.#provisions(port).provisions;
  }

  /** The places of the provisions of a port in range, for any host. */
  provisionsIn(port: string, range: string): readonly Interval[] {
    return admitted(this.#range(range, false), this.#provisions(port));
  }

  /** Whether a version of some plugin does not share a port. */
  isExclusive(port: string): boolean {
    return this.#provisions(port).isExclusive;
  }

  #provisions(port: string): Provisions {
    let known = this.#providers.get(port);
    if (known) return known;
    this.#ports ??= provisionsOf(this.request.candidates);
    const sorted = (this.#ports.get(port) ?? [])
      .map((provision) => ({ provision, version: this.#version(provision.version) }))
      .toSorted(
        (a, b) =>
          a.version.compare(b.version) ||
          byText(a.provision.candidate.content, b.provision.candidate.content),
      );
    known = {
      provisions: sorted.map(({ provision }) => provision),
      versions: sorted.map(({ version }) => version),
      unstable: sorted.flatMap(({ version }, place) => (isStable(version) ? [] : [place])),
      isExclusive: sorted.some(({ provision }) => provision.isExclusive),
    };
    this.#providers.set(port, known);
    return known;
  }

  get ports(): Iterable<string> {
    this.#ports ??= provisionsOf(this.request.candidates);
    return this.#ports.keys();
  }

  /** Whether a range admits a version. */
  readonly admits = (range: string, version: string): boolean => {
    let byVersion = this.#admitted.get(range);
    if (!byVersion) this.#admitted.set(range, (byVersion = new Map()));
    let isAdmitted = byVersion.get(version);
    if (isAdmitted === undefined) {
      // Not `satisfies`: given a broken range, it says no instead of failing.
      isAdmitted = this.#range(range, false).test(this.#version(version));
      byVersion.set(version, isAdmitted);
    }
    return isAdmitted;
  };

  isLocked({ manifest }: Candidate): boolean {
    return this.#locked.has(`${manifest.name} ${manifest.version}`);
  }

  /** Why a candidate cannot be chosen. */
  obstacle(candidate: Candidate): Obstacle | undefined {
    if (!this.#obstacles.has(candidate)) {
      const judged = {
        candidate,
        version: this.#version(candidate.manifest.version),
        isLocked: this.isLocked(candidate),
        allowsPreReleases: this.listing(candidate.manifest.name)?.preReleases !== "disallow",
        admits: this.admits,
      };
      this.#obstacles.set(candidate, obstacleOf(judged, this.request));
    }
    return this.#obstacles.get(candidate);
  }

  #range(text: string, includePrerelease: boolean): Range {
    const key = `${includePrerelease} ${text}`;
    let range = this.#ranges.get(key);
    if (!range) this.#ranges.set(key, (range = new Range(text, { includePrerelease })));
    return range;
  }

  #version(text: string): SemVer {
    let version = this.#versions.get(text);
    if (!version) this.#versions.set(text, (version = new SemVer(text)));
    return version;
  }
}

/** The facets of a candidate by id, in name order. */
export const facetsOf = ({ manifest }: Candidate) =>
  Object.entries(manifest.facets)
    .map(([name, facet]) => ({ id: facetId(manifest.name, name), facet }))
    .toSorted((a, b) => byText(a.id, b.id));

export const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** `plugin:@acme/a` is a `plugin` called `@acme/a`. */
export function splitTarget(target: Target): readonly [kind: string, name: string] {
  const colon = target.indexOf(":");
  return [target.slice(0, colon), target.slice(colon + 1)];
}

/** An adapter that requires a port it provides stands between two versions of it. */
export function isAdapterOf({ manifest }: Candidate, port: string): boolean {
  if (manifest.kind !== "adapter") return false;
  const facets = Object.values(manifest.facets);
  return (
    facets.some(({ provides }) => Object.hasOwn(provides, port)) &&
    facets.some(({ requires }) =>
      requires.some((requirement) => !requirement.optional && targetOf(requirement) === `port:${port}`),
    )
  );
}

const provisionsOf = (candidates: readonly Candidate[]): ReadonlyMap<string, readonly Provision[]> => {
  const byPort = new Map<string, Provision[]>();
  for (const candidate of candidates) {
    for (const { provides, exclusive } of Object.values(candidate.manifest.facets)) {
      for (const [port, version] of Object.entries(provides)) {
        const provision = {
          candidate,
          version,
          isExclusive: exclusive?.includes(port) ?? false,
          isAdapter: isAdapterOf(candidate, port),
        };
        const known = byPort.get(port);
        if (known) known.push(provision);
        else byPort.set(port, [provision]);
      }
    }
  }
  return byPort;
};
