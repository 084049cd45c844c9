import { compare, prerelease, satisfies } from "semver";

import type { Host } from "../../src/domain/host.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import { targetOf, type FacetRequirement } from "../../src/domain/manifest.ts";
import type { ResolveRequest } from "../../src/resolver/resolve.ts";

/** A set of plugins, judged straight from the manifests. Shares no code with the resolver. */
export const isSound = (set: readonly Candidate[], request: ResolveRequest): boolean =>
  set.every((candidate) => isUsable(candidate, request)) && fitsTogether(set, request);

function fitsTogether(set: readonly Candidate[], request: ResolveRequest): boolean {
  const { requirements, policy } = request;
  return (
    requirements.every(({ name, range }) => has(set, request, { name, range })) &&
    [...Map.groupBy(set, nameOf).values()].every((copies) => copies.length === 1 || mayRunTogether(copies)) &&
    (policy?.constraints ?? []).every(({ plugin, range }) =>
      set.every((candidate) => nameOf(candidate) !== plugin || isIn(candidate, range, request)),
    ) &&
    set.every(
      (candidate) =>
        Object.entries(candidate.manifest.facets).every(([facet, { requires }]) =>
          requires.every((requirement) => isMet(set, request, { candidate, facet, requirement })),
        ) &&
        candidate.manifest.conflicts.every(
          ({ plugin, range }) => plugin === nameOf(candidate) || !has(set, request, { name: plugin, range }),
        ) &&
        exclusivePorts(candidate).every((port) =>
          set.every((other) => other === candidate || !provides(other, port)),
        ),
    )
  );
}

/** Tries every set. */
export const isSatisfiable = (request: ResolveRequest): boolean =>
  everySet(request).some((set) => fitsTogether(set, request));

/** Every set that fits together, whatever the deployment asks for. */
export const fittingSets = (request: ResolveRequest): readonly (readonly Candidate[])[] =>
  everySet(request).filter((set) => fitsTogether(set, { ...request, requirements: [] }));

/** What is minimised, the most important first: locked plugins that go, that change, adapters, extra copies. */
export type Costs = readonly [removed: number, changed: number, adapters: number, copies: number];

export function costsOf(set: readonly Candidate[], { candidates, prefer }: ResolveRequest): Costs {
  const locked = candidates.filter(
    (candidate) => prefer.get(nameOf(candidate)) === candidate.manifest.version,
  );
  const now = locked.map((old) =>
    set.find((candidate) => nameOf(candidate) === nameOf(old) && areRivals(candidate, old, candidates)),
  );
  return [
    now.filter((candidate) => candidate === undefined).length,
    now.filter((candidate, i) => candidate !== undefined && candidate !== locked[i]).length,
    set.filter((candidate) => adaptedPorts(candidate).length > 0).length,
    set.length - new Set(set.map(nameOf)).size,
  ];
}

/** The least costs of any set in which everything is there for a reason. */
export function leastCosts(request: ResolveRequest): Costs | undefined {
  return everySet(request)
    .filter((set) => fitsTogether(set, request) && isFounded(set, request))
    .map((set) => costsOf(set, request))
    .toSorted(byCosts)[0];
}

