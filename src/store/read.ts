import { ENVELOPE_BYTES, MANIFEST_BYTES } from "../bundle/format.ts";
import { parseBundleManifest } from "../bundle/manifest.ts";
import { parseJson } from "../bundle/shape.ts";
import { byText } from "../domain/by-text.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError, isCode } from "../domain/errors.ts";
import { type Digest, isDigest, type PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Files } from "../platform/files.ts";
import type { PluginStatus } from "./image.ts";
import {
  ANNOTATIONS,
  blobPath,
  type Descriptor,
  type Image,
  IMAGE_BYTES,
  type Index,
  INDEX_BYTES,
  indexPath,
  isImage,
  isIndex,
  isLayout,
  layoutPath,
  MEDIA_TYPES,
} from "./layout.ts";

interface BlobRequest {
  readonly digest: Digest;
  /** Largest size to accept, in bytes; checked before anything is read. */
  readonly maxBytes: number;
  /** What the blob is, for messages: plugin, version and file. */
  readonly what: string;
}

/**
 * Reads one blob and proves that it is the one that was asked for.
 *
 * @param root Store directory, in OCI image layout.
 * @throws {TradsysError} `BLOB_MISSING`, `BLOB_TOO_LARGE` or `BLOB_DIGEST_MISMATCH`.
 * @see OCI Image Layout v1.1.1, "Blobs": `blobs/<alg>/<encoded>`.
 */
export async function readBlob(
  files: Files,
  root: string,
  { digest, maxBytes, what }: BlobRequest,
): Promise<Buffer> {
  const location = { file: blobPath(root, digest) };
  const bytes = await files.read(location.file, maxBytes).catch((cause: unknown) => {
    if (isCode(cause, "FILE_MISSING")) {
      const message = `${what}: the store does not hold ${digest}`;
      throw new TradsysError("BLOB_MISSING", message, { cause, location, hint: REPAIR });
    }
    if (isCode(cause, "FILE_TOO_LARGE")) {
      const message = `${what}: ${digest} is larger than ${maxBytes} bytes`;
      throw new TradsysError("BLOB_TOO_LARGE", message, { cause, location });
    }
    throw cause;
  });
  const found = sha256(bytes);
  if (found !== digest) {
    const message = `${what}: the store is damaged: expected ${digest}, found ${found}`;
    throw new TradsysError("BLOB_DIGEST_MISMATCH", message, { location, hint: REPAIR });
  }
  return bytes;
}

const REPAIR = "Publish the same bundle again, or restore the store from a copy.";

/** The envelopes of a plugin version, in digest order. @throws {TradsysError} as `readBlob` does. */
export function readEnvelopes(
  files: Files,
  root: string,
  plugin: { readonly name: PluginName; readonly version: string; readonly envelopes: readonly Digest[] },
): Promise<string[]> {
  const what = `an envelope of ${plugin.name}@${plugin.version}`;
  return Array.fromAsync(plugin.envelopes.toSorted(), async (digest) => {
    const bytes = await readBlob(files, root, { digest, maxBytes: ENVELOPE_BYTES, what });
    return bytes.toString();
  });
}

/**
 * Every plugin version that the store holds, by name and then by version as text.
 *
 * @throws {TradsysError} `STORE_INVALID` where the folder is not a store, and all that `readBlob` throws.
 */
export async function listCandidates(files: Files, root: string): Promise<Candidate[]> {
  const index = await readIndex(files, root);
  if (!index) throw invalid(root, "it has no index.json");
  const plugins = await readPlugins(files, root, index);
  return plugins.map(({ candidate }) => candidate);
}

/** `index.json`; `undefined` where there is none yet. @throws {TradsysError} `STORE_INVALID` */
export async function readIndex(files: Files, root: string): Promise<Index | undefined> {
  const bytes = await files.read(indexPath(root), INDEX_BYTES).catch((error: unknown) => {
    if (isCode(error, "FILE_MISSING")) return undefined;
    throw error;
  });
  if (!bytes) return undefined;
  const layout = await files.read(layoutPath(root), INDEX_BYTES);
  if (!isLayout(parseJson(layout.toString()))) throw invalid(root, "its oci-layout is not of version 1.0.0");
  const index = parseJson(bytes.toString());
  if (!isIndex(index)) throw invalid(root, "its index.json is not an OCI image index");
  return index;
}

/** A plugin version in a store, the descriptor that its referrers name, and those that tell its status. */
interface StoredPlugin {
  readonly descriptor: Descriptor;
  readonly candidate: Candidate;
  readonly statuses: readonly Digest[];
}

interface StoredImage {
  readonly descriptor: Descriptor;
  readonly image: Image;
}

