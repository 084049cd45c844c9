import type SemVer from "semver/classes/semver.js";

/** Versions that `^` takes to be compatible: of one major, below 1 of one minor, below 0.1 of one patch. */
export function compatibilityOf(version: SemVer | undefined): string {
  if (!version) return "";
  const { major, minor, patch } = version;
  if (major > 0) return String(major);
  return minor > 0 ? `0.${minor}` : `0.0.${patch}`;
}
