import valid from "semver/functions/valid.js";

import type { Manifest } from "../../domain/manifest.ts";
import type { PlatformConfig } from "../../domain/platform.ts";
import { escapePointer, type Finding } from "../document.ts";

/** The plugin's own version and those of the ports it provides are exact semantic versions (SemVer 2.0.0). */
export function checkVersions(manifest: Manifest): Finding[] {
  const ports = Object.entries(manifest.facets).flatMap(([facet, { provides }]) =>
    Object.entries(provides).map(([port, version]) => ({
      version,
      pointer: `/facets/${escapePointer(facet)}/provides/${escapePointer(port)}`,
    })),
  );
  return inexact([{ version: manifest.version, pointer: "/version" }, ...ports]);
}

/** So are those of the ports that a host provides. */
export const checkHostPorts = ({ ports = {} }: PlatformConfig): Finding[] =>
  inexact(
    Object.entries(ports).map(([port, version]) => ({ version, pointer: `/ports/${escapePointer(port)}` })),
  );

const inexact = (versions: readonly { readonly version: string; readonly pointer: string }[]): Finding[] =>
  versions
    .filter(({ version }) => valid(version) !== version.replace(/\+.*$/, ""))
    .map(({ version, pointer }) => ({
      code: "VERSION_INVALID",
      severity: "error",
      pointer,
      message: `\`${version}\` is not an exact semantic version`,
      hint: "Write major.minor.patch, for example `1.4.0`, without a leading `v`.",
    }));
