import { TradsysError } from "../domain/errors.ts";
import type { FacetId } from "../domain/ids.ts";
import type { Bound, PortAccess } from "../plugin/define.ts";
import type { PortError } from "../plugin/errors.ts";
import type { PortTypes } from "../plugin/ports.ts";
import type { Locator } from "./container/service.ts";
import { notBegun } from "./context/scope.ts";
import { type Activity, Offer } from "./port-offer.ts";
import { isSubscription, subscribeOnce } from "./subscription.ts";

type PortName = keyof PortTypes;

/** Where ports are offered while facets are ready, and taken by name and facet. */
export class PortRegistry {
  readonly #guard: PortGuard;
  readonly #offers = new Map<FacetId, Offer>();
  /** Why those are gone that may come back. */
  readonly #gone = new Map<FacetId, PortError>();
  readonly #held = new Map<FacetId, PromiseWithResolvers<void>>();
  #wake: Wake = () => undefined;

  constructor(guard: PortGuard = (offered) => offered) {
    this.#guard = guard;
  }

  /** From now on a facet that is used while it offers nothing is woken first, where that can be done. */
  wakeWith(wake: Wake): void {
    this.#wake = wake;
  }

  /**
   * Makes the ports of a facet that has become ready reachable, in one step. Where it offered others before, calls go
   * to these from now on, and subscriptions follow.
   */
  offer(facet: FacetId, provides: Partial<PortTypes>): void {
    this.#offers.set(facet, new Offer(provides));
    this.#gone.delete(facet);
    this.#held.get(facet)?.resolve();
    this.#held.delete(facet);
  }

  /** How much facets are used, all together. */
  activity(facets: readonly FacetId[]): Activity {
    const offers = facets.flatMap((facet) => this.#offers.get(facet)?.activity ?? []);
    return {
      uses: offers.reduce((sum, { uses }) => sum + uses, 0),
      isBusy: offers.some(({ isBusy }) => isBusy),
    };
  }

  /** What a facet offers now, with whoever uses it. */
  offered(facet: FacetId): Offer | undefined {
    return this.#offers.get(facet);
  }

  /**
   * The ports of a facet that is about to stop are gone at once, and whoever waited for them is told.
   *
   * @param reason What callers are told who come before it is back.
   */
  withdraw(facet: FacetId, reason?: PortError): void {
    this.#offers.delete(facet);
    if (reason) this.#gone.set(facet, notBegun(reason));
    this.#held.get(facet)?.reject(unready(facet));
    this.#held.delete(facet);
  }

  /** Keeps new calls waiting until the facet offers its ports again, or they are withdrawn. */
  hold(facet: FacetId): void {
    const held = Promise.withResolvers<void>();
    held.promise.catch(() => undefined);
    this.#held.set(facet, held);
    this.#offers.delete(facet);
  }

  /** A method that waits for its provider and then is the provider's own. */
  #firstUse({ facet, name, member, failure }: FirstUse): unknown {
    const gone = this.#gone.get(facet);
    if (gone) throw gone;
    const waking = this.#held.get(facet)?.promise ?? this.#wake(facet);
    if (!waking) return failure();
    // Told by the call, if there is one.
    waking.catch(() => undefined);
    const use = (args: readonly unknown[]): unknown => {
      const method = this.#offers.get(facet)?.member(name, member) ?? failure();
      return typeof method === "function" ? (Reflect.apply(method, undefined, args) as unknown) : method;
    };
    return isSubscription(member)
      ? (...args: readonly unknown[]) => subscribeOnce(waking, () => use(args))
      : async (...args: readonly unknown[]) => {
          await waking;
          return use(args);
        };
  }

  /** Access to the given ports only, by the names a plugin requires them under; the host's come out of `services`. */
  accessFor(user: string, bound: BoundPorts, services?: Locator): PortAccess {
    return portAccess(user, bound, (facet, name) => {
      if (facet === HOST && services) return services.get(name) as object;
      const offered = lateBound(
        () => this.#offers.get(facet),
        name,
        (member) => this.#firstUse({ facet, name, member, failure: () => unbound(user, name, facet) }),
      );
      return this.#guard(offered, { user, provider: facet, port: name });
    });
  }
}
/** A port as one user of it gets it. */
export type PortGuard = (
  offered: object,
  about: { readonly user: string; readonly provider: FacetId; readonly port: string },
) => object;

/** Stands for the host where it provides a port itself. */
export const HOST = "host" as FacetId;

interface FirstUse {
  readonly facet: FacetId;
  /** The port. */
  readonly name: string;
  readonly member: string;
  readonly failure: () => never;
}

/** Starts a facet that is not running; `undefined` where it will not be. */
type Wake = (facet: FacetId) => Promise<void> | undefined;

/** Ports by name, each with the facets that provide it. */
export type BoundPorts = ReadonlyMap<string, readonly FacetId[]>;

/** Access to the given ports, each made once when it is first asked for. */
export function portAccess(
  user: string,
  bound: BoundPorts,
  portOf: (facet: FacetId, name: string) => object,
): PortAccess {
  const ports = new Map<string, object>();
  const once = <Name extends PortName>(facet: FacetId, name: Name): PortTypes[Name] => {
    const at = portKey(facet, name);
    const port = ports.get(at) ?? portOf(facet, name);
    ports.set(at, port);
    return port as PortTypes[Name];
  };
  const providersOf = (name: string): readonly FacetId[] => {
    const providers = bound.get(name);
    if (!providers) {
      throw new TradsysError("PORT_UNBOUND", `${user} does not require the port ${name}`, {
        hint: "Name it in the manifest, under `requires` of the facet that uses it.",
      });
    }
    return providers;
  };
  return {
    one<Name extends PortName>(name: Name): PortTypes[Name] {
      const [provider] = providersOf(name);
      if (provider === undefined) {
        throw new TradsysError("PORT_UNBOUND", `nothing provides ${name} to ${user}`, {
          hint: "Ask with `all` for a port that is optional: it answers with an empty list.",
        });
      }
      return once(provider, name);
    },
    all<Name extends PortName>(name: Name): readonly Bound<PortTypes[Name]>[] {
      return providersOf(name).map((provider) => ({ provider, port: once(provider, name) }));
    },
  };
}

/** The name of a port of one facet. */
export const portKey = (facet: FacetId, port: string): string => `${facet} ${port}`;

const unready = (facet: FacetId): TradsysError =>
  new TradsysError("PORT_UNBOUND", `${facet} is not ready any longer`);

function unbound(user: string, port: string, facet: FacetId): never {
  throw new TradsysError("PORT_UNBOUND", `${user} used ${port} of ${facet}, which is not ready`, {
    hint: "Use a port between `start` and `stop`; in `activate` it can only be taken.",
  });
}

/**
 * Stands for a port whose provider may come, go or be replaced: every use looks the provider up. Methods are
 * bound once for each provider, so that a call costs a look-up and no allocation.
 */
function lateBound(
  offered: () => Offer | undefined,
  port: string,
  absent: (member: string) => unknown,
): object {
  return portProxy((name) => {
    const current = offered();
    return current?.has(port) === true ? current.member(port, name) : absent(name);
  });
}

const OF_EVERY_OBJECT: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** An object that is nothing but the members of a port. */
export function portProxy(member: (name: string) => unknown): object {
  return new Proxy(Object.freeze({}), {
    get(_, name) {
      // An `await` on the port itself asks for `then`; a port is no promise. What every object has is no port's.
      if (typeof name === "symbol" || name === "then" || OF_EVERY_OBJECT.has(name)) return undefined;
      return member(name);
    },
  });
}
