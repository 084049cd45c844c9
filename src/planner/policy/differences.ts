import { isSameJson } from "../../domain/canonical.ts";
import { type PluginName, pluginOf } from "../../domain/ids.ts";
import type { Generation, GenerationFacet, GenerationPlugin } from "../../domain/plan.ts";

/** A plugin as a generation runs it: every version of it, and every facet. */
interface Member {
  readonly versions: readonly GenerationPlugin[];
  readonly facets: ReadonlyMap<string, GenerationFacet>;
}

/** A plugin that two generations do not run alike. */
export interface Difference {
  readonly plugin: PluginName;
  /** What the next generation has of it; none where it goes. */
  readonly versions: readonly GenerationPlugin[];
  /** Nothing but its code differs: it is configured and bound as before. */
  readonly isOnlyCode: boolean;
}

/** In name order. A plugin differs also where it is only configured, isolated or bound in another way. */
export function differencesOf(base: Generation | null, next: Generation): readonly Difference[] {
  const [before, after] = [membersOf(base), membersOf(next)];
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((plugin): Difference[] => {
    const [old, young] = [before.get(plugin), after.get(plugin)];
    const versions = young?.versions ?? [];
    if (!old || !young) return [{ plugin, versions, isOnlyCode: old === undefined }];
    const isOnlyCode = isSameJson(given(old), given(young)) && isBoundAlike(old.facets, young.facets);
    const isSame = isOnlyCode && contents(old) === contents(young);
    return isSame ? [] : [{ plugin, versions, isOnlyCode }];
  });
}

function membersOf(generation: Generation | null): ReadonlyMap<PluginName, Member> {
  const members = new Map<
    PluginName,
    { versions: GenerationPlugin[]; facets: Map<string, GenerationFacet> }
  >();
  for (const plugin of generation?.plugins ?? []) {
    const member = members.get(plugin.name);
    if (member) member.versions.push(plugin);
    else members.set(plugin.name, { versions: [plugin], facets: new Map() });
  }
  for (const facet of generation?.facets ?? []) members.get(pluginOf(facet.id))?.facets.set(facet.id, facet);
  return members;
}

const contents = ({ versions }: Member): string => versions.map(({ content }) => content).join(" ");

const given = ({ versions }: Member): readonly object[] =>
  versions.map(({ config, isolation, idleUnloadMs }) => ({ config, isolation, idleUnloadMs }));

function isBoundAlike(before: Member["facets"], after: Member["facets"]): boolean {
  if (before.size !== after.size) return false;
  return after.values().every(({ id, after: needed, ports }) => {
    const old = before.get(id);
    const names = Object.keys(ports);
    return (
      old !== undefined &&
      isSameList(old.after, needed) &&
      names.length === Object.keys(old.ports).length &&
      names.every((port) => isSameList(old.ports[port] ?? [], ports[port] ?? []))
    );
  });
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i]);
