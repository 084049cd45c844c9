import type { PluginName } from "../../domain/ids.ts";
import type { System } from "../../domain/manifest.ts";
import type { PortTypes } from "../../plugin/ports.ts";

/** The two methods by which containers look into each other: a host's own, and ours. */
export interface Locator {
  has(port: string): boolean;
  /** Throws where there is none. */
  get(port: string): unknown;
}

/**
 * How many there are of a service, from the widest to the narrowest: one for the platform (a singleton), one for
 * each system, plugin or running instance of a plugin (scoped), or a new one for each use (transient).
 */
export const LIFETIMES = ["platform", "system", "plugin", "instance", "use"] as const;

export type Lifetime = (typeof LIFETIMES)[number];

type Port = keyof PortTypes;

/** A port that a service is made of; where several provide it, the owner of the one to take. */
type Need = Port | { readonly port: Port; readonly from: string };

type NeededPorts<Needs extends readonly Need[]> = {
  readonly [At in keyof Needs]: Needs[At] extends Port
    ? PortTypes[Needs[At]]
    : Needs[At] extends { readonly port: infer Name extends Port }
      ? PortTypes[Name]
      : never;
};

/** A port that the host itself provides, to plugins and to other services. */
export interface Service {
  readonly port: string;
  /** Exact. What plugins require is resolved against it; see `Host.ports`. */
  readonly version: string;
  /** Who answers for it, as messages name it. */
  readonly owner: string;
  readonly per: Lifetime;
  /** Whom it is for. Everybody, where it is not said. It is never kept for more than it is seen by. */
  readonly within?: { readonly system: System } | { readonly plugin: PluginName };
  readonly needs?: readonly (string | { readonly port: string; readonly from: string })[];
  /** The owner whose provision of this port it takes the place of. Two provisions are a conflict otherwise. */
  readonly overrides?: string;
  /** Called with what `needs` names, in that order. */
  make(...needs: readonly never[]): object;
  /** Gives back what `make` took, after all that was made of it. What is made per use is its user's to give back. */
  dispose?(service: never): Promise<void> | void;
}

interface TypedService<Name extends Port, Needs extends readonly Need[]> extends Omit<
  Service,
  "needs" | "make" | "dispose"
> {
  readonly port: Name;
  readonly needs?: Needs;
  make(...needs: NeededPorts<Needs>): PortTypes[Name];
  dispose?(service: PortTypes[Name]): Promise<void> | void;
}

/** Types a service by the port it provides and the ports it is made of. */
export const defineService = <Name extends Port, const Needs extends readonly Need[] = readonly []>(
  service: TypedService<Name, Needs>,
): Service => service;
