import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach } from "vitest";

import type { BundleManifest } from "../../src/domain/bundle.ts";
import type { Digest } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { publish } from "../../src/store/publish.ts";
import { listCandidates, readBlob, readEnvelopes } from "../../src/store/read.ts";
import { packed } from "../bundle/sample.ts";

/** The folder of a store; each test of the file gets an empty one. */
export let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tradsys-store-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Publishes a bundle whose manifest differs from the sample's in this way. */
export function put(
  overrides: Partial<Omit<BundleManifest, "files">> = {},
  envelopes: readonly string[] = [],
) {
  const { bytes, ...bundle } = packed(overrides);
  return publish(nodeFiles, root, { bytes, bundle, envelopes });
}

export const list = () => listCandidates(nodeFiles, root);
export const versions = async (): Promise<string[]> =>
  (await list()).map(({ manifest: { name, version } }) => `${name}@${version}`);

/** Reads everything that the store says it has. */
export async function readAll(): Promise<string[]> {
  for (const { manifest, envelopes, blob: digest } of await list()) {
    const what = `${manifest.name} ${manifest.version}: bundle`;
    await readBlob(nodeFiles, root, { digest, maxBytes: 10_000, what });
    await readEnvelopes(nodeFiles, root, { ...manifest, envelopes });
  }
  return versions();
}

/** Where a blob lies. */
export const blob = (digest: Digest): string => join(root, "blobs", ...digest.split(":"));

interface Described {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Record<string, string>;
}

interface ImageJson {
  readonly artifactType: string;
  readonly config: Described;
  readonly layers: readonly Described[];
  readonly subject?: Described;
}

export const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, "utf8")) as T;
export const readIndexJson = () => readJson<{ manifests: Described[] }>(join(root, "index.json"));

export const PLUGIN = "application/vnd.tradsys.plugin.v1";
export const ENVELOPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The images of one type, read as any OCI tool would. */
export async function imagesOf(
  artifactType: typeof PLUGIN | typeof ENVELOPE,
): Promise<{ descriptor: Described; image: ImageJson }[]> {
  const { manifests } = await readIndexJson();
  const images = await Promise.all(
    manifests.map(async (descriptor) => ({
      descriptor,
      image: await readJson<ImageJson>(blob(descriptor.digest)),
    })),
  );
  return images.filter(({ image }) => image.artifactType === artifactType);
}
