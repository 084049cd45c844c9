import { byText } from "../../domain/by-text.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Target } from "../../domain/manifest.ts";

interface Linked {
  readonly name: PluginName;
  readonly provides: readonly Target[];
  readonly requires: readonly Target[];
}

/**
 * Providers before those that need them, by name where nothing else decides. Plugins may need each other in a circle,
 * of which the first by name is then the last: it is their facets that start without one.
 */
export function inDependencyOrder<T extends Linked>(plugins: readonly T[]): T[] {
  const byName = plugins.toSorted((a, b) => byText(a.name, b.name));
  const ordered = new Set<T>();
  const entered = new Set<T>();
  const visit = (plugin: T): void => {
    if (entered.has(plugin)) return;
    entered.add(plugin);
    for (const other of byName) {
      if (other.provides.some((target) => plugin.requires.includes(target))) visit(other);
    }
    ordered.add(plugin);
  };
  byName.forEach(visit);
  return [...ordered];
}