/**
 * The plugin versions of an index. What an image is and what it refers to is read from the image itself: other
 * tools rewrite the index, and not all of them keep what stood beside a digest.
 */
export async function readPlugins(files: Files, root: string, index: Index): Promise<StoredPlugin[]> {
  // One after the other: a store may hold more images than a process may open files.
  const images = await Array.fromAsync(
    index.manifests.filter(({ mediaType }) => mediaType === MEDIA_TYPES.image),
    (descriptor) => readImage(files, root, descriptor),
  );
  const envelopes = envelopesBySubject(images);
  const statuses = Map.groupBy(
    images.filter(({ image }) => image.artifactType === MEDIA_TYPES.status),
    ({ image }) => image.subject?.digest,
  );
  const plugins = await Array.fromAsync(
    images.filter(({ image }) => image.artifactType === MEDIA_TYPES.plugin),
    async (stored): Promise<StoredPlugin> => {
      const candidate = await readCandidate(files, root, stored);
      const { descriptor } = stored;
      const digests = envelopes.get(descriptor.digest) ?? [];
      const told = statuses.get(descriptor.digest) ?? [];
      return {
        descriptor,
        candidate: { ...candidate, envelopes: digests, ...statusOf(told) },
        statuses: told.map((each) => each.descriptor.digest),
      };
    },
  );

  const byIdentity = Map.groupBy(plugins, ({ candidate }) => identityOf(candidate));
  return [...byIdentity]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([identity, [plugin, ...others]]) => {
      if (!plugin || others.length > 0) throw invalid(root, `it holds more than one bundle of ${identity}`);
      return plugin;
    });
}

async function readImage(files: Files, root: string, descriptor: Descriptor): Promise<StoredImage> {
  const what = labelOf(descriptor);
  const bytes = await readBlob(files, root, { digest: descriptor.digest, maxBytes: IMAGE_BYTES, what });
  const image = parseJson(bytes.toString());
  if (!isImage(image)) throw invalid(root, `${what} is not an OCI image manifest`);
  return { descriptor, image };
}

async function readCandidate(
  files: Files,
  root: string,
  { descriptor, image }: StoredImage,
): Promise<Omit<Candidate, "envelopes">> {
  const what = labelOf(descriptor);
  const [layer, ...others] = image.layers;
  const content = layer?.annotations?.[ANNOTATIONS.content] ?? "";
  if (layer?.mediaType !== MEDIA_TYPES.bundle || others.length > 0 || !isDigest(content)) {
    throw invalid(root, `${what} does not hold exactly one bundle`);
  }
  const config = { digest: image.config.digest, maxBytes: MANIFEST_BYTES, what: `${what}: plugin.json` };
  const manifest = parseBundleManifest(await readBlob(files, root, config));
  if (!manifest.ok) throw invalid(root, `${what}: ${manifest.error}`);
  return { manifest: manifest.value, content, blob: layer.digest, size: layer.size };
}

/** Envelope digests by the digest of the image they are about, sorted. */
function envelopesBySubject(images: readonly StoredImage[]): ReadonlyMap<Digest, readonly Digest[]> {
  const found = images.flatMap(({ image: { artifactType, subject, layers } }) =>
    artifactType === MEDIA_TYPES.envelope && subject
      ? layers.map(({ digest }) => ({ subject: subject.digest, digest }))
      : [],
  );
  const bySubject = Map.groupBy(found, ({ subject }) => subject);
  return new Map(
    [...bySubject].map(([subject, entries]) => [
      subject,
      [...new Set(entries.map(({ digest }) => digest))].toSorted(),
    ]),
  );
}

/** What is told of a plugin, by whichever tools: the day on which it was there first, and whether anybody took it back. */
function statusOf(told: readonly StoredImage[]): PluginStatus {
  const valuesOf = (name: string): readonly string[] =>
    told.flatMap(({ image }) => image.annotations?.[name] ?? []).toSorted();
  const [[published], [yanked]] = [valuesOf(ANNOTATIONS.published), valuesOf(ANNOTATIONS.yanked)];
  return { ...(published !== undefined && { published }), ...(yanked !== undefined && { yanked }) };
}

/** A space sorts before all that names and versions hold, so this orders by name, then by version. */
const identityOf = ({ manifest }: Pick<Candidate, "manifest">): string =>
  `${manifest.name} ${manifest.version}`;

/** What to call an image before its manifest is read. */
const labelOf = ({ annotations, digest }: Descriptor): string =>
  annotations?.[ANNOTATIONS.refName] ?? annotations?.[ANNOTATIONS.title] ?? digest;

const invalid = (root: string, reason: string): TradsysError =>
  new TradsysError("STORE_INVALID", `${root} is not a usable store: ${reason}`, { location: { file: root } });
