import { Header } from "tar";

import { bundleFiles } from "../bundle/format.ts";
import { openBundle } from "../bundle/open.ts";
import { type BundleManifest, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { byText } from "../domain/by-text.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";
import { gzipOf, partOf, type Part } from "./compress.ts";

const BLOCK = 512;
/** What stands at the end of an archive. */
const END = Buffer.alloc(2 * BLOCK);

/** A bundle just built: its bytes, and what every reader will find in them. */
interface PackedBundle extends OpenBundle {
  readonly bytes: Buffer;
}

/** A file as it stands in an archive, with its header and padding. */
interface Entry {
  readonly name: string;
  readonly size: number;
  readonly sha256: Digest;
  readonly bytes: Buffer;
}

/** A file on whose compression work has begun. */
type BegunEntry = Entry & { readonly part: Part };

type UnlistedManifest = Omit<BundleManifest, "files">;

/**
 * Packs a bundle and opens it again, so that nothing leaves the build that a reader would refuse. Equal input
 * gives an equal archive on every machine; the compressed bytes may differ between builds of zlib, which is why
 * the content digest is the identity.
 *
 * @param files Every file but `plugin.json`, by its path in the bundle.
 * @param begun Files that `beginEntry` was called for.
 * @throws {TradsysError} `BUNDLE_INVALID`: a file name, a manifest or a size that bundles may not have.
 */
export async function packBundle(
  manifest: UnlistedManifest,
  files: ReadonlyMap<string, Uint8Array>,
  begun: readonly BegunEntry[] = [],
): Promise<PackedBundle> {
  const entries = inOrder([...begun, ...[...files].map(([name, body]) => beginEntry(name, body))]);
  const head = manifestEntry(listing(manifest, entries));
  const bytes = await gzipOf([partOf(head), ...entries.map(({ part }) => part), partOf(END)]);
  return { bytes, ...openBundle(bytes, { file: bundleFiles(manifest).packed }) };
}

/** Begins to compress a file before all that belongs to its bundle is known. */
export function beginEntry(name: string, body: Uint8Array): BegunEntry {
  const entry = entryOf(name, body);
  return { ...entry, part: partOf(entry.bytes) };
}

/** The uncompressed archive of a bundle. */
export function bundleArchive(manifest: UnlistedManifest, files: ReadonlyMap<string, Uint8Array>): Buffer {
  const entries = entriesOf(files);
  return archiveOf(listing(manifest, entries), entries);
}

/** Packs files behind a manifest that does not list them. */
export function packBehind(manifest: string, files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  return gzipOf([partOf(archiveOf(manifest, entriesOf(files)))]);
}

const listing = (manifest: UnlistedManifest, entries: readonly Entry[]): string =>
  canonical({
    ...manifest,
    files: Object.fromEntries(
      entries.map(({ name, size, sha256: digest }) => [name, { size, sha256: digest }]),
    ),
  });

/** An archive in the one form that bundles have: the manifest first, then the other files in byte order. */
const archiveOf = (manifest: string, entries: readonly Entry[]): Buffer =>
  Buffer.concat([manifestEntry(manifest), ...entries.map(({ bytes }) => bytes), END]);

const entriesOf = (files: ReadonlyMap<string, Uint8Array>): Entry[] =>
  inOrder([...files].map(([name, body]) => entryOf(name, body)));

const manifestEntry = (manifest: string): Buffer => entryOf(MANIFEST_FILE, Buffer.from(manifest)).bytes;

const inOrder = <E extends Entry>(entries: readonly E[]): E[] =>
  entries.toSorted((a, b) => byText(a.name, b.name));

function entryOf(name: string, body: Uint8Array): Entry {
  const header = new Header({
    path: name,
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
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return { name, size: body.length, sha256: sha256(body), bytes: Buffer.concat([block, body, padding]) };
}
