import { Header } from "tar";

import { bundleFiles } from "../bundle/format.ts";
import { openBundle } from "../bundle/open.ts";
import { type BundleManifest, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { compress } from "./compress.ts";

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
export async function packBundle(
  manifest: Omit<BundleManifest, "files">,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<PackedBundle> {
  const bytes = await compress(bundleArchive(manifest, files));
  return { bytes, ...openBundle(bytes, { file: bundleFiles(manifest).packed }) };
}

/** The uncompressed archive of a bundle. */
export function bundleArchive(
  manifest: Omit<BundleManifest, "files">,
  files: ReadonlyMap<string, Uint8Array>,
): Buffer {
  const listed = inOrder(files).map(([name, bytes]) => [name, { size: bytes.length, sha256: sha256(bytes) }]);
  return archive(canonical({ ...manifest, files: Object.fromEntries(listed) }), files);
}

/** An archive in the one form that bundles have: the manifest first, then the other files in byte order. */
export function archive(manifest: string, files: ReadonlyMap<string, Uint8Array>): Buffer {
  const entries = [[MANIFEST_FILE, Buffer.from(manifest)] as const, ...inOrder(files)];
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

const inOrder = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));

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
