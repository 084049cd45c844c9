import { gzipSync } from "node:zlib";

import { Header } from "tar";

import { bundleFiles } from "../bundle/format.ts";
import { GZIP_HEADER } from "../bundle/gzip.ts";
import { openBundle } from "../bundle/open.ts";
import { type BundleManifest, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";

const BLOCK = 512;

/** A bundle just built: its bytes, and what every reader will find in them. */
interface PackedBundle extends OpenBundle {
  readonly bytes: Buffer;
}

/**
 * Packs a bundle and opens it again, so that nothing leaves the build that a reader would refuse. Equal input
 * gives an equal archive on every machine; the compressed bytes may differ between builds of zlib, which is why
 * the content digest is the identity.
 *
 * @param files Every file but `plugin.json`, by its path in the bundle.
 * @throws {TradsysError} `BUNDLE_INVALID`: a file name, a manifest or a size that bundles may not have.
 */
export function packBundle(
  manifest: Omit<BundleManifest, "files">,
  files: ReadonlyMap<string, Uint8Array>,
): PackedBundle {
  const sorted = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const listed = sorted.map(([name, bytes]) => [name, { size: bytes.length, sha256: sha256(bytes) }]);
  const manifestText = canonical({ ...manifest, files: Object.fromEntries(listed) });
  const entries = [[MANIFEST_FILE, Buffer.from(manifestText)] as const, ...sorted];
  const tar = Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(2 * BLOCK)]);

  const bytes = gzipSync(tar, { level: 6 });
  // zlib writes the system it was built for.
  GZIP_HEADER.copy(bytes);
  return { bytes, ...openBundle(bytes, { file: bundleFiles(manifest).packed }) };
}

function tarEntry([path, body]: readonly [string, Uint8Array]): Uint8Array[] {
  const header = new Header({
    path,
    type: "File",
    size: body.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    mtime: new Date(0),
  });
  const block = Buffer.alloc(BLOCK);
  header.encode(block);
  return [block, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
}