function byCosts(a: Costs, b: Costs): number {
  return a.map((cost, i) => cost - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Whether providers can be chosen such that a chain of requirements leads from the deployment to every member. */
function isFounded(set: readonly Candidate[], request: ResolveRequest): boolean {
  const roots = request.requirements.map(({ name, range }) =>
    set.filter((candidate) => nameOf(candidate) === name && isIn(candidate, range, request)),
  );
  return reaches(new Set(), roots);

  /** @param open For each requirement that counts, who would meet it. */
  function reaches(reached: ReadonlySet<Candidate>, open: readonly (readonly Candidate[])[]): boolean {
    const [providers, ...rest] = open;
    if (!providers) return reached.size === set.length;
    return providers.some((provider) => {
      if (reached.has(provider)) return reaches(reached, rest);
      const own = Object.entries(provider.manifest.facets).flatMap(([facet, { requires }]) =>
        requires
          .filter(({ optional }) => !optional)
          .map((requirement) => suppliers(set, request, { candidate: provider, facet, requirement })),
      );
      const needed = own.filter((options) => options.length > 0 && !options.includes(provider));
      return reaches(new Set([...reached, provider]), [...rest, ...needed]);
    });
  }
}

function everySet(request: ResolveRequest): readonly (readonly Candidate[])[] {
  const usable = request.candidates.filter((candidate) => isUsable(candidate, request));
  let sets: readonly (readonly Candidate[])[] = [[]];
  for (const versions of Map.groupBy(usable, nameOf).values()) {
    const choices = subsetsOf(versions).filter((copies) => copies.length < 2 || mayRunTogether(copies));
    sets = sets.flatMap((set) => choices.map((copies) => [...set, ...copies]));
  }
  return sets;
}

const subsetsOf = ([first, ...rest]: readonly Candidate[]): readonly (readonly Candidate[])[] => {
  if (!first) return [[]];
  const others = subsetsOf(rest);
  return [...others, ...others.map((subset) => [first, ...subset])];
};

const nameOf = ({ manifest }: Candidate): PluginName => manifest.name;

const isMulti = ({ manifest }: Candidate): boolean => manifest.multiVersion && manifest.singleton === "none";

/** Of different majors, all willing, and of one mind about every port that they provide. */
function mayRunTogether(copies: readonly Candidate[]): boolean {
  const majors = new Set(copies.map(({ manifest }) => manifest.version.split(".")[0]));
  const ports = new Set(copies.flatMap(portsOf).map(([port]) => port));
  return (
    majors.size === copies.length &&
    copies.every(isMulti) &&
    [...ports].every(
      (port) =>
        new Set(copies.map((copy) => versionsOf(copy, port)).filter((text) => text !== "")).size === 1,
    )
  );
}

/** Versions of a plugin of which only one can be there. */
const areRivals = (a: Candidate, b: Candidate, candidates: readonly Candidate[]): boolean =>
  !candidates.some((candidate) => nameOf(candidate) === nameOf(a) && isMulti(candidate)) ||
  a.manifest.version.split(".")[0] === b.manifest.version.split(".")[0];

const portsOf = ({ manifest }: Candidate) =>
  Object.values(manifest.facets).flatMap((facet) => Object.entries(facet.provides));

/** All versions of a port that a plugin provides, in one text. */
const versionsOf = (candidate: Candidate, port: string): string =>
  [...new Set(portsOf(candidate).flatMap(([own, version]) => (own === port ? [version] : [])))]
    .toSorted()
    .join();

const provides = (candidate: Candidate, port: string): boolean =>
  portsOf(candidate).some(([own]) => own === port);

const exclusivePorts = ({ manifest }: Candidate): readonly string[] =>
  Object.values(manifest.facets).flatMap(({ exclusive = [] }) => exclusive);

const adaptedPorts = (candidate: Candidate): readonly string[] =>
  candidate.manifest.kind !== "adapter"
    ? []
    : portsOf(candidate)
        .map(([port]) => port)
        .filter((port) =>
          Object.values(candidate.manifest.facets).some(({ requires }) =>
            requires.some((requirement) => !requirement.optional && targetOf(requirement) === `port:${port}`),
          ),
        );

function isIn(
  { manifest: { name, version } }: Candidate,
  range: string,
  { policy }: ResolveRequest,
): boolean {
  const rule = policy?.preReleasesOf?.[name] ?? policy?.preReleases;
  return satisfies(version, range, { includePrerelease: rule === "allow" });
}

export const has = (
  set: readonly Candidate[],
  request: ResolveRequest,
  { name, range }: { readonly name: string; readonly range: string },
): boolean => set.some((candidate) => nameOf(candidate) === name && isIn(candidate, range, request));

interface Wish {
  readonly candidate: Candidate;
  readonly facet: string;
  readonly requirement: FacetRequirement;
}

function isMet(set: readonly Candidate[], request: ResolveRequest, wish: Wish): boolean {
  const { requirement } = wish;
  if (suppliers(set, request, wish).length > 0) return true;
  if ("port" in requirement)
    return requirement.optional || isByHost(request.host, requirement.port, rangeOf(request, wish));
  if (!requirement.optional) return false;
  const copies = request.candidates.filter((other) => nameOf(other) === requirement.plugin);
  const majors = new Set(copies.map(({ manifest }) => manifest.version.split(".")[0]));
  // Beside other versions, one that is out of range does no harm.
  return (
    (copies.some(isMulti) && majors.size > 1) || !set.some((other) => nameOf(other) === requirement.plugin)
  );
}

/** Members that would do. */
function suppliers(set: readonly Candidate[], request: ResolveRequest, wish: Wish): readonly Candidate[] {
  const { candidate, facet, requirement } = wish;
  const range = rangeOf(request, wish);
  if ("plugin" in requirement) {
    return set.filter((other) => nameOf(other) === requirement.plugin && isIn(other, range, request));
  }
  const { port } = requirement;
  const fitting = set.filter((other) =>
    Object.entries(other.manifest.facets).some(
      ([name, facetOf]) =>
        !(other === candidate && name === facet) && satisfies(facetOf.provides[port] ?? "", range),
    ),
  );
  if (isByHost(request.host, port, range)) return [];
  const longest = request.policy?.adapterChain ?? 1;
  return fitting.filter(
    (other) =>
      other === candidate ||
      !adaptedPorts(other).includes(port) ||
      longest > (adaptedPorts(candidate).includes(port) ? 1 : 0),
  );
}

const isByHost = ({ ports }: Host, port: string, range: string): boolean =>
  satisfies(ports?.[port] ?? "", range);

function rangeOf({ policy }: ResolveRequest, { candidate, requirement }: Wish): string {
  const overrides =
    policy?.overrides?.filter((override) => targetOf(override) === targetOf(requirement)) ?? [];
  const own =
    overrides.find(({ of }) => of === nameOf(candidate)) ?? overrides.find(({ of }) => of === undefined);
  return own?.range ?? requirement.range;
}

/** Whether a candidate can be chosen at all. */
function isUsable(
  candidate: Candidate,
  { host, policy, prefer, frozen, revoked, today = "" }: ResolveRequest,
): boolean {
  const { name, version, hostApi, node, platforms } = candidate.manifest;
  const isLocked = prefer.get(name) === version;
  const rule = policy?.preReleasesOf?.[name] ?? policy?.preReleases;
  const age = (Date.parse(today) - Date.parse(candidate.published ?? today)) / 86_400_000;
  return (
    satisfies(host.api, hostApi) &&
    satisfies(host.node, node) &&
    (platforms.includes("any") ||
      (policy?.platforms ?? [host.platform]).every((platform) => platforms.includes(platform))) &&
    !revoked?.has(candidate.content) &&
    !(policy?.exclusions ?? []).some(
      (exclusion) => exclusion.plugin === name && satisfies(version, exclusion.range),
    ) &&
    (!frozen || isLocked) &&
    (rule !== "disallow" || prerelease(version) === null) &&
    (isLocked || (candidate.yanked === undefined && !(today !== "" && age < (policy?.minimumAgeDays ?? 0))))
  );
}

/** Whether every plugin of one set is as new as in the other, and some plugin newer. */
export function isNewer(a: readonly Candidate[], b: readonly Candidate[]): boolean {
  const other = new Map(b.map((candidate) => [nameOf(candidate), candidate.manifest.version]));
  if (a.length !== b.length || a.some((candidate) => !other.has(nameOf(candidate)))) return false;
  const differences = a.map(({ manifest }) => compare(manifest.version, other.get(manifest.name) ?? "0.0.0"));
  return (
    differences.every((difference) => difference >= 0) && differences.some((difference) => difference > 0)
  );
}
