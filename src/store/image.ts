import { bundleFiles } from "../bundle/format.ts";
import type { OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Candidate } from "../domain/lock.ts";
import { ANNOTATIONS, type Descriptor, type Image, MEDIA_TYPES, refName } from "./layout.ts";

/** A blob to be stored, and the descriptor that points at it. */
interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** An image to be stored: its index entry, and its blobs with the image's own manifest last. */
export interface NewImage {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Blob[];
}

/** What becomes known of a plugin only after it was built. */
export type PluginStatus = Pick<Candidate, "published" | "yanked">;

/**
 * A bundle as an OCI artifact: `plugin.json` as its config, so that it can be read alone, and the bundle as its
 * only layer. No time in it: equal bundles give equal images.
 */
export function pluginImage(bundle: OpenBundle, bytes: Buffer): NewImage {
  const { manifest, content } = bundle;
  const { name, version } = manifest;
  const annotations = { [ANNOTATIONS.title]: bundleFiles(manifest).packed, [ANNOTATIONS.content]: content };
  const config = blobOf(MEDIA_TYPES.manifest, Buffer.from(canonical(manifest)));
  const layer = blobOf(MEDIA_TYPES.bundle, bytes);
  return imageOf([config, layer], {
    image: {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.image,
      artifactType: MEDIA_TYPES.plugin,
      config: config.descriptor,
      layers: [{ ...layer.descriptor, annotations }],
      annotations: { [ANNOTATIONS.title]: name, [ANNOTATIONS.version]: version },
    },
    annotations: { [ANNOTATIONS.refName]: refName(name, version) },
  });
}

/** An envelope as an artifact that refers to its plugin's image. @see OCI Image Manifest v1.1.1, "subject" */
export function envelopeImage(envelope: string, subject: Descriptor, bundle: OpenBundle): NewImage {
  const title = `${bundleFiles(bundle.manifest).packed}.sigstore.json`;
  const layer = blobOf(MEDIA_TYPES.envelope, Buffer.from(envelope));
  const { mediaType, digest, size } = subject;
  return imageOf([EMPTY, layer], {
    image: {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.image,
      artifactType: MEDIA_TYPES.envelope,
      config: EMPTY.descriptor,
      layers: [{ ...layer.descriptor, annotations: { [ANNOTATIONS.title]: title } }],
      subject: { mediaType, digest, size },
    },
    annotations: { [ANNOTATIONS.title]: title },
  });
}

/** What is known of a plugin since it was published, as an artifact that refers to its image. */
export function statusImage(
  { published, yanked }: PluginStatus,
  { mediaType, digest, size }: Descriptor,
): NewImage {
  const annotations = {
    ...(published !== undefined && { [ANNOTATIONS.published]: published }),
    ...(yanked !== undefined && { [ANNOTATIONS.yanked]: yanked }),
  };
  return imageOf([EMPTY], {
    image: {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.image,
      artifactType: MEDIA_TYPES.status,
      config: EMPTY.descriptor,
      layers: [EMPTY.descriptor],
      subject: { mediaType, digest, size },
      annotations,
    },
    annotations,
  });
}

function imageOf(
  blobs: readonly Blob[],
  { image, annotations }: { readonly image: Image; readonly annotations: Descriptor["annotations"] & {} },
): NewImage {
  const manifest = blobOf(MEDIA_TYPES.image, Buffer.from(canonical(image)));
  const { artifactType } = image;
  return {
    descriptor: { ...manifest.descriptor, ...(artifactType !== undefined && { artifactType }), annotations },
    blobs: [...blobs, manifest],
  };
}

const blobOf = (mediaType: string, bytes: Uint8Array): Blob => ({
  descriptor: { mediaType, digest: sha256(bytes), size: bytes.length },
  bytes,
});

/** @see OCI Image Manifest v1.1.1, "Guidance for an Empty Descriptor" */
const EMPTY = blobOf(MEDIA_TYPES.empty, Buffer.from("{}"));
