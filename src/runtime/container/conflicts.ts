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
  type Requirement,
  readNeed,
} from "./layout.ts";
import { LIFETIMES, type Service } from "./service.ts";

/** Why a container cannot be put together. Owners are as messages name them. */
export type Conflict =
  /** Two provide a port to the same users. */
  | { readonly kind: "duplicate"; readonly port: string; readonly owners: readonly [string, string] }
  /** One hides the other from some of its users. */
  | { readonly kind: "shadowed"; readonly port: string; readonly hidden: string; readonly by: string }
  | {
      readonly kind: "ambiguous";
      readonly port: string;
      readonly neededBy: string;
      readonly owners: readonly string[];
    }
  /** What lives longer would keep something that is made anew for each of a narrower kind. */
  | {
      readonly kind: "captive";
      readonly port: string;
      readonly owner: string;
      readonly per: string;
      readonly neededBy: string;
      readonly keptPer: string;
    }
  | { readonly kind: "missing"; readonly port: string; readonly neededBy: string }
  /** The set was resolved with another version than the host offers. */
  | {
      readonly kind: "other-version";
      readonly port: string;
      readonly neededBy: string;
      readonly version: string;
      readonly owner: string;
      readonly offered: string;
    }
  /** From a service through what it needs to itself again. */
  | { readonly kind: "cycle"; readonly path: readonly string[] }
  | {
      readonly kind: "nothing-overridden";
      readonly port: string;
      readonly owner: string;
      readonly overrides: string;
    };

/** Everything that would make an injection fail or surprise, found before anything is made. In the order of `services`. */
export function findConflicts(layout: Layout): readonly Conflict[] {
  const conflicts = [
    ...layout.services.flatMap((service, at) => clashes(layout, service, at)),
    ...layout.services.flatMap((service) => troubleWithNeeds(layout, service)),
    ...layout.requirements.flatMap((requirement) => troubleWithRequirement(layout, requirement)),
    ...layout.places.flatMap((place) => cyclesAt(layout, place)),
  ];
  return [...new Map(conflicts.map((conflict) => [JSON.stringify(conflict), conflict])).values()];
}

function clashes(layout: Layout, service: Service, at: number): Conflict[] {
  const { services, host } = layout;
  const { port, owner, overrides } = service;
  const others = services.filter((other) => other !== service && other.port === port);
  const hosted = host?.has(port) === true;
  const dangling =
    overrides !== undefined &&
    !others.some((other) => other.owner === overrides) &&
    !(hosted && overrides === HOST_CONTAINER);
  const hidesHost = hosted && overrides !== HOST_CONTAINER && !isFacet(service);
  return [
    ...(dangling ? [{ kind: "nothing-overridden" as const, port, owner, overrides }] : []),
    ...(hidesHost ? [{ kind: "shadowed" as const, port, hidden: HOST_CONTAINER, by: owner }] : []),
    ...services.slice(at + 1).flatMap((other) => clash(layout, service, other)),
  ];
}

function clash({ places }: Layout, first: Service, second: Service): Conflict[] {
  const { port } = first;
  if (port !== second.port || isSettled(first, second)) return [];
  // Plugins may provide one port side by side: their users are bound to the ones they take.
  if (isFacet(first) && isFacet(second)) return [];
  const [wide, narrow] =
    depthOf(first.within ?? {}) <= depthOf(second.within ?? {}) ? [first, second] : [second, first];
  const { within = {} } = narrow;
  const reach = "plugin" in within ? places.find(({ plugin }) => plugin === within.plugin) : within;
  if (!isSeenFrom(wide, reach ?? within)) return [];
  if (isFacet(first) || isFacet(second) || depthOf(wide.within ?? {}) < depthOf(narrow.within ?? {})) {
    const [hidden, by] = isFacet(narrow) ? [narrow, wide] : [wide, narrow];
    return [{ kind: "shadowed", port, hidden: hidden.owner, by: by.owner }];
  }
  return [{ kind: "duplicate", port, owners: [first.owner, second.owner] }];
}

/** By one of the two: each cannot take the other's place. */
const isSettled = (a: Service, b: Service): boolean =>
  (a.overrides === b.owner) !== (b.overrides === a.owner);

const isFacet = ({ owner }: Service): boolean => parseFacetId(owner) !== undefined;

