import type { OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import { labelOf } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";

/**
 * Holds a store's record of a bundle to the bundle. Sets are resolved and planned from such records, each a copy of a
 * `plugin.json` that lies beside its bundle, and no signature covers those.
 *
 * @throws {TradsysError} `BLOB_DIGEST_MISMATCH` naming the plugin whose record is another.
 */
export function refuseForgedRecord(
  record: Candidate | undefined,
  { manifest }: Pick<OpenBundle, "manifest">,
): void {
  const expected = sha256(canonical(manifest));
  const found = sha256(canonical(record?.manifest ?? null));
  if (found === expected) return;
  const label = labelOf(manifest);
  throw new TradsysError(
    "BLOB_DIGEST_MISMATCH",
    `${label}: the store's record is not the plugin.json of its bundle: expected ${expected}, found ${found}`,
    { hint: "Somebody rewrote the store: find out who could, and restore it from a copy." },
  );
}
