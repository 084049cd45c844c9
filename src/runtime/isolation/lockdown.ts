import { mayUseBuiltin } from "../../domain/builtins.ts";
import type { Manifest } from "../../domain/manifest.ts";

/**
 * Members of `process` that reach past the permission model: other processes, the engine's internals, and the
 * handles that are open already.
 */
const FORBIDDEN = [
  "_debugEnd",
  "_debugProcess",
  "_getActiveHandles",
  "_getActiveRequests",
  "_kill",
  "_linkedBinding",
  "binding",
  "dlopen",
  "execve",
  "kill",
  "report",
];

/** Globals that talk to the network, which has no permission of its own in Node 24. */
const NETWORK_GLOBALS = ["EventSource", "WebSocket", "fetch"];

/**
 * Takes from the global scope of this thread what the plugin's manifest does not grant and Node's permission model
 * leaves open. Comes before any of the plugin's code, and cannot be undone by it.
 */
export function lockDown({ name, permissions }: Pick<Manifest, "name" | "permissions">): void {
  const getBuiltinModule = process.getBuiltinModule.bind(process);
  fix(process, "getBuiltinModule", (id: string) =>
    mayUseBuiltin(permissions, id) ? getBuiltinModule(id) : undefined,
  );
  for (const member of FORBIDDEN) {
    fix(process, member, () => {
      throw Object.assign(new Error(`${name} may not use process.${member}`), { code: "REQUIRE_DENIED" });
    });
  }
  if (permissions.net.length > 0) return;
  for (const member of NETWORK_GLOBALS) fix(globalThis, member, undefined);
}

function fix(owner: object, key: string, value: unknown): void {
  // Some globals are loaded when they are first touched, by a definition too: `WebSocket` takes 20 ms.
  Reflect.deleteProperty(owner, key);
  Object.defineProperty(owner, key, { value, writable: false, configurable: false });
}
