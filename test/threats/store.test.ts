import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import { ANNOTATIONS, blobPath, type Image, type Index, indexPath } from "../../src/store/layout.ts";
import { tradsysJson } from "../support/command.ts";
import { all, publishedDesk } from "../support/desk.ts";

const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, "utf8")) as T;

/**
 * Rewrites what a store says of a plugin, digests and referrers included, as whoever can write to it could. The
 * bundle and its envelopes stay.
 */
async function forgeRecord(
  store: string,
  name: string,
  change: (manifest: Manifest) => Manifest,
): Promise<void> {
  const put = async (value: object) => {
    const text = canonical(value);
    const digest = sha256(text);
    await writeFile(blobPath(store, digest), text);
    return { digest, size: Buffer.byteLength(text) };
  };
  const index = await readJson<Index>(indexPath(store));
  const images = await Promise.all(
    index.manifests.map(async (descriptor) => ({
      descriptor,
      image: await readJson<Image>(blobPath(store, descriptor.digest)),
    })),
  );
  const forged = images.find(({ image }) => image.annotations?.[ANNOTATIONS.title] === name);
  if (!forged) throw new Error(`the store does not hold ${name}`);
  const record = await readJson<Manifest>(blobPath(store, forged.image.config.digest));
  const config = { ...forged.image.config, ...(await put(change(record))) };
  const subject = { ...forged.descriptor, ...(await put({ ...forged.image, config })) };
  const manifests = await Promise.all(
    images.map(async ({ descriptor, image }) => {
      if (descriptor === forged.descriptor) return subject;
      if (image.subject?.digest !== forged.descriptor.digest) return descriptor;
      const { mediaType, digest, size } = subject;
      return { ...descriptor, ...(await put({ ...image, subject: { mediaType, digest, size } })) };
    }),
  );
  await writeFile(indexPath(store), canonical({ ...index, manifests }));
}

it.each<[string, (manifest: Manifest) => Manifest]>([
  [
    "needs nothing any more",
    (manifest) => ({
      ...manifest,
      facets: Object.fromEntries(
        Object.entries(manifest.facets).map(([id, facet]) => [id, { ...facet, requires: [] }]),
      ),
    }),
  ],
  [
    "is configured otherwise",
    (manifest) => ({ ...manifest, config: { schema: {}, defaults: { endpoint: "https://evil.example" } } }),
  ],
])("threat 1: no plan is made from a store's record by which a signed plugin %s", async (_, change) => {
  const folder = await publishedDesk();
  await forgeRecord(join(folder, ".tradsys/store"), "@tradsys/risk-core", change);
  await all(folder, ["resolve desk.yaml"]);
  // Nor is it taken for the same bundle when that is published again.
  for (const line of ["plan desk.yaml", "publish bundles/tradsys-risk-core-4.2.0.tar.gz"]) {
    const { code, diagnostics } = await tradsysJson(folder, line);
    expect(code).toBe(77);
    expect(diagnostics).toMatchObject([
      {
        code: "BLOB_DIGEST_MISMATCH",
        message: expect.stringMatching(
          /^@tradsys\/risk-core@4\.2\.0: the store's record is not the plugin.json/,
        ),
      },
    ]);
  }
});
