import { TradsysError } from "../domain/errors.ts";
import { parseFacetId, type PluginName } from "../domain/ids.ts";
import type { Generation, GenerationFacet } from "../domain/plan.ts";
import type { FacetHandle } from "../plugin/define.ts";
import type { VerifiedPlugin } from "../store/verified-plugin.ts";
import type { StartableFacet } from "./lifecycle/facet-run.ts";
import { pluginInstance, type Host } from "./plugin-instance.ts";

/** A plugin, and the instance of it that its facets share. */
interface Owner {
  readonly plugin: VerifiedPlugin;
  handles(): Promise<ReadonlyMap<string, FacetHandle>>;
  renew(): void;
}

/**
 * The facets of a generation, each tied to its plugin's instance.
 *
 * @throws {TradsysError} `GENERATION_DAMAGED` for a facet that no plugin has.
 */
export function startableFacets(
  { facets }: Generation,
  plugins: readonly VerifiedPlugin[],
  host: Host & { readonly signal: AbortSignal },
): StartableFacet[] {
  const facetsOf = Map.groupBy(facets, ({ id }) => parseFacetId(id)?.plugin);
  const owners = new Map(
    plugins.map((plugin) => [
      plugin.name,
      ownerOf(plugin, { ...host, facets: facetsOf.get(plugin.name) ?? [] }),
    ]),
  );
  return facets.map((facet) => startable(facet, owners));
}

function ownerOf(plugin: VerifiedPlugin, placement: Parameters<typeof pluginInstance>[1]): Owner {
  let instance = pluginInstance(plugin, placement);
  return {
    plugin,
    handles: () => instance(),
    renew() {
      instance = pluginInstance(plugin, placement);
    },
  };
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
