import { TradsysError } from "../domain/errors.ts";
import {
  byInstance,
  type Digest,
  type FacetId,
  type InstanceName,
  instanceOf,
  labelOf,
  parseFacetId,
  type PluginName,
  pluginOf,
} from "../domain/ids.ts";
import { systemOf, type Manifest } from "../domain/manifest.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import { portError, type PortError } from "../plugin/errors.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import { homeFor } from "./activate-plugin.ts";
import type { Configurable } from "./config/reconfigure.ts";
import type { Scope } from "./container/container.ts";
import type { StartableFacet } from "./lifecycle/facet-run.ts";
import type { IsolationLevel, Placer } from "./place-plugin.ts";
import type { Placement, PluginInstance } from "./plugin-instance.ts";
import { HOST, type BoundPorts, type PortRegistry } from "./ports.ts";
import type { RuntimeSignals } from "./telemetry/runtime-signals.ts";

/** What the host gives to every plugin. */
export interface Host extends Omit<Placement, "ports" | "bound" | "home" | "signals" | "onCrash"> {
  readonly ports: PortRegistry;
  /** The scope of the platform: what the host itself provides. */
  readonly services: Scope;
  /** Ports that the host provides. */
  readonly hosted: ReadonlySet<string>;
  readonly placer: Placer;
  readonly signals: RuntimeSignals;
  /** Told when an isolated plugin ended without being asked to. Its callers have been told by then. */
  readonly onCrash: (owner: Owner, reason: PortError) => void;
}

/** A plugin that ended without being asked to. */
export interface PluginCrash {
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly facets: readonly FacetId[];
  /** `PLUGIN_CRASHED`, or `PLUGIN_TIMEOUT` for a plugin that was stuck. */
  readonly reason: PortError;
}

/** A plugin as it runs. */
export interface PluginStatus {
  readonly name: PluginName;
  readonly version: string;
  readonly content: Digest;
  readonly level: IsolationLevel;
  readonly facets: readonly FacetId[];
  /** Bytes in use beyond what an empty thread or process uses, read from outside, where it has one of its own. */
  memoryBytes(): Promise<number | undefined>;
}

/** A plugin of a running set, its facets there, and the instance that they share. */
export class Owner implements Configurable {
  /** `<name>@<version>`. */
  readonly label: string;
  /** As the generation has it. */
  readonly wiring: readonly GenerationFacet[];
  readonly facets: readonly StartableFacet[];
  readonly status: PluginStatus;
  readonly limitMs: number;
  /** Why its instance ended, if it did so by itself. */
  crash: PortError | undefined;
  readonly #place: () => PluginInstance;
  readonly #onCrash: (reason: PortError) => void;
  #plugin: VerifiedPlugin;
  #instance: PluginInstance;

