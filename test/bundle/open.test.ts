import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { openBundle, readBundle } from "../../src/bundle/open.ts";
import { BUNDLE_LIMITS } from "../../src/domain/bundle.ts";
import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { TradsysError } from "../../src/domain/errors.ts";
import { gzip, manifest, packed } from "./sample.ts";
import { archive, entry } from "./tar.ts";

const file = "tradsys-risk-core-4.2.0.tar.gz";
const open = (bytes: Buffer, limits = BUNDLE_LIMITS) => openBundle(bytes, { file, limits });

function failure(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof TradsysError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: "none", message: "it passed" };
}
const reason = (bytes: Buffer, limits = BUNDLE_LIMITS): string => failure(() => open(bytes, limits)).message;

/** A bundle with this `plugin.json` and these files, whether they belong together or not. */
const bundleOf = (pluginJson: string, files: Record<string, string>): Buffer =>
  gzip(
    archive(
      entry("plugin.json", pluginJson),
      ...Object.entries(files).map(([name, text]) => entry(name, text)),
    ),
  );
const listing = (files: Record<string, string>): string =>
  canonical({
    ...manifest(),
    files: Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, { size: text.length, sha256: sha256(text) }]),
    ),
  });

it("opens what was packed, with both digests", () => {
  const { bytes, ...bundle } = packed();
  expect(open(bytes)).toEqual(bundle);
  expect(bundle.blob).toBe(sha256(bytes));
});

it("has one identity however the bundle is compressed", () => {
  const { content, blob } = packed();
  const tar = archive(...[...packed().files].map(([name, body]) => entry(name, body)));
  const other = gzipSync(tar, { level: 1 });
  Buffer.from([0, 255]).copy(other, 8);
  expect(open(other).content).toBe(content);
  expect(open(other).blob).not.toBe(blob);
});

it("names each file that is missing, extra or changed, with its digests", () => {
  const bytes = bundleOf(listing({ "dist/plugin.js": "good", gone: "gone" }), {
    "dist/plugin.js": "evil",
    more: "more",
  });
  expect(readBundle(bytes)).toEqual({
    ok: false,
    error: {
      kind: "modified",
      differences: [
        { kind: "changed", file: "dist/plugin.js", expected: sha256("good"), found: sha256("evil") },
        { kind: "missing", file: "gone", expected: sha256("gone") },
        { kind: "extra", file: "more", found: sha256("more") },
      ],
    },
  });
  expect(failure(() => open(bytes))).toEqual({
    code: "BUNDLE_MODIFIED",
    message:
      `${file} was changed after it was built: dist/plugin.js is changed, expected ${sha256("good")}, found ${sha256("evil")}; ` +
      `gone is missing, expected ${sha256("gone")}; more is extra, found ${sha256("more")}`,
  });
});

it("holds plugin.json to the sizes that it lists", () => {
  const text = listing({ "dist/plugin.js": "code" }).replace('"size":4', '"size":5');
  expect(readBundle(bundleOf(text, { "dist/plugin.js": "code" }))).toMatchObject({
    ok: false,
    error: { differences: [{ kind: "changed", file: "dist/plugin.js" }] },
  });
});

it("refuses a gzip header that is not normalised", () => {
  const { bytes } = packed();
  for (let i = 0; i < 10; i++) {
    const odd = Buffer.from(bytes);
    odd[i] = (odd[i] ?? 0) ^ 1;
    expect(reason(odd)).toBe(`${file} is not a bundle: it does not start with a bundle's gzip header`);
  }
});

it("refuses whatever follows the one gzip member", () => {
  const { bytes } = packed();
  expect(reason(Buffer.concat([bytes, bytes]))).toContain("there are bytes after its gzip member");
  const between = Buffer.concat([bytes.subarray(0, -8), Buffer.from("smuggled"), bytes.subarray(-8)]);
  expect(reason(between)).toContain("there are bytes after its gzip member");
});

it("notices damage to any byte and the loss of any", () => {
  const { bytes, content } = packed();
  for (let i = 0; i < bytes.length; i++) {
    const damaged = Buffer.from(bytes);
    damaged[i] = (damaged[i] ?? 0) ^ 0x80;
    const bundle = readBundle(damaged);
    // Deflate has more than one way to write the same: then it is the same bundle.
    expect(bundle.ok ? bundle.value.content : content).toBe(content);
    expect(readBundle(bytes.subarray(0, i)).ok).toBe(false);
  }
});

it("checks sizes before it spends memory", () => {
  const { bytes } = packed();
  expect(reason(bytes, { ...BUNDLE_LIMITS, packedBytes: bytes.length - 1 })).toContain("the limit is");
  expect(reason(bytes, { ...BUNDLE_LIMITS, unpackedBytes: 1024 })).toMatch(
    /unpacks to \d+ bytes, the limit is 1024/,
  );
  const bomb = gzip(Buffer.alloc(50_000_000));
  expect(reason(bomb)).toMatch(/unpacks to 50000000 bytes, the limit is \d+/);
  // A trailer that lies does not get more memory than it admits to.
  bomb.writeUInt32LE(60_000, bomb.length - 4);
  expect(reason(bomb)).toContain("its compressed data is damaged");
  bomb.writeUInt32LE(1000, bomb.length - 4);
  expect(reason(bomb)).toContain(`its ${bomb.length} bytes unpack to only 1000`);
});

it("wants plugin.json in canonical form, complete and with nothing else in it", () => {
  const text = listing({});
  expect(reason(bundleOf(text, {}))).toBe("it passed");
  const notCanonical = `${file} is not a bundle: plugin.json is not canonical JSON`;
  expect(reason(bundleOf(`${text} `, {}))).toBe(notCanonical);
  expect(reason(bundleOf("", {}))).toBe(notCanonical);
  expect(reason(bundleOf("{", {}))).toBe(notCanonical);
  expect(reason(bundleOf(text.replace('{"activation"', '{"activation":"lazy","activation"'), {}))).toBe(
    notCanonical,
  );
  expect(reason(bundleOf(text.replace("Judges", "\\u004audges"), {}))).toBe(notCanonical);
  // At some depth between these the stack of whoever walks the value ends.
  for (const depth of [200, 1500, 2000, 2500, 100_000]) {
    const deep = text.replace(
      '"capabilities":{}',
      `"capabilities":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
    );
    expect(reason(bundleOf(deep, {}), { ...BUNDLE_LIMITS, ratio: 5000 })).toBe(notCanonical);
  }

  const noManifest = `${file} is not a bundle: plugin.json does not have the form of a manifest`;
  expect(reason(bundleOf("null", {}))).toBe(noManifest);
  for (const odd of [
    { version: "4.2" },
    { version: "v4.2.0" },
    { name: "risk-core" },
    { kind: "toString" },
    { apiVersion: "tradsys/plugin/v2" },
    { unknown: 1 },
    { priority: 1.5 },
    { facets: { pretrade: { provides: {}, requires: [{ port: "x", plugin: "@a/b" }] } } },
    { files: { "../up": { size: 0, sha256: sha256("") } } },
    { files: { up: { size: 0, sha256: "sha256:0" } } },
  ]) {
    expect(reason(bundleOf(canonical({ ...manifest(), files: {}, ...odd }), {}))).toBe(noManifest);
  }
  const { state: _, ...stateless } = manifest();
  expect(reason(bundleOf(canonical({ ...stateless, files: {} }), {}))).toBe("it passed");
  const { config: __, ...incomplete } = manifest();
  expect(reason(bundleOf(canonical({ ...incomplete, files: {} }), {}))).toBe(noManifest);
  const large = canonical({ ...manifest({ description: "x".repeat(1024 * 1024) }), files: {} });
  expect(reason(bundleOf(large, {}), { ...BUNDLE_LIMITS, ratio: 5000 })).toContain("the limit is 1048576");
});

it("treats names of Object's own members as any other name", () => {
  const files = { __proto__x: "a", constructor: "b", toString: "c" };
  expect(reason(bundleOf(listing(files), files))).toBe("it passed");
  const found = readBundle(bundleOf(listing({}), { constructor: "b" }));
  expect(found).toMatchObject({
    ok: false,
    error: { differences: [{ kind: "extra", file: "constructor" }] },
  });
});
