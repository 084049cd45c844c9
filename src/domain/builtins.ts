import { isBuiltin } from "node:module";

import type { Manifest } from "./manifest.ts";

/** Built-ins that compute: they reach no file, no network, no process and no other thread. */
const PURE = new Set(
  "assert assert/strict async_hooks buffer console constants crypto diagnostics_channel events path path/posix path/win32 perf_hooks punycode querystring stream stream/consumers stream/promises stream/web string_decoder timers timers/promises url util util/types zlib".split(
    " ",
  ),
);
const NETWORK = new Set("dgram dns dns/promises http http2 https net tls".split(" "));
const FILE_SYSTEM = new Set(["fs", "fs/promises"]);

/** True for a module that Node.js itself brings, with or without `node:`. */
export const isNodeBuiltin = (specifier: string): boolean => isBuiltin(specifier);

/**
 * Whether a plugin may have a Node.js built-in module. The build reports what is not allowed; the loader
 * refuses it.
 */
export function mayUseBuiltin(permissions: Manifest["permissions"], specifier: string): boolean {
  const name = specifier.replace(/^node:/, "");
  if (PURE.has(name)) return true;
  if (NETWORK.has(name) && permissions.net.length > 0) return true;
  if (FILE_SYSTEM.has(name) && permissions.fs.length > 0) return true;
  return permissions.builtins.some((granted) => granted.replace(/^node:/, "") === name);
}