  /** @throws {TradsysError} `GENERATION_DAMAGED` for a facet that the plugin does not have; `METRIC_COLLISION`. */
  constructor(
    plugin: VerifiedPlugin,
    wiring: readonly GenerationFacet[],
    { host, restoresFrom = [] }: Owning,
  ) {
    const label = labelOf(plugin);
    host.signals.declare([plugin.bundle.manifest]);
    const bound = portsOf(wiring, host.hosted);
    const home = homeFor(label, host.log);
    const ofPlugin = host.services.within(systemOf(plugin.bundle.manifest.kind)).within(plugin.name);
    const onCrash = (reason: PortError): void => {
      this.crash = reason;
      host.onCrash(this, reason);
    };
    this.#onCrash = onCrash;
    this.#plugin = plugin;
    this.limitMs = plugin.bundle.manifest.resources.startTimeoutMs;
    this.#place = () => {
      const services = ofPlugin.instance();
      const ports = host.ports.accessFor(label, bound, services);
      const signals = host.signals.instance(plugin.bundle.manifest);
      const placed = host.placer.place(this.#plugin, { ...host, bound, ports, home, signals, onCrash });
      return {
        ...placed,
        async close() {
          await placed.close();
          signals.source.end();
          await services.close();
        },
      };
    };
    this.wiring = wiring;
    this.label = label;
    this.#instance = this.#place();
    this.facets = wiring.map((facet) => this.#startable(facet, restoresFrom));
    const { name, version, content } = plugin;
    this.status = {
      name,
      version,
      content,
      level: host.placer.levelOf(plugin),
      facets: wiring.map(({ id }) => id),
      memoryBytes: () => this.#instance.memoryBytes(),
    };
  }

  /** With the configuration that its next instance is given. */
  get plugin(): VerifiedPlugin {
    return this.#plugin;
  }

  async configurer(): ReturnType<Configurable["configurer"]> {
    const handles = [...(await this.#instance.handles()).values()];
    const able = handles.filter((handle) => typeof handle.configure === "function");
    if (able.length === 0) return undefined;
    return async (change) => {
      for (const handle of able) await handle.configure?.(change);
    };
  }

  adopt(config: VerifiedPlugin["config"]): void {
    this.#plugin = { ...this.#plugin, config };
  }

  abandon({ message }: TradsysError): void {
    this.#onCrash(portError("PLUGIN_CRASHED", message, { outcome: "unknown" }));
  }

  /** Gives back the thread or process of its instance. */
  close(): Promise<void> {
    return this.#instance.close();
  }

  #startable(facet: GenerationFacet, restoresFrom: readonly string[]): StartableFacet {
    const { manifest } = this.plugin.bundle;
    const name = parseFacetId(facet.id)?.facet ?? "";
    const declared = manifest.facets[name];
    if (!declared) throw damaged(facet.id);
    const { state, version } = manifest;
    return {
      ...facet,
      ...manifest.resources,
      promises: Object.keys(declared.provides),
      needs: needsOf(facet, declared.requires),
      stateFormat: state && { version, schemaVersion: state.schemaVersion, restoresFrom },
      handle: async () => (await this.#instance.handles()).get(name) ?? {},
      renew: async () => {
        const before = this.#instance;
        this.#instance = this.#place();
        this.crash = undefined;
        await before.close();
      },
    };
  }
}

interface Owning {
  readonly host: Host;
  /** Versions with another schema of state that it takes over. */
  readonly restoresFrom?: readonly string[];
}

/** The plugins of a running set, by what their facets' ids begin with. */
export type Owners = ReadonlyMap<InstanceName, Owner>;

/**
 * The plugins of a generation, each with its facets.
 *
 * @throws {TradsysError} `GENERATION_DAMAGED` for a facet that no plugin has.
 */
export function ownersOf(
  { facets }: Generation,
  plugins: readonly VerifiedPlugin[],
  host: Host,
): Map<InstanceName, Owner> {
  const members = byInstance(plugins);
  const facetsOf = Map.groupBy(facets, ({ id }) => instanceOf(id));
  const astray = facets.find(({ id }) => !members.has(instanceOf(id)));
  if (astray) throw damaged(astray.id);
  return new Map(
    [...members].map(([instance, plugin]) => [
      instance,
      new Owner(plugin, facetsOf.get(instance) ?? [], { host }),
    ]),
  );
}

/** A plugin has one context, so its facets share what any of them is bound to. */
function portsOf(facets: readonly GenerationFacet[], hosted: ReadonlySet<string>): BoundPorts {
  const bound = new Map<string, Set<FacetId>>();
  for (const facet of facets) {
    for (const [port, providers] of Object.entries(facet.ports)) {
      const all = providers.length === 0 && hosted.has(port) ? [HOST] : providers;
      bound.set(port, new Set([...(bound.get(port) ?? []), ...all]));
    }
  }
  return new Map([...bound].map(([port, providers]) => [port, [...providers].toSorted()]));
}

/**
 * What a facet cannot do without, of all that it waits for: one provider of each port, and every facet of a plugin,
 * that it requires and not only would like. What its manifest does not speak of was ordered otherwise, and counts.
 */
function needsOf(
  { after, ports }: GenerationFacet,
  requires: Manifest["facets"][string]["requires"],
): readonly (readonly FacetId[])[] {
  const unspoken = new Set(after);
  const needs = requires.flatMap((requirement) => {
    const providers =
      "port" in requirement
        ? (ports[requirement.port] ?? []).filter((id) => after.includes(id))
        : after.filter((id) => pluginOf(id) === requirement.plugin);
    for (const id of providers) unspoken.delete(id);
    if (requirement.optional || providers.length === 0) return [];
    return "port" in requirement ? [providers] : providers.map((id) => [id]);
  });
  return [...needs, ...[...unspoken].map((id) => [id])];
}

const damaged = (id: FacetId): TradsysError =>
  new TradsysError("GENERATION_DAMAGED", `the generation starts ${id}, which no plugin of it has`, {
    hint: "Plan and apply the deployment again.",
  });
