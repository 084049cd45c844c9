import { BUNDLE_LIMITS, type BundleLimits, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { readArchive } from "./archive.ts";
import { describeDifference, differencesIn, type FileDifference } from "./difference.ts";
import { gunzip } from "./gzip.ts";
import { parseBundleManifest } from "./manifest.ts";

/** Why bytes are not an intact bundle. */
type BundleFault =
  /** They do not have the form of a bundle. */
  | { readonly kind: "malformed"; readonly reason: string }
  /** They have, but files are not the ones that `plugin.json` lists. */
  | { readonly kind: "modified"; readonly differences: readonly FileDifference[] };

/** Reads a bundle from memory and checks all of it. Writes nothing, trusts no one: who made it is for signatures to tell. */
export function readBundle(
  bytes: Buffer,
  limits: BundleLimits = BUNDLE_LIMITS,
): Result<OpenBundle, BundleFault> {
  const tar = gunzip(bytes, limits);
  if (!tar.ok) return malformed(tar.error);
  const files = readArchive(tar.value, limits);
  if (!files.ok) return malformed(files.error);
  const manifest = parseBundleManifest(files.value.get(MANIFEST_FILE) ?? Buffer.of());
  if (!manifest.ok) return malformed(manifest.error);

  const differences = differencesIn(files.value, new Map(Object.entries(manifest.value.files)));
  if (differences.length > 0) return err({ kind: "modified", differences });
  return ok({
    manifest: manifest.value,
    files: files.value,
    content: sha256(tar.value),
    blob: sha256(bytes),
  });
}

/**
 * Reads a bundle that must be intact.
 *
 * @param options.file Name for messages.
 * @throws {TradsysError} `BUNDLE_INVALID`, or `BUNDLE_MODIFIED` naming each file that is missing, extra or changed.
 */
export function openBundle(
  bytes: Buffer,
  { file, limits }: { readonly file: string; readonly limits?: BundleLimits },
): OpenBundle {
  const bundle = readBundle(bytes, limits);
  if (bundle.ok) return bundle.value;
  const location = { file };
  if (bundle.error.kind === "malformed") {
    throw new TradsysError("BUNDLE_INVALID", `${file} is not a bundle: ${bundle.error.reason}`, { location });
  }
  const differences = bundle.error.differences.map(describeDifference).join("; ");
  throw new TradsysError("BUNDLE_MODIFIED", `${file} was changed after it was built: ${differences}`, {
    location,
    hint: "Take it again from where it was built; a bundle is never edited.",
  });
}

const malformed = (reason: string) => err({ kind: "malformed", reason } as const);
