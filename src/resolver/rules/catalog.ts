import Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";

import { byText } from "../../domain/by-text.ts";
import type { PreReleasePolicy } from "../../domain/deployment.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import { targetOf, type Facet, type FacetRequirement, type Target } from "../../domain/manifest.ts";
import { obstacleOf, type Obstacle } from "./obstacles.ts";
import { byPrecedence, versionList, type VersionList } from "./ranges.ts";
import { isLocked, type ResolveRequest } from "./request.ts";

/** The versions of a plugin that a store holds, in ascending order. */
export interface Listing extends VersionList {
  readonly name: PluginName;
  readonly candidates: readonly Candidate[];
  readonly preReleases: PreReleasePolicy;
}

/** What is known of a request's candidates. All of it is worked out when it is first asked for. */
export class Catalog {
  readonly request: ResolveRequest;
  readonly #byName: ReadonlyMap<PluginName, readonly Candidate[]>;
  readonly #listings = new Map<PluginName, Listing>();
  readonly #versions = new Map<string, SemVer>();
  readonly #ranges = { strict: new Map<string, Range>(), loose: new Map<string, Range>() };
  readonly #admitted = new Map<string, Map<string, boolean>>();
  #ports: PortIndex | undefined;

  constructor(request: ResolveRequest) {
    this.request = request;
    this.#byName = Map.groupBy(request.candidates, ({ manifest }) => manifest.name);
  }

  get names(): Iterable<PluginName> {
    return this.#byName.keys();
  }

  get ports(): Iterable<string> {
    return this.#index.names.keys();
  }

  /** The versions of a plugin; none where the store does not know it. */
  listing(name: PluginName): Listing | undefined {
    const known = this.#listings.get(name);
    const candidates = this.#byName.get(name);
    if (known || !candidates) return known;
    const { policy } = this.request;
    const sorted = candidates
      .map((candidate) => ({ candidate, version: this.version(candidate.manifest.version) }))
      // Builds of one version are told apart by digest only, so that the order is the same everywhere.
      .toSorted(
        (a, b) => byPrecedence(a.version, b.version) || byText(a.candidate.content, b.candidate.content),
      );
    const listing = {
      name,
      candidates: sorted.map(({ candidate }) => candidate),
      ...versionList(sorted.map(({ version }) => version)),
      preReleases: policy?.preReleasesOf?.[name] ?? policy?.preReleases ?? "if-necessary",
    };
    this.#listings.set(name, listing);
    return listing;
  }

  /** Where a candidate stands among the versions of its plugin. */
  placeOf(candidate: Candidate): number {
    return this.listing(candidate.manifest.name)?.candidates.indexOf(candidate) ?? -1;
  }

  /** The plugins that provide a port in some version, in name order. */
  providersOf(port: string): readonly PluginName[] {
    return this.#index.names.get(port)?.toSorted(byText) ?? [];
  }

  /** Ports that some version of some plugin does not share. */
  get exclusivePorts(): ReadonlySet<string> {
    return this.#index.exclusive;
  }

  get #index(): PortIndex {
    return (this.#ports ??= indexPorts(this.#byName));
  }

  /** The range that counts for a requirement: what the deployment puts in its place, or its own. */
  rangeOf(candidate: Candidate, requirement: FacetRequirement): string {
    const { overrides } = this.request.policy ?? {};
    if (!overrides) return requirement.range;
    const target = targetOf(requirement);
    const meant = overrides.filter((other) => targetOf(other) === target);
    const override =
      meant.find(({ of }) => of === candidate.manifest.name) ?? meant.find(({ of }) => of === undefined);
    return override?.range ?? requirement.range;
  }

  /** A range over the versions of a plugin by the rules for it, or over those of a port. */
  range(text: string, listing?: Listing): Range {
    const includePrerelease = listing?.preReleases === "allow";
    const known = includePrerelease ? this.#ranges.loose : this.#ranges.strict;
    let range = known.get(text);
    if (!range) known.set(text, (range = new Range(text, { includePrerelease })));
    return range;
  }

