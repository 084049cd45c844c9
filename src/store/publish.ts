import { ENVELOPE_BYTES } from "../bundle/format.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import { byText } from "../domain/by-text.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Files } from "../platform/files.ts";
import { publishLock } from "./collect.ts";
import { envelopeImage, type NewImage, pluginImage, statusImage } from "./image.ts";
import { blobPath, EMPTY_INDEX, type Index, indexPath, LAYOUT, layoutPath } from "./layout.ts";
import { readIndex, readPlugins } from "./read.ts";
import { refuseForgedRecord } from "./record.ts";

interface Publication {
  readonly bytes: Buffer;
  /** What `bytes` hold. */
  readonly bundle: OpenBundle;
  /** Envelope files, as text. */
  readonly envelopes: readonly string[];
  /** The day, UTC, `YYYY-MM-DD`; absent where nobody wants to know. One that is told stays. */
  readonly published?: string;
}

interface Published {
  /** False if the store held the bundle and all of the envelopes before. */
  readonly added: boolean;
  readonly candidate: Candidate;
}

/**
 * Adds a bundle and its envelopes to a store; makes the store where there is none. A version is never replaced:
 * only further envelopes may be added to it. Whether they are worth anything is for verification to tell.
 *
 * @throws {TradsysError} `VERSION_TAKEN` if the version exists with other content, `BUSY` while another publisher
 *   is at work, `ENVELOPE_INVALID` for one that is too large, `CANNOT_WRITE`, and what `readBlob` throws for a
 *   damaged store or `refuseForgedRecord` for a rewritten one.
 */
export async function publish(
  files: Files,
  root: string,
  { bytes, bundle, envelopes, published }: Publication,
): Promise<Published> {
  const { name, version } = bundle.manifest;
  if (envelopes.some((envelope) => Buffer.byteLength(envelope) > ENVELOPE_BYTES)) {
    const message = `${name}@${version}: an envelope is larger than ${ENVELOPE_BYTES} bytes`;
    throw new TradsysError("ENVELOPE_INVALID", message);
  }

  await using _lock = await files.lock(publishLock(root));
  const index = (await readIndex(files, root)) ?? EMPTY_INDEX;
  const plugins = await readPlugins(files, root, index);
  const stored = plugins.find(
    ({ candidate: { manifest } }) => manifest.name === name && manifest.version === version,
  );
  if (stored && stored.candidate.content !== bundle.content) {
    const message = `${name}@${version} is in the store with other content, ${stored.candidate.content}`;
    throw new TradsysError("VERSION_TAKEN", message, { hint: "Publish the change under a new version." });
  }
  if (stored) refuseForgedRecord(stored.candidate, bundle);

  const image = pluginImage(bundle, bytes);
  // Content that another zlib compressed is the same bundle: the stored one stays, and further envelopes refer to it.
  const subject = stored?.descriptor ?? image.descriptor;
  const referrers = envelopes.map((envelope) => envelopeImage(envelope, subject, bundle));
  const isDated = published === undefined || stored?.candidate.published !== undefined;
  const status = isDated ? [] : [statusImage({ ...stored?.candidate, published }, subject)];
  const added = await writeImages(files, root, {
    index,
    images: [...(subject.digest === image.descriptor.digest ? [image] : []), ...referrers, ...status],
    instead: status.length > 0 ? stored?.statuses : [],
  });

  const { content, blob, manifest } = bundle;
  const fresh = { manifest, content, blob, size: bytes.length, envelopes: [] };
  const held = { ...(stored?.candidate ?? fresh), ...(isDated ? {} : { published }) };
  const digests = new Set([...held.envelopes, ...envelopes.map(sha256)]);
  return { added, candidate: { ...held, envelopes: [...digests].toSorted() } };
}

interface ImageWriting {
  readonly index: Index;
  readonly images: readonly NewImage[];
  /** Digests of the images that these replace. */
  readonly instead?: readonly Digest[] | undefined;
}

/**
 * Writes blobs first and the index last: a publisher that dies leaves blobs that nothing refers to, never an index
 * that refers to nothing. Blobs are written even where the store has them, which mends a damaged one.
 *
 * @returns False if the index held just that.
 */
export async function writeImages(
  files: Files,
  root: string,
  { index, images, instead = [] }: ImageWriting,
): Promise<boolean> {
  for (const { descriptor, bytes } of images.flatMap(({ blobs }) => blobs)) {
    await files.write(blobPath(root, descriptor.digest), bytes);
  }
  const before = new Set(index.manifests.map(({ digest }) => digest));
  const kept = index.manifests.filter(({ digest }) => !instead.includes(digest));
  const entries = new Map(
    [...images.map(({ descriptor }) => descriptor), ...kept].map((entry) => [entry.digest, entry]),
  );
  if (before.symmetricDifference(new Set(entries.keys())).size === 0) return false;
  const manifests = [...entries.values()].toSorted((a, b) => byText(a.digest, b.digest));
  await files.write(layoutPath(root), canonical(LAYOUT));
  await files.write(indexPath(root), canonical({ ...index, manifests }));
  return true;
}
