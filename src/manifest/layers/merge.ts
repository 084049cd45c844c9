import type { Json } from "../../domain/canonical.ts";

/** Configuration of a plugin, or a part of it. */
export type Config = { readonly [key: string]: Json };

/** Objects merge member by member; everything else, lists too, is replaced. */
export function mergeConfig(base: Config, over: Config): Config {
  const overrides = Object.entries(over).map(([key, value]) => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isConfig(below) && isConfig(value) ? mergeConfig(below, value) : value] as const;
  });
  return Object.fromEntries([...Object.entries(base), ...overrides]);
}

export const isConfig = (value: Json | undefined): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);