function troubleWithNeeds(layout: Layout, service: Service): Conflict[] {
  const seenFrom = layout.places.filter((place) => isSeenFrom(service, place));
  const madeIn = seenFrom.map((place) => placeAt(place, depthOfService(service)));
  return madeIn.flatMap((place) =>
    (service.needs ?? []).flatMap((need): Conflict[] => {
      const { port } = readNeed(need);
      const neededBy = service.owner;
      const [provider, ...others] = providersOf(layout, need, place);
      if (!provider) return layout.host?.has(port) === true ? [] : [{ kind: "missing", port, neededBy }];
      if (others.length > 0) {
        const owners = [provider, ...others].map(({ owner }) => owner);
        return [{ kind: "ambiguous", port, neededBy, owners }];
      }
      const [kept, per] = [depthOfService(service), depthOfService(provider)];
      if (kept >= per) return [];
      const captive = { kind: "captive" as const, port, owner: provider.owner, neededBy };
      return [{ ...captive, per: LIFETIMES[per] ?? "", keptPer: LIFETIMES[kept] ?? "" }];
    }),
  );
}

function troubleWithRequirement(layout: Layout, { port, version, neededBy, place }: Requirement): Conflict[] {
  const [provider] = providersAt(layout, port, place);
  if (!provider) return layout.host?.has(port) === true ? [] : [{ kind: "missing", port, neededBy }];
  const { owner, version: offered } = provider;
  return offered === version ? [] : [{ kind: "other-version", port, neededBy, version, owner, offered }];
}

function cyclesAt(layout: Layout, place: Place): Conflict[] {
  const done = new Set<Service>();
  const path: Service[] = [];
  const found: Conflict[] = [];
  const visit = (service: Service): void => {
    const from = path.indexOf(service);
    if (from >= 0) {
      const members = path.slice(from).map(nameOf);
      // The same circle is found from wherever one enters it.
      const first = members.indexOf(members.toSorted()[0] ?? "");
      const turned = [...members.slice(first), ...members.slice(0, first)];
      found.push({ kind: "cycle", path: [...turned, ...turned.slice(0, 1)] });
    }
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

const nameOf = ({ port, owner }: Service): string => `${port} of ${owner}`;

/** A conflict as a person reads it, with what settles it. */
export function describeConflict(conflict: Conflict): Diagnostic {
  const [message, hint] = told(conflict);
  return { code: "SERVICE_CONFLICT", severity: "error", message, hint };
}

function told(conflict: Conflict): readonly [message: string, hint: string] {
  switch (conflict.kind) {
    case "duplicate": {
      const { port, owners } = conflict;
      return [
        `${owners.join(" and ")} both provide ${port}`,
        `Take one away, or let one say that it takes the other's place: \`overrides: "${owners[0]}"\`.`,
      ];
    }
    case "shadowed": {
      const { port, hidden, by } = conflict;
      return [
        `${port} of ${by} hides that of ${hidden}`,
        `If that is meant, let ${by} say so: \`overrides: "${hidden}"\`.`,
      ];
    }
    case "ambiguous": {
      const { port, neededBy, owners } = conflict;
      return [
        `${neededBy} needs one ${port}, and ${owners.join(", ")} provide it`,
        `Name the one to take: \`{ port: "${port}", from: "${owners[0]}" }\`.`,
      ];
    }
    case "captive": {
      const { port, owner, per, neededBy, keptPer } = conflict;
      return [
        `${neededBy} lives per ${keptPer} and would keep the ${port} of ${owner}, which is made per ${per}`,
        `Give ${neededBy} the lifetime \`per: "${per}"\`, or ${port} the lifetime \`per: "${keptPer}"\`.`,
      ];
    }
    case "missing":
      return [
        `${conflict.neededBy} needs ${conflict.port}, and nothing provides it there`,
        "Add a service that provides it, or give the host's container one.",
      ];
    case "other-version": {
      const { port, neededBy, version, owner, offered } = conflict;
      return [
        `${neededBy} was resolved with ${port} ${version}, and ${owner} offers ${offered}`,
        "Resolve and plan again with what the host offers, or offer what was resolved with.",
      ];
    }
    case "cycle":
      return [
        `services need each other in a circle: ${conflict.path.join(" → ")}`,
        "Let one of them ask for the other when it is used instead of when it is made.",
      ];
    case "nothing-overridden":
      return [
        `${conflict.owner} overrides ${conflict.port} of ${conflict.overrides}, which does not provide it`,
        "Correct the owner's name, or take `overrides` out.",
      ];
    default:
      return conflict satisfies never;
  }
}
