import type { Diagnostic } from "../../domain/diagnostic.ts";
import { parseFacetId } from "../../domain/ids.ts";
import {
  depthOf,
  depthOfService,
  HOST_CONTAINER,
  isSeenFrom,
  type Layout,
  type Place,
  placeAt,
  providersAt,
  providersOf,
  readNeed,
  type Requirement,
} from "./layout.ts";
import { LIFETIMES, type Service } from "./service.ts";

/**
 * Everything that would make an injection fail or surprise, found before anything is made: each with its owners, and
 * with the word that settles it. In the order of `services`.
 */
export function findConflicts(layout: Layout): readonly Diagnostic[] {
  const found = [
    ...layout.services.flatMap((service, at) => clashes(layout, service, at)),
    ...layout.services.flatMap((service) => troubleWithNeeds(layout, service)),
    ...layout.requirements.flatMap((requirement) => troubleWithRequirement(layout, requirement)),
    ...layout.places.flatMap((place) => circlesAt(layout, place)),
  ];
  // What is wrong in several places is told once.
  return [...new Map(found.map((conflict) => [conflict.message, conflict])).values()];
}

const conflict = (message: string, hint: string): Diagnostic => ({
  code: "SERVICE_CONFLICT",
  severity: "error",
  message,
  hint,
});

function clashes(layout: Layout, service: Service, at: number): Diagnostic[] {
  const { services, host } = layout;
  const { port, owner, overrides } = service;
  const others = services.filter((other) => other !== service && other.port === port);
  const isHosted = host?.has(port) === true;
  const isDangling =
    overrides !== undefined &&
    !others.some((other) => other.owner === overrides) &&
    !(isHosted && overrides === HOST_CONTAINER);
  const hidesHost = isHosted && overrides !== HOST_CONTAINER && !isFacet(service);
  return [
    ...(isDangling
      ? [
          conflict(
            `${owner} overrides ${port} of ${overrides}, which does not provide it`,
            "Correct the owner's name, or take `overrides` out.",
          ),
        ]
      : []),
    ...(hidesHost ? [shadowed(port, HOST_CONTAINER, owner)] : []),
    ...services.slice(at + 1).flatMap((other) => clash(layout, service, other)),
  ];
}

const shadowed = (port: string, hidden: string, by: string): Diagnostic =>
  conflict(
    `${port} of ${by} hides that of ${hidden}`,
    `If that is meant, let ${by} say so: \`overrides: "${hidden}"\`.`,
  );

function clash({ places }: Layout, first: Service, second: Service): Diagnostic[] {
  const { port } = first;
  if (port !== second.port || isSettled(first, second)) return [];
  // Plugins may provide one port side by side: their users are bound to the ones they take.
  if (isFacet(first) && isFacet(second)) return [];
  const [wide, narrow] =
    depthOf(first.within ?? {}) <= depthOf(second.within ?? {}) ? [first, second] : [second, first];
  const { within = {} } = narrow;
  const reach = "plugin" in within ? places.find(({ plugin }) => plugin === within.plugin) : within;
  if (!isSeenFrom(wide, reach ?? within)) return [];
  if (isFacet(narrow)) return [shadowed(port, narrow.owner, wide.owner)];
  if (isFacet(wide) || depthOf(wide.within ?? {}) < depthOf(within))
    return [shadowed(port, wide.owner, narrow.owner)];
  return [
    conflict(
      `${first.owner} and ${second.owner} both provide ${port}`,
      `Take one away, or let one say that it takes the other's place: \`overrides: "${first.owner}"\`.`,
    ),
  ];
}

/** By one of the two: each cannot take the other's place. */
const isSettled = (a: Service, b: Service): boolean =>
  (a.overrides === b.owner) !== (b.overrides === a.owner);

const isFacet = ({ owner }: Service): boolean => parseFacetId(owner) !== undefined;

function troubleWithNeeds(layout: Layout, service: Service): Diagnostic[] {
  const { owner: user, needs = [] } = service;
  const kept = depthOfService(service);
  const madeIn = layout.places
    .filter((place) => isSeenFrom(service, place))
    .map((place) => placeAt(place, kept));
  return madeIn.flatMap((place) =>
    needs.flatMap((need): Diagnostic[] => {
      const { port } = readNeed(need);
      const [provider, ...others] = providersOf(layout, need, place);
      if (!provider) return missing(layout, port, user);
      if (others.length > 0) {
        const owners = [provider, ...others].map(({ owner }) => owner).join(", ");
        return [
          conflict(
            `${user} needs one ${port}, and ${owners} provide it`,
            `Name the one to take: \`{ port: "${port}", from: "${provider.owner}" }\`.`,
          ),
        ];
      }
      const made = depthOfService(provider);
      if (kept >= made) return [];
      const [per, keptPer] = [LIFETIMES[made], LIFETIMES[kept]];
      return [
        conflict(
          `${user} lives per ${keptPer} and would keep the ${port} of ${provider.owner}, which is made per ${per}`,
          `Give ${user} the lifetime \`per: "${per}"\`, or ${port} the lifetime \`per: "${keptPer}"\`.`,
        ),
      ];
    }),
  );
}

const missing = ({ host }: Layout, port: string, neededBy: string): Diagnostic[] =>
  host?.has(port) === true
    ? []
    : [
        conflict(
          `${neededBy} needs ${port}, and nothing provides it there`,
          "Add a service that provides it, or give the host's container one.",
        ),
      ];

function troubleWithRequirement(
  layout: Layout,
  { port, version, neededBy, place }: Requirement,
): Diagnostic[] {
  const [provider] = providersAt(layout, port, place);
  if (!provider) return missing(layout, port, neededBy);
  if (provider.version === version) return [];
  return [
    conflict(
      `${neededBy} was resolved with ${port} ${version}, and ${provider.owner} offers ${provider.version}`,
      "Resolve and plan again with what the host offers, or offer what was resolved with.",
    ),
  ];
}

function circlesAt(layout: Layout, place: Place): Diagnostic[] {
  const done = new Set<Service>();
  const path: Service[] = [];
  const found: Diagnostic[] = [];
  const visit = (service: Service): void => {
    const from = path.indexOf(service);
    if (from >= 0) found.push(circle(path.slice(from).map(({ port, owner }) => `${port} of ${owner}`)));
    if (from >= 0 || done.has(service)) return;
    path.push(service);
    const madeIn = placeAt(place, depthOfService(service));
    for (const need of service.needs ?? []) providersOf(layout, need, madeIn).forEach(visit);
    path.pop();
    done.add(service);
  };
  layout.services.filter((service) => isSeenFrom(service, place)).forEach(visit);
  return found;
}

/** The same circle is found from wherever one enters it. */
function circle(members: readonly string[]): Diagnostic {
  const first = members.indexOf(members.toSorted()[0] ?? "");
  const path = [...members.slice(first), ...members.slice(0, first + 1)];
  return conflict(
    `services need each other in a circle: ${path.join(" → ")}`,
    "Let one of them ask for the other when it is used instead of when it is made.",
  );
}
