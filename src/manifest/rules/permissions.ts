import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

/** Built-ins that can start other code, and so reach whatever the manifest does not grant. */
const UNBOUNDED = new Set([
  "child_process",
  "cluster",
  "inspector",
  "module",
  "vm",
  "wasi",
  "worker_threads",
]);

/** A plugin asks for no more than it needs. Nothing stops on this; a reviewer should know of it. */
export function checkPermissions({ permissions }: Manifest): Finding[] {
  const wide = (["net", "fs", "env"] as const).flatMap((kind) =>
    permissions[kind].flatMap((granted, i): Finding[] =>
      granted === "*" || (kind === "fs" && granted === "/")
        ? [broad(`/permissions/${kind}/${i}`, `\`${granted}\` in permissions.${kind} grants everything`)]
        : [],
    ),
  );
  const unbounded = permissions.builtins.flatMap((name, i): Finding[] =>
    UNBOUNDED.has(name.replace(/^node:/, ""))
      ? [broad(`/permissions/builtins/${i}`, `\`${name}\` lets the plugin start code without these limits`)]
      : [],
  );
  return [...wide, ...unbounded];
}

const broad = (pointer: string, message: string): Finding => ({
  code: "PERMISSION_BROAD",
  severity: "warning",
  pointer,
  message,
  hint: "Name what the plugin really reaches.",
});
