import { isNodeBuiltin, mayUseBuiltin } from "../../domain/builtins.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Timers } from "./plugin-timers.ts";

/** Packages that the host hands to plugins which list them in `hostProvided`, by specifier. */
export type HostModules = Readonly<Record<string, unknown>>;

/**
 * The only `require` a plugin has: built-ins that its permissions grant and packages that it declares as
 * host-provided. Anything else is not found, with the error that packages expect of an optional import.
 */
export function pluginRequire(
  manifest: Manifest,
  { hostModules, timers }: { readonly hostModules: HostModules; readonly timers: Timers },
): (specifier: string) => unknown {
  const granted = new Set(manifest.hostProvided);
  return (specifier) => {
    if (isNodeBuiltin(specifier)) {
      if (mayUseBuiltin(manifest.permissions, specifier)) {
        const builtin = process.getBuiltinModule(specifier);
        return builtin === process.getBuiltinModule("timers") ? { ...builtin, ...timers } : builtin;
      }
      throw coded(
        "REQUIRE_DENIED",
        `${manifest.name} may not use the built-in module ${specifier}: nothing under permissions in its manifest grants it`,
      );
    }
    if (granted.has(specifier) && Object.hasOwn(hostModules, specifier)) return hostModules[specifier];
    throw coded("MODULE_NOT_FOUND", `Cannot find module '${specifier}': it is not part of ${manifest.name}`);
  };
}

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });
