import { execFile, spawnSync } from "node:child_process";
import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import type { PluginName } from "../../src/domain/ids.ts";
import { nodeFiles } from "../../src/platform/files.ts";
import { publish } from "../../src/store/publish.ts";
import { readBlob, readEnvelopes } from "../../src/store/read.ts";
import { packed } from "../bundle/sample.ts";
import { archive, entry } from "../bundle/tar.ts";
import {
  blob,
  ENVELOPE,
  imagesOf,
  list,
  PLUGIN,
  put,
  readAll,
  readIndexJson,
  readJson,
  root,
  versions,
} from "./folder.ts";

it("lists what was published, with the envelopes, by name and version", async () => {
  const { bytes, ...bundle } = packed();
  const published = await put({}, ["second\n", "first\n"]);
  await put({ version: "4.10.0" });
  await put({ name: "@acme/limits" as PluginName });

  expect(published).toEqual({
    added: true,
    candidate: {
      manifest: bundle.manifest,
      content: bundle.content,
      blob: bundle.blob,
      size: bytes.length,
      envelopes: [sha256("first\n"), sha256("second\n")].toSorted(),
    },
  });
  expect(await versions()).toEqual([
    "@acme/limits@4.2.0",
    "@tradsys/risk-core@4.10.0",
    "@tradsys/risk-core@4.2.0",
  ]);
  expect(await list()).toContainEqual(published.candidate);

  const { manifest, envelopes } = published.candidate;
  const texts = await readEnvelopes(nodeFiles, root, { ...manifest, envelopes });
  expect(texts.toSorted()).toEqual(["first\n", "second\n"]);
  const request = { digest: bundle.blob, maxBytes: bytes.length, what: "risk-core" };
  expect(await readBlob(nodeFiles, root, request)).toEqual(bytes);
});

it("is an OCI image layout 1.1, with envelopes as referrers", async () => {
  await put({ version: "4.2.0+build.7" }, ["envelope\n"]);
  expect(await readJson(join(root, "oci-layout"))).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(await readIndexJson()).toMatchObject({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
  });

  const [plugin] = await imagesOf(PLUGIN);
  expect(plugin).toMatchObject({
    descriptor: {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: PLUGIN,
      annotations: { "org.opencontainers.image.ref.name": "tradsys/risk-core:4.2.0_build.7" },
    },
    image: {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.tradsys.plugin.manifest.v1+json" },
      layers: [{ mediaType: "application/vnd.tradsys.plugin.bundle.v1.tar+gzip" }],
      annotations: {
        "org.opencontainers.image.title": "@tradsys/risk-core",
        "org.opencontainers.image.version": "4.2.0+build.7",
      },
    },
  });
  const [envelope] = await imagesOf(ENVELOPE);
  expect(envelope?.image).toMatchObject({
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256("{}"), size: 2 },
    layers: [{ mediaType: ENVELOPE, digest: sha256("envelope\n") }],
    subject: { digest: plugin?.descriptor.digest, size: plugin?.descriptor.size },
  });
  for (const { size, digest } of [plugin, envelope].flatMap((stored) =>
    stored ? [stored.descriptor, stored.image.config, ...stored.image.layers] : [],
  )) {
    expect((await stat(blob(digest))).size).toBe(size);
  }
});

it("has equal bytes whatever the order of publishing, and holds no time", async () => {
  await put({ version: "1.0.0" }, ["a"]);
  await put({ version: "2.0.0" }, ["b"]);
  const first = await readFile(join(root, "index.json"), "utf8");
  await rm(root, { recursive: true });
  await put({ version: "2.0.0" }, ["b"]);
  await put({ version: "1.0.0" }, ["a"]);
  expect(await readFile(join(root, "index.json"), "utf8")).toBe(first);
  expect(first).not.toContain("created");
});

it("changes nothing when the same is published again", async () => {
  const first = await put({}, ["envelope\n"]);
  const before = await readFile(join(root, "index.json"), "utf8");
  expect(await put({}, ["envelope\n"])).toEqual({ added: false, candidate: first.candidate });
  expect(await put()).toEqual({ added: false, candidate: first.candidate });
  expect(await readFile(join(root, "index.json"), "utf8")).toBe(before);
});

it("takes further envelopes for a version, and no other content", async () => {
  await put({}, ["first\n"]);
  const more = await put({}, ["second\n"]);
  expect(more.added).toBe(true);
  expect(more.candidate.envelopes).toHaveLength(2);
  expect(await list()).toEqual([more.candidate]);

  const before = await readdir(join(root, "blobs/sha256"));
  await expect(put({ description: "other" }, ["third\n"])).rejects.toMatchObject({
    code: "VERSION_TAKEN",
    message: `@tradsys/risk-core@4.2.0 is in the store with other content, ${more.candidate.content}`,
  });
  expect(await readdir(join(root, "blobs/sha256"))).toEqual(before);
});

