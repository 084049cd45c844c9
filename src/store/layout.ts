import { join } from "node:path";

import { ENVELOPE_MEDIA_TYPE } from "../bundle/format.ts";
import {
  atLeast,
  count,
  type Guard,
  listOf,
  oneOf,
  optional,
  recordOf,
  text,
  textThat,
} from "../bundle/shape.ts";
import { type Digest, isDigest, type PluginName } from "../domain/ids.ts";

/** @see OCI Image Manifest v1.1.1 and OCI Image Index v1.1.1. */
export const MEDIA_TYPES = {
  index: "application/vnd.oci.image.index.v1+json",
  image: "application/vnd.oci.image.manifest.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  plugin: "application/vnd.tradsys.plugin.v1",
  manifest: "application/vnd.tradsys.plugin.manifest.v1+json",
  bundle: "application/vnd.tradsys.plugin.bundle.v1.tar+gzip",
  envelope: ENVELOPE_MEDIA_TYPE,
  status: "application/vnd.tradsys.plugin.status.v1",
} as const;

export const ANNOTATIONS = {
  title: "org.opencontainers.image.title",
  version: "org.opencontainers.image.version",
  refName: "org.opencontainers.image.ref.name",
  /** Digest of a bundle before compression. */
  content: "dev.tradsys.bundle.content",
  /** Day on which a plugin was published, UTC, `YYYY-MM-DD`. */
  published: "dev.tradsys.plugin.published",
  /** Why its publisher took it back. */
  yanked: "dev.tradsys.plugin.yanked",
} as const;

/** Bytes of `index.json`; a plugin version with two envelopes takes about 1 kB. */
export const INDEX_BYTES = 16 * 1024 * 1024;
/** Bytes of an image manifest; registries take no larger ones. */
export const IMAGE_BYTES = 4 * 1024 * 1024;

/** What `oci-layout` holds. */
export const LAYOUT = { imageLayoutVersion: "1.0.0" } as const;

type Annotations = Readonly<Record<string, string>>;

/** @see OCI Content Descriptors v1.1.1. Members that are not named here are kept, as the specification asks. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

export const EMPTY_INDEX: Index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: [] };

/** An image manifest; with `subject`, a referrer: something said about another image. */
export interface Image {
  readonly schemaVersion: 2;
  readonly mediaType: typeof MEDIA_TYPES.image;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

const isDescriptor: Guard<Descriptor> = atLeast<Descriptor>({
  mediaType: text,
  digest: textThat(isDigest),
  size: count,
  artifactType: optional(text),
  annotations: optional(recordOf(text)),
});

export const isLayout = atLeast<typeof LAYOUT>({ imageLayoutVersion: oneOf(LAYOUT.imageLayoutVersion) });

export const isIndex = atLeast<Index>({
  schemaVersion: oneOf(2),
  mediaType: optional(text),
  manifests: listOf(isDescriptor),
});

export const isImage = atLeast<Image>({
  schemaVersion: oneOf(2),
  mediaType: oneOf(MEDIA_TYPES.image),
  artifactType: optional(text),
  config: isDescriptor,
  layers: listOf(isDescriptor),
  subject: optional(isDescriptor),
  annotations: optional(recordOf(text)),
});

export const layoutPath = (root: string): string => join(root, "oci-layout");
export const indexPath = (root: string): string => join(root, "index.json");
export const blobPath = (root: string, digest: Digest): string => join(root, "blobs", ...digest.split(":"));

/** `tradsys/risk-core:4.2.0`. A tag cannot hold `+`; `_` stands for it, which no version contains. */
export const refName = (name: PluginName, version: string): string =>
  `${name.slice(1)}:${version.replace("+", "_")}`;