  /** Whether a range admits a candidate, by the rules for its plugin. */
  isInRange({ manifest: { name, version } }: Candidate, range: string): boolean {
    return this.range(range, this.listing(name)).test(this.version(version));
  }

  /** Whether a range admits the version of a port or a host. */
  readonly admits = (range: string, version: string): boolean => {
    let byVersion = this.#admitted.get(range);
    if (!byVersion) this.#admitted.set(range, (byVersion = new Map()));
    let isAdmitted = byVersion.get(version);
    if (isAdmitted === undefined) {
      // Not `satisfies`: given a broken range, it says no instead of failing.
      isAdmitted = this.range(range).test(this.version(version));
      byVersion.set(version, isAdmitted);
    }
    return isAdmitted;
  };

  /** Whether a facet provides a port in range. */
  provides(facet: Facet, port: string, range: string): boolean {
    const version = providedBy(facet, port);
    return version !== undefined && this.admits(range, version);
  }

  isLocked(candidate: Candidate): boolean {
    return isLocked(candidate, this.request);
  }

  /** Why a candidate cannot be chosen. */
  obstacle(candidate: Candidate): Obstacle | undefined {
    const { name, version } = candidate.manifest;
    const judged = {
      candidate,
      version: this.version(version),
      isLocked: this.isLocked(candidate),
      allowsPreReleases: this.listing(name)?.preReleases !== "disallow",
      admits: this.admits,
    };
    return obstacleOf(judged, this.request);
  }

  /** A version of a plugin, a port or a host. */
  version(text: string): SemVer {
    let version = this.#versions.get(text);
    if (!version) this.#versions.set(text, (version = new SemVer(text)));
    return version;
  }
}

/** `plugin:@acme/a` is a `plugin` called `@acme/a`. */
export const splitTarget = (target: Target): readonly [kind: "plugin" | "port", name: string] =>
  target.startsWith("port:")
    ? ["port", target.slice("port:".length)]
    : ["plugin", target.slice("plugin:".length)];

/** The versions in which the facets of a candidate provide a port. */
export function versionsProvided({ manifest }: Candidate, port: string): readonly string[] {
  const versions: string[] = [];
  for (const facet of Object.values(manifest.facets)) {
    const version = providedBy(facet, port);
    if (version !== undefined) versions.push(version);
  }
  return versions;
}

/** A port may have the name of what all objects have. */
const providedBy = ({ provides }: Facet, port: string): string | undefined =>
  Object.hasOwn(provides, port) ? provides[port] : undefined;

/** An adapter that requires a port it provides stands between two versions of it. */
export function isAdapterOf({ manifest }: Candidate, port: string): boolean {
  if (manifest.kind !== "adapter") return false;
  const facets = Object.values(manifest.facets);
  return (
    facets.some((facet) => providedBy(facet, port) !== undefined) &&
    facets.some(({ requires }) =>
      requires.some((requirement) => !requirement.optional && targetOf(requirement) === `port:${port}`),
    )
  );
}

/** Which plugins provide a port in some version, and which ports somebody does not share. */
interface PortIndex {
  readonly names: ReadonlyMap<string, readonly PluginName[]>;
  readonly exclusive: ReadonlySet<string>;
}

function indexPorts(byName: ReadonlyMap<PluginName, readonly Candidate[]>): PortIndex {
  const names = new Map<string, PluginName[]>();
  const exclusive = new Set<string>();
  for (const [name, candidates] of byName) {
    for (const { manifest } of candidates) {
      for (const facet of Object.values(manifest.facets)) {
        for (const port of Object.keys(facet.provides)) {
          const providers = names.get(port);
          if (!providers) names.set(port, [name]);
          else if (providers.at(-1) !== name) providers.push(name);
          if (facet.exclusive?.includes(port)) exclusive.add(port);
        }
      }
    }
  }
  return { names, exclusive };
}