it("keeps the stored bundle when the same content comes compressed otherwise", async () => {
  const { candidate } = await put();
  const { bytes: _, ...bundle } = packed();
  const other = gzipSync(archive(...[...bundle.files].map(([name, text]) => entry(name, text))), {
    level: 0,
  });
  const again = { bytes: other, bundle: { ...bundle, blob: sha256(other) }, envelopes: ["new\n"] };
  const published = await publish(nodeFiles, root, again);
  expect(published).toEqual({ added: true, candidate: { ...candidate, envelopes: [sha256("new\n")] } });
  expect(await list()).toEqual([published.candidate]);
});

it("refuses an envelope that no reader would take", async () => {
  await expect(put({}, ["x".repeat(1_100_000)])).rejects.toMatchObject({ code: "ENVELOPE_INVALID" });
});

const failure = (errorCode: string): unknown =>
  expect.objectContaining({ code: errorCode, message: expect.stringMatching(/risk-core.4\.2\.0/) });

it.each(["bundle", "manifest", "image", "envelope", "referrer"] as const)(
  "notices when the %s blob is damaged, missing or too large, and says whose it is",
  async (kind) => {
    await put({}, ["envelope\n"]);
    const [plugin] = await imagesOf(PLUGIN);
    const [referrer] = await imagesOf(ENVELOPE);
    const digests = {
      bundle: plugin?.image.layers[0]?.digest,
      manifest: plugin?.image.config.digest,
      image: plugin?.descriptor.digest,
      envelope: referrer?.image.layers[0]?.digest,
      referrer: referrer?.descriptor.digest,
    };
    const path = blob(digests[kind] ?? sha256(""));
    const intact = await readFile(path);
    await expect(readAll()).resolves.toHaveLength(1);
    await writeFile(path, Buffer.concat([intact.subarray(1), Buffer.of(0)]));
    await expect(readAll()).rejects.toEqual(failure("BLOB_DIGEST_MISMATCH"));
    await truncate(path, 8 * 1024 * 1024);
    await expect(readAll()).rejects.toEqual(failure("BLOB_TOO_LARGE"));
    await rm(path);
    await expect(readAll()).rejects.toEqual(failure("BLOB_MISSING"));
  },
);

it("mends a damaged bundle when it is published again", async () => {
  const { candidate } = await put({}, ["envelope\n"]);
  await writeFile(blob(candidate.blob), "damaged");
  expect((await put({}, ["envelope\n"])).added).toBe(false);
  const request = { digest: candidate.blob, maxBytes: candidate.size, what: "bundle" };
  expect(sha256(await readBlob(nodeFiles, root, request))).toBe(candidate.blob);
});

const invalid = (reason: string): unknown =>
  expect.objectContaining({ code: "STORE_INVALID", message: `${root} is not a usable store: ${reason}` });

it("says when a folder is no store, or one it cannot read", async () => {
  await expect(list()).rejects.toEqual(invalid("it has no index.json"));
  await put();
  await writeFile(join(root, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
  await expect(list()).rejects.toEqual(invalid("its oci-layout is not of version 1.0.0"));
  await writeFile(join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  for (const text of [
    "",
    "[]",
    '{"schemaVersion":1,"manifests":[]}',
    '{"schemaVersion":2,"manifests":[{}]}',
  ]) {
    await writeFile(join(root, "index.json"), text);
    await expect(list()).rejects.toEqual(invalid("its index.json is not an OCI image index"));
  }
});

it("refuses an index that points outside the store or names one version twice", async () => {
  await put();
  const index = await readIndexJson();
  const [descriptor] = index.manifests;
  const outside = { ...index, manifests: [{ ...descriptor, digest: "sha256:../../../etc/passwd" }] };
  await writeFile(join(root, "index.json"), JSON.stringify(outside));
  await expect(list()).rejects.toMatchObject({ code: "STORE_INVALID" });

  const twice = { ...index, manifests: [descriptor, descriptor] };
  await writeFile(join(root, "index.json"), JSON.stringify(twice));
  await expect(list()).rejects.toThrow("it holds more than one bundle of @tradsys/risk-core 4.2.0");
});

it("leaves other tools' images where they are", async () => {
  await put();
  const image = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.example.docs",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: sha256("{}"), size: 2 },
    layers: [],
  };
  const text = JSON.stringify(image);
  await writeFile(blob(sha256(text)), text);
  const index = await readIndexJson();
  const foreign = { mediaType: image.mediaType, digest: sha256(text), size: text.length, urls: ["x"] };
  const manifests = [...index.manifests, foreign];
  await writeFile(join(root, "index.json"), JSON.stringify({ ...index, manifests, note: "kept" }));

  await put({ version: "5.0.0" });
  expect(await versions()).toEqual(["@tradsys/risk-core@4.2.0", "@tradsys/risk-core@5.0.0"]);
  const after = await readIndexJson();
  expect(after.manifests).toContainEqual(foreign);
  expect(after).toMatchObject({ note: "kept" });
});

const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;

it.skipIf(!hasSkopeo)("is read by skopeo (skipped where there is none)", async () => {
  await put({}, ["envelope\n"]);
  const { stdout } = await promisify(execFile)("skopeo", [
    "inspect",
    "--raw",
    `oci:${root}:tradsys/risk-core:4.2.0`,
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ artifactType: PLUGIN });
});
