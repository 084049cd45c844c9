import { TradsysError } from "../domain/errors.ts";
import { facetId, type Digest, type FacetId } from "../domain/ids.ts";
import type { PortTypes } from "../plugin/ports.ts";
import type { Account } from "../plugin/ports/account.ts";
import type { Control } from "../plugin/ports/control.ts";
import type { MarketData, MarketEvent, Subscription, SubscriptionSpec } from "../plugin/ports/market-data.ts";
import type { OrderEntry } from "../plugin/ports/order-entry.ts";
import type { OrderFate, TradingGate } from "../risk/trading-gate.ts";
import { venueOf } from "../risk/trading-states.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { connectorKey, Registry, type ExchangeConnectorPlugin } from "./registry.ts";

/** The part of a running set that connectors stand on. */
export type ExchangeHost = Pick<Runtime, "demand" | "generation" | "plugins" | "ports">;

export interface ManagerOptions {
  readonly host: ExchangeHost;
  /** Knows the orders that have not ended. */
  readonly gate: TradingGate;
  readonly secret: (name: string) => string | undefined;
}

/** A connector in use. Ports that its plugin does not have are absent. */
export interface Connector {
  readonly key: Digest;
  readonly plugin: ExchangeConnectorPlugin;
  readonly marketData: MarketData | undefined;
  readonly account: Account | undefined;
  readonly orderEntry: OrderEntry | undefined;
  readonly control: Control | undefined;
  /** By handle: two subscribers to one instrument do not know of each other, and each ends its own. */
  subscribe(spec: SubscriptionSpec): Subscription;
}

interface Held extends Connector {
  readonly subscriptions: Set<Subscription>;
}

/** How long a venue waits for a sign of life while its connector is replaced, in milliseconds. */
const SWAP_MS = 300_000;

/** The connectors of a running set, each made once however many ask at once. */
export class Manager {
  readonly registry: Registry;
  readonly #options: ManagerOptions;
  readonly #connectors = new Map<Digest, Promise<Held>>();

  constructor(options: ManagerOptions) {
    this.registry = new Registry(options.host.plugins);
    this.#options = options;
  }

  /**
   * Starts what is not running of a connector. A failed start is not remembered: the next who asks tries again.
   *
   * @throws {TradsysError} `PLUGIN_UNKNOWN`, or why it is not ready.
   */
  createConnector(name: string): Promise<Connector> {
    const plugin = this.registry.getPlugin(name);
    const key = connectorKey(plugin, this.#options.secret);
    const known = this.#connectors.get(key);
    if (known) return known;
    const made = this.#make(plugin, key).catch((error: unknown) => {
      this.#connectors.delete(key);
      throw error;
    });
    this.#connectors.set(key, made);
    return made;
  }

  /** Keys of the connectors in use, sorted. */
  listConnectors = (): readonly Digest[] => [...this.#connectors.keys()].toSorted();

  /**
   * Lets go of a connector that nobody needs any longer.
   *
   * @throws {TradsysError} `BUSY` while it has open orders, facets that depend on it, or readers.
   */
  async closeConnector(name: string): Promise<void> {
    const plugin = this.registry.getPlugin(name);
    const key = connectorKey(plugin, this.#options.secret);
    const connector = await this.#connectors.get(key);
    if (!connector) return;
    const reason = this.#reasonToStay(connector);
    if (reason !== undefined) throw new TradsysError("BUSY", `${name} is not closed: ${reason}`);
    this.#connectors.delete(key);
  }

  /**
   * Replaces a connector while nothing opens at its venue: the dead-man's switch is extended, so that resting orders
   * outlive the change, the work is done, and every order is accounted for before anything opens again.
   *
   * @param work Puts the new one in place, for example by a hot swap.
   * @param deadManMs What the switch is set to afterwards; null disarms it.
   */
  async replaceConnector(
    name: string,
    { work, deadManMs }: { readonly work: () => Promise<void>; readonly deadManMs: number | null },
  ): Promise<readonly OrderFate[]> {
    const { gate } = this.#options;
    const { plugin, control } = await this.createConnector(name);
    const description = await control?.describe();
    const bounds = description?.deadMansSwitch;
    return gate.whileDraining(plugin.venue, async () => {
      if (bounds) await control?.setDeadMansSwitch(Math.min(SWAP_MS, bounds.maxMs));
      await work();
      const fates = await gate.reconcile(plugin.venue);
      if (bounds) await control?.setDeadMansSwitch(deadManMs);
      return fates;
    });
  }

  async #make(plugin: ExchangeConnectorPlugin, key: Digest): Promise<Held> {
    const { host } = this.#options;
    const facets = Object.entries(plugin.facets);
    await Promise.all(facets.map(([facet]) => host.demand(facetId(plugin.name, facet))));
    const port = <Name extends keyof PortTypes>(name: Name): PortTypes[Name] | undefined => {
      const [facet] = facets.find(([, { provides }]) => name in provides) ?? [];
      if (facet === undefined) return undefined;
      const id = facetId(plugin.name, facet);
      return host.ports.all(name).find(({ provider }) => provider === id)?.port;
    };
    const marketData = port("market-data");
    const subscriptions = new Set<Subscription>();
    return {
      key,
      plugin,
      marketData,
      account: port("account"),
      orderEntry: port("order-entry"),
      control: port("control"),
      subscriptions,
      subscribe(spec) {
        if (!marketData) throw new TradsysError("PORT_UNBOUND", `${plugin.name} has no market data`);
        return counted(marketData.subscribe(spec), subscriptions);
      },
    };
  }

  #reasonToStay({ plugin, subscriptions }: Held): string | undefined {
    const { gate, host } = this.#options;
    const open = gate.openOrders().filter(({ instrument }) => venueOf(instrument) === plugin.venue);
    if (open.length > 0) return `${open.length} orders are open`;
    if (subscriptions.size > 0) return `${subscriptions.size} subscriptions are read`;
    const isOwn = (id: FacetId): boolean => id.startsWith(`${plugin.name}#`);
    const dependant = host.generation.facets.find(
      ({ id, after, ports }) => !isOwn(id) && [...after, ...Object.values(ports).flat()].some(isOwn),
    );
    return dependant && `${dependant.id} depends on it`;
  }
}

/** Leaves the set when it is closed, or when its reader leaves. */
function counted(subscription: Subscription, among: Set<Subscription>): Subscription {
  async function* events(): AsyncGenerator<MarketEvent, void, void> {
    try {
      yield* subscription.events;
    } finally {
      among.delete(handle);
    }
  }
  const handle: Subscription = {
    events: events(),
    close() {
      among.delete(handle);
      subscription.close();
    },
  };
  among.add(handle);
  return handle;
}
