import { isSameJson, type Json } from "../../domain/canonical.ts";
import type { ConfigChange } from "../../plugin/define.ts";

type Config = { readonly [key: string]: Json };

/** What differs between two configurations, in the order of the pointers. Lists are replaced as wholes, as layers do it. */
export function configChanges(before: Config, after: Config, above = ""): readonly ConfigChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name): readonly ConfigChange[] => {
    const pointer = `${above}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const [old, next] = [valueOf(before, name), valueOf(after, name)];
    if (isObject(old) && isObject(next)) return configChanges(old, next, pointer);
    if (old !== undefined && next !== undefined && isSameJson(old, next)) return [];
    return [
      { pointer, ...(old !== undefined && { before: old }), ...(next !== undefined && { after: next }) },
    ];
  });
}

const valueOf = (config: Config, name: string): Json | undefined =>
  Object.hasOwn(config, name) ? config[name] : undefined;

const isObject = (value: Json | undefined): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);
