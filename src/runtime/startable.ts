import { TradsysError } from "../domain/errors.ts";
import { type Digest, type FacetId, labelOf, parseFacetId, type PluginName } from "../domain/ids.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import type { PortError } from "../plugin/errors.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import type { StartableFacet } from "./lifecycle/facet-run.ts";
import type { IsolationLevel, Placer } from "./place-plugin.ts";
import type { Placement, PluginInstance } from "./plugin-instance.ts";
import type { BoundPorts, PortRegistry } from "./ports.ts";

/** What the host gives to every plugin. */
export interface Host extends Omit<Placement, "ports" | "bound" | "onCrash"> {
  readonly ports: PortRegistry;
  readonly placer: Placer;
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
  /** Bytes in use, read from outside, where it has a thread or process of its own. */
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
  { facets }: Generation,
  plugins: readonly VerifiedPlugin[],
  host: Host,
): Startable {
  const facetsOf = Map.groupBy(facets, ({ id }) => parseFacetId(id)?.plugin);
  const owners = new Map(
    plugins.map((plugin) => [plugin.name, ownerOf(plugin, facetsOf.get(plugin.name) ?? [], host)]),
  );
  return {
    facets: facets.map((facet) => startable(facet, owners)),
    instances: () => [...owners.values()].map(({ status }) => status),
    close: async () => void (await Promise.all([...owners.values()].map((owner) => owner.close()))),
  };
}

function ownerOf(plugin: VerifiedPlugin, facets: readonly GenerationFacet[], host: Host): Owner {
  const label = labelOf(plugin);
  const bound = portsOf(facets);
  const { name, version, content } = plugin;
  const placement: Placement = {
    ...host,
    bound,
    ports: host.ports.accessFor(label, bound),
    onCrash: (reason) => host.onCrash({ plugin: label, facets: facets.map(({ id }) => id), reason }),
  };
  let instance = host.placer.place(plugin, placement);
  return {
    plugin,
    status: {
      name,
      version,
      content,
      level: host.placer.levelOf(plugin),
      facets: facets.map(({ id }) => id),
      memoryBytes: () => instance.memoryBytes(),
    },
    memoryBytes: () => instance.memoryBytes(),
    handles: () => instance.handles(),
    renew() {
      void instance.close();
      instance = host.placer.place(plugin, placement);
    },
    close: () => instance.close(),
  };
}

/** A plugin has one context, so its facets share what any of them is bound to. */
function portsOf(facets: readonly GenerationFacet[]): BoundPorts {
  const bound = new Map<string, Set<FacetId>>();
  for (const facet of facets) {
    for (const [port, providers] of Object.entries(facet.ports)) {
      bound.set(port, new Set([...(bound.get(port) ?? []), ...providers]));
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
