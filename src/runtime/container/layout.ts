import type { FacetId, PluginName } from "../../domain/ids.ts";
import type { System } from "../../domain/manifest.ts";
import { LIFETIMES, type Locator, type Service } from "./service.ts";

/** Where somebody asks for a port: on the platform, in a system of it, or in a plugin of that. */
export interface Place {
  readonly system?: System | undefined;
  readonly plugin?: PluginName | undefined;
}

/** The owner of what only the host's own container has. */
export const HOST_CONTAINER = "the host's container";

/** A port that a facet was resolved against as one that the host provides. */
export interface Requirement {
  readonly port: string;
  /** The one that the ranges were decided with. */
  readonly version: string;
  readonly neededBy: FacetId;
  readonly place: Place;
}

/** All that provides ports, and what the host must provide. */
export interface Layout {
  /** The host's, and facets of plugins, whose owner is their id. */
  readonly services: readonly Service[];
  readonly requirements: readonly Requirement[];
  /** Every place that has something of its own, the wider before the narrower. */
  readonly places: readonly Place[];
  readonly host: Locator | undefined;
}

/** How far a place is from the platform: the index of its lifetime. */
export const depthOf = ({ system, plugin }: Place): number =>
  plugin !== undefined ? 2 : system !== undefined ? 1 : 0;

export const isSeenFrom = ({ within }: Service, { system, plugin }: Place): boolean =>
  within === undefined || ("system" in within ? within.system === system : within.plugin === plugin);

/** The index of the lifetime that a service really has: nothing is kept for more than it is seen by. */
export const depthOfService = ({ per, within }: Service): number =>
  Math.max(LIFETIMES.indexOf(per), depthOf(within ?? {}));

/** Whoever provides a port in a place once overrides have their say, in the order of `services`. */
export function providersAt({ services }: Pick<Layout, "services">, port: string, place: Place): Service[] {
  const seen = services.filter((service) => service.port === port && isSeenFrom(service, place));
  return seen.filter(({ owner }) => !seen.some(({ overrides }) => overrides === owner));
}

/** The place of one step out, where what lives so long is made. */
export const placeAt = (place: Place, depth: number): Place =>
  depth === 0 ? {} : depth === 1 ? { system: place.system } : place;

type Need = NonNullable<Service["needs"]>[number];

/** The port that a need is about, and the owner that it names. */
export const readNeed = (need: Need): { readonly port: string; readonly from?: string } =>
  typeof need === "string" ? { port: need } : need;

/** Who meets a need in a place: several where nothing says which. */
export function providersOf(layout: Pick<Layout, "services">, need: Need, place: Place): Service[] {
  const { port, from } = readNeed(need);
  if (from === undefined) return providersAt(layout, port, place);
  // Named, even where it is overridden: whoever takes another's place is often made of it.
  return layout.services.filter(
    (service) => service.port === port && service.owner === from && isSeenFrom(service, place),
  );
}
