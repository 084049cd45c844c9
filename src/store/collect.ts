import { join } from "node:path";

import { parseJson } from "../bundle/shape.ts";
import { type Digest, isDigest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { IMAGE_BYTES, isIndex } from "./layout.ts";
import { readBlob, readIndex } from "./read.ts";

/** Where the blobs of a store are. */
const blobFolder = (store: string): string => join(store, "blobs", "sha256");

/**
 * Files in a store that nothing needs: neither its index, through whatever images, nor the digests in `needed`. A
 * publisher that died leaves such files.
 *
 * @throws {TradsysError} what `readBlob` throws: nothing is garbage in a store that cannot be understood.
 */
export async function garbageIn(
  files: Files,
  store: string,
  needed: ReadonlySet<Digest>,
): Promise<readonly string[]> {
  const reached = new Set(needed);
  const index = await readIndex(files, store);
  for (const { digest } of index?.manifests ?? []) await mark(digest);
  const names = await files.list(blobFolder(store));
  return names
    .filter((name) => {
      const digest = `sha256:${name}`;
      return !isDigest(digest) || !reached.has(digest);
    })
    .map((name) => join(blobFolder(store), name));

  /** Whatever looks like a digest in an image counts as needed, so that no tool's images lose anything. */
  async function mark(digest: Digest): Promise<void> {
    reached.add(digest);
    const bytes = await readBlob(files, store, { digest, maxBytes: IMAGE_BYTES, what: "an image" });
    const image = parseJson(bytes.toString());
    for (const each of digestsIn(image)) reached.add(each);
    if (isIndex(image)) for (const { digest: next } of image.manifests) await mark(next);
  }
}

function digestsIn(value: unknown): readonly Digest[] {
  if (typeof value === "string") return isDigest(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(digestsIn) : [];
}

/** Works while nobody publishes to a store, so that no blob is removed which an index is about to name. */
export async function whileNobodyPublishes<T>(
  files: Files,
  store: string,
  work: () => Promise<T>,
): Promise<T> {
  await using _lock = await files.lock(publishLock(store));
  return await work();
}

/** Held while a store is changed. */
export const publishLock = (store: string): string => join(store, "publish.lock");
