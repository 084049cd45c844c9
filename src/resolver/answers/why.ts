import type { FacetId, PluginName } from "../../domain/ids.ts";
import type { Binding, Lock } from "../../domain/lock.ts";

/** One way from the deployment to a plugin: each binding leads to the plugin whose facet states the next. */
export interface Chain {
  /** The plugin that the deployment asks for. */
  readonly root: PluginName;
  readonly bindings: readonly Binding[];
}

/**
 * Why a plugin is in a lock: for each facet that needs it the shortest way there from the deployment, the
 * deployment's own wish first. Empty where the lock does not have it.
 */
export function why({ plugins, bindings }: Lock, name: PluginName): readonly Chain[] {
  const roots = plugins.filter(({ requiredBy }) => requiredBy.includes("deployment"));
  const ways = new Map<PluginName, Chain>(
    roots.map((root) => [root.name, { root: root.name, bindings: [] }]),
  );
  // A map also visits what is added to it on the way, and so the shortest come first.
  for (const [from, chain] of ways) {
    if (from === name) continue;
    for (const binding of bindings) {
      if (pluginOf(binding.facet) !== from) continue;
      for (const to of binding.providers.map(pluginOf)) {
        if (!ways.has(to)) ways.set(to, { ...chain, bindings: [...chain.bindings, binding] });
      }
    }
  }
  const asked = ways.get(name)?.bindings.length === 0 ? [{ root: name, bindings: [] }] : [];
  const needed = plugins
    .filter((plugin) => plugin.name === name)
    .flatMap(({ requiredBy }) => requiredBy)
    .flatMap((facet) => {
      if (facet === "deployment") return [];
      const way = ways.get(pluginOf(facet));
      const last = bindings.find(
        (binding) => binding.facet === facet && binding.providers.map(pluginOf).includes(name),
      );
      return way && last ? [{ ...way, bindings: [...way.bindings, last] }] : [];
    });
  return [...asked, ...needed];
}

/** The plugin of a facet, also of one that stands beside other versions. */
const pluginOf = (facet: FacetId): PluginName => /^@[^@#]+/.exec(facet)?.[0] as PluginName;
