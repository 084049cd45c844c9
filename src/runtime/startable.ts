import { TradsysError } from "../domain/errors.ts";
import { type Digest, type FacetId, labelOf, parseFacetId, type PluginName } from "../domain/ids.ts";
import { systemOf } from "../domain/manifest.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import type { PortError } from "../plugin/errors.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import { homeFor } from "./activate-plugin.ts";
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
  readonly placer: Placer;
  readonly signals: RuntimeSignals;
  readonly onCrash: (crash: PluginCrash) => void;
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

/** A plugin, and the instance of it that its facets share. */
interface Owner extends PluginInstance {
  readonly status: PluginStatus;
  readonly plugin: VerifiedPlugin;
  renew(): void;
}

/** The facets of a generation, and the way to give back what their plugins run in. */
export interface Startable {
  readonly facets: readonly StartableFacet[];
  /** In the order of the plugins. */
  instances(): readonly PluginStatus[];
  close(): Promise<void>;
}

/**
 * The facets of a generation, each tied to its plugin's instance.
 *
 * @throws {TradsysError} `GENERATION_DAMAGED` for a facet that no plugin has.
 */
export function startableFacets(
  { facets, host: { ports: hosted = {} } }: Generation,
  plugins: readonly VerifiedPlugin[],
  host: Host,
): Startable {
  const facetsOf = Map.groupBy(facets, ({ id }) => parseFacetId(id)?.plugin);
  const owners = new Map(
    plugins.map((plugin) => {
      const its = facetsOf.get(plugin.name) ?? [];
      const bound = portsOf(its, new Set(Object.keys(hosted)));
      return [plugin.name, ownerOf(plugin, { ids: its.map(({ id }) => id), bound }, host)];
    }),
  );
  return {
    facets: facets.map((facet) => startable(facet, owners)),
    instances: () => [...owners.values()].map(({ status }) => status),
    close: async () => void (await Promise.all([...owners.values()].map((owner) => owner.close()))),
  };
}

interface Wired {
  readonly ids: readonly FacetId[];
  readonly bound: BoundPorts;
}

function ownerOf(plugin: VerifiedPlugin, { ids, bound }: Wired, host: Host): Owner {
  const label = labelOf(plugin);
  const ofPlugin = host.services.within(systemOf(plugin.bundle.manifest.kind)).within(plugin.name);
  const { name, version, content } = plugin;
  const onCrash = (reason: PortError): void => host.onCrash({ plugin: label, facets: ids, reason });
  const home = homeFor(label, host.log);
  const begin = (): PluginInstance => {
    const services = ofPlugin.instance();
    const ports = host.ports.accessFor(label, bound, services);
    const signals = host.signals.instance(plugin.bundle.manifest);
    const placed = host.placer.place(plugin, { ...host, bound, ports, home, signals, onCrash });
    return {
      ...placed,
      async close() {
        await placed.close();
        signals.source.end();
        await services.close();
      },
    };
  };
  let instance = begin();
  return {
    plugin,
    status: {
      name,
      version,
      content,
      level: host.placer.levelOf(plugin),
      facets: ids,
      memoryBytes: () => instance.memoryBytes(),
    },
    memoryBytes: () => instance.memoryBytes(),
    handles: () => instance.handles(),
    renew() {
      void instance.close();
      instance = begin();
    },
    close: () => instance.close(),
  };
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

function startable(facet: GenerationFacet, owners: ReadonlyMap<PluginName, Owner>): StartableFacet {
  const id = parseFacetId(facet.id);
  const owner = id && owners.get(id.plugin);
  const declared = id && owner?.plugin.bundle.manifest.facets[id.facet];
  if (!id || !owner || !declared) {
    throw new TradsysError(
      "GENERATION_DAMAGED",
      `the generation starts ${facet.id}, which no plugin of it has`,
      { hint: "Plan and apply the deployment again." },
    );
  }
  return {
    ...facet,
    ...owner.plugin.bundle.manifest.resources,
    promises: Object.keys(declared.provides),
    handle: async () => (await owner.handles()).get(id.facet) ?? {},
    renew: () => owner.renew(),
  };
}
