import type { Manifest } from "../domain/manifest.ts";

/** What reaches the network without any import. */
const GLOBALS = ["fetch", "WebSocket", "EventSource"];
const OWNERS = ["", "globalThis.", "global."];
const SUFFIX = "_needs_permissions_net";

/**
 * Names to replace in a plugin that may reach no host. Its code finds these globals as little as the loader's
 * `require` finds `node:net`: `typeof fetch` is `"undefined"`, and a call throws a ReferenceError that says why.
 * Not for safety, which is the host's matter, but so that what is missing in the manifest shows at the build.
 */
export const unavailableGlobals = ({ permissions }: Manifest): Record<string, string> =>
  permissions.net.length > 0
    ? {}
    : Object.fromEntries(
        OWNERS.flatMap((owner) => GLOBALS.map((name) => [`${owner}${name}`, `${name}${SUFFIX}`])),
      );

/** Where compiled code uses what `unavailableGlobals` took away. */
export const usesOfGlobals = (code: string) =>
  [...code.matchAll(new RegExp(String.raw`\b(${GLOBALS.join("|")})${SUFFIX}\b`, "g"))].map(
    ({ index, 1: name = "" }) => ({ index, name }),
  );
