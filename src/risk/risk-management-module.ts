import { TradsysError } from "../domain/errors.ts";
import { type FacetId, parseFacetId, pluginOf } from "../domain/ids.ts";
import type { PluginKind } from "../domain/manifest.ts";
import type { PortTypes } from "../plugin/ports.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** The part of a running set that risk management stands on. */
export type RiskHost = Pick<Runtime, "demand" | "plugins" | "ports" | "status">;

type RiskPort = "risk-limit" | "risk-pretrade" | "risk-rules";

/**
 * One part of risk management, started when it is first asked for. However many ask at once, it starts once; a start
 * that failed or ran out of time is tried again by the next who asks, and its late result is not used.
 */
export class RiskProvider<Port extends RiskPort> {
  readonly facet: FacetId;
  /** Lower starts first. */
  readonly priority: number;
  /** Longest start, in milliseconds. */
  readonly timeoutMs: number;
  readonly memoryMiB: number;
  readonly #host: RiskHost;
  readonly #port: Port;

  constructor(host: RiskHost, facet: FacetId, port: Port) {
    const name = pluginOf(facet);
    const plugin = host.plugins.find((each) => each.name === name);
    if (!plugin) throw new TradsysError("PLUGIN_UNKNOWN", `${facet} is no facet of the running set`);
    const { priority, resources } = plugin.bundle.manifest;
    this.facet = facet;
    this.priority = priority;
    this.timeoutMs = resources.startTimeoutMs;
    this.memoryMiB = resources.memoryMiB;
    this.#host = host;
    this.#port = port;
  }

  /** @throws {TradsysError} why it is not ready. */
  async get(): Promise<PortTypes[Port]> {
    await this.#host.demand(this.facet);
    const bound = this.#host.ports.all(this.#port).find(({ provider }) => provider === this.facet);
    if (bound) return bound.port;
    throw new TradsysError("PORT_UNBOUND", `${this.facet} does not provide ${this.#port}`);
  }

  isInitialized = (): boolean => this.#host.status().get(this.facet)?.state === "ready";
}

/** All of a running set's risk management: one manager, its rule engines by type, its limits by type. */
export class RiskManagementModule {
  readonly manager: RiskProvider<"risk-pretrade">;
  readonly #engines: ReadonlyMap<string, RiskProvider<"risk-rules">>;
  readonly #limits: ReadonlyMap<string, RiskProvider<"risk-limit">>;

  /** @throws {TradsysError} `PORT_UNBOUND` for a set without a risk manager: nothing can be sent there. */
  constructor(host: RiskHost) {
    const [manager] = host.ports.all("risk-pretrade");
    if (!manager) {
      throw new TradsysError("PORT_UNBOUND", "the running set has no risk manager", {
        hint: "Name a plugin of kind risk-manager in the deployment.",
      });
    }
    this.manager = new RiskProvider(host, manager.provider as FacetId, "risk-pretrade");
    this.#engines = byType(host, { port: "risk-rules", kind: "risk-rule-engine", capability: "engines" });
    this.#limits = byType(host, { port: "risk-limit", kind: "risk-limit", capability: "types" });
  }

  /** Starts everything, limits and rules before the manager that asks them, and resolves when all of it is ready. */
  async initialize(): Promise<void> {
    const parts = [...this.#limits.values(), ...this.#engines.values()];
    const failures = (await Promise.allSettled(parts.map((part) => part.get()))).filter(isRejected);
    if (failures.length > 0) throw failures[0]?.reason;
    await this.manager.get();
  }

  getRiskManager = (): Promise<PortTypes["risk-pretrade"]> => this.manager.get();

  /** @throws {TradsysError} `PLUGIN_UNKNOWN` for a type that no plugin of the set has. */
  getRuleEngine = async (type: string): Promise<PortTypes["risk-rules"]> =>
    found(this.#engines, type, "rule engine").get();

  /** @throws {TradsysError} `PLUGIN_UNKNOWN` for a type that no plugin of the set has. */
  getLimit = async (type: string): Promise<PortTypes["risk-limit"]> =>
    found(this.#limits, type, "limit").get();

  /** Types that can be asked for, sorted. */
  engineTypes = (): readonly string[] => [...this.#engines.keys()].toSorted();
  limitTypes = (): readonly string[] => [...this.#limits.keys()].toSorted();
}

/** By each type that the plugin's manifest names; the first plugin, by name, that has a type serves it. */
function byType<Port extends RiskPort>(
  host: RiskHost,
  what: { readonly port: Port; readonly kind: PluginKind; readonly capability: string },
): ReadonlyMap<string, RiskProvider<Port>> {
  const providers = new Map<string, RiskProvider<Port>>();
  for (const { provider } of host.ports.all(what.port)) {
    const name = parseFacetId(provider)?.plugin;
    const manifest = host.plugins.find((plugin) => plugin.name === name)?.bundle.manifest;
    const types = manifest?.kind === what.kind ? manifest.capabilities[what.capability] : undefined;
    if (!Array.isArray(types)) continue;
    for (const type of types.map(String)) {
      if (!providers.has(type)) {
        providers.set(type, new RiskProvider(host, provider as FacetId, what.port));
      }
    }
  }
  return providers;
}

function found<T>(known: ReadonlyMap<string, T>, type: string, what: string): T {
  const provider = known.get(type);
  if (provider) return provider;
  throw new TradsysError("PLUGIN_UNKNOWN", `the running set has no ${what} of the type ${type}`, {
    hint: `It has ${[...known.keys()].toSorted().join(", ") || "none"}.`,
  });
}

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === "rejected";
