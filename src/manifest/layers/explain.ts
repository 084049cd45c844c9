import type { Json } from "../../domain/canonical.ts";
import type { Location } from "../../domain/diagnostic.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { valueAt, escapePointer } from "../document.ts";
import { isConfig, mergeConfig, type Config } from "./merge.ts";
import { placeIn, type PluginScopes, type Scope } from "./scope.ts";

/** One level's say about a value. */
export interface Statement {
  /** `default`, or the name of the scope. */
  readonly level: string;
  readonly value: Json;
  readonly location: Location;
}

/**
 * Every statement about a value, the one that counts last. Objects merge member by member, everything else is
 * replaced; for an object the statements are those of its parts.
 *
 * @param path Member names below the plugin's configuration, or `settings` and one setting.
 */
export function explainValue(
  scopes: PluginScopes,
  scope: Scope,
  path: readonly string[],
): readonly Statement[] {
  const [head] = path;
  const pointer = path.map((name) => `/${escapePointer(name)}`).join("");
  const area = head === "settings" ? "" : "/config";
  const stated = [...scope.around, scope].flatMap((level): Statement[] => {
    if (area === "/config" && !declares(scopes, level, head)) return [];
    const value = valueAt(level.layer, `${area}${pointer}`) as Json | undefined;
    return value === undefined
      ? []
      : [{ level: level.name, value, location: level.place(`${area}${pointer}`) }];
  });
  return [...defaults(scopes, path, pointer), ...stated];
}

function defaults(
  { manifest }: PluginScopes,
  [head, setting]: readonly string[],
  pointer: string,
): readonly Statement[] {
  const at = head === "settings" ? (SETTING_DEFAULTS[setting ?? ""] ?? "") : `/config/defaults${pointer}`;
  const value = at === "" ? undefined : (valueAt(manifest.value, at) as Json | undefined);
  if (value === undefined) return [];
  return [{ level: "default", value, location: placeIn(manifest, at) }];
}

/** Settings that a plugin's manifest has a say in. */
const SETTING_DEFAULTS: Readonly<Record<string, string>> = {
  startTimeoutMs: "/resources/startTimeoutMs",
  memoryBudgetMiB: "/resources/memoryMiB",
};

/** Wider scopes speak to many plugins; a plugin hears only what its own schema knows. */
function declares({ manifest }: PluginScopes, { kind }: Scope, name: string | undefined): boolean {
  if (kind === "plugin" || kind === "instance") return true;
  return name !== undefined && hasField(manifest.value, name);
}

/** Whether a plugin's own schema knows a field of its configuration. */
export function hasField({ config: { schema } }: Pick<Manifest, "config">, name: string): boolean {
  const { properties } = schema;
  return isConfig(properties) && Object.hasOwn(properties, name);
}

/** All overrides of a plugin's defaults, merged from the widest scope to the narrowest. */
export const inheritedConfig = (scopes: PluginScopes, scope: Scope): Config =>
  [...scope.around, scope].reduce<Config>((merged, level) => {
    const heard = Object.entries(level.layer.config ?? {}).filter(([name]) => declares(scopes, level, name));
    return mergeConfig(merged, Object.fromEntries(heard));
  }, {});
