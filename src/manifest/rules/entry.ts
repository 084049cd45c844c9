import { posix } from "node:path";

import type { Manifest } from "../../domain/manifest.ts";
import type { Finding } from "../document.ts";

/** The entry stays inside the plugin's folder. Whether it exists is for the build to say. */
export function checkEntry(manifest: Manifest): Finding[] {
  const entry = posix.normalize(manifest.entry);
  if (!entry.startsWith("..") && !posix.isAbsolute(entry) && !entry.includes("\\")) return [];
  return [
    {
      code: "FIELD_VALUE",
      severity: "error",
      pointer: "/entry",
      message: `\`${manifest.entry}\` leads out of the plugin's folder`,
      hint: "Name a source file below plugin.yaml, for example `src/index.ts`.",
    },
  ];
}
