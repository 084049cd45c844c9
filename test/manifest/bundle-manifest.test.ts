import { expect, it } from "vitest";

import { parseBundleManifest } from "../../src/bundle/manifest.ts";
import type { BundleManifest } from "../../src/domain/bundle.ts";
import { canonical } from "../../src/domain/canonical.ts";
import { sha256 } from "../../src/domain/digest.ts";
import { bundleManifestFindings, parsePlugin } from "../../src/manifest/parse.ts";
import { pluginText } from "./plugin-text.ts";

/** A `plugin.json`, as a build would write it. */
function bundleManifest(): BundleManifest {
  const parsed = parsePlugin(
    pluginText({ append: "state: { schemaVersion: 1, canRestoreFrom: ^1 }" }),
    "plugin.yaml",
  );
  if (!parsed.ok) throw new TypeError("the sample manifest is invalid");
  const digest = sha256("x");
  return {
    ...parsed.value.value,
    files: { "dist/plugin.js": { size: 1, sha256: digest } },
    build: { esbuild: "0.28.2", options: digest, inputs: digest },
  };
}

const opens = (value: unknown): boolean => parseBundleManifest(Buffer.from(canonical(value))).ok;

it("passes the reader, the schema and the rules", async () => {
  expect(opens(bundleManifest())).toBe(true);
  expect(await bundleManifestFindings(bundleManifest())).toEqual([]);
});

// A reader without a schema compiler and the published schema describe one format; here they are held together.
it.each(Object.keys(bundleManifest()).filter((field) => field !== "state"))(
  "the reader insists on `%s`, and so does the schema where it has no default",
  async (field) => {
    const { [field as keyof BundleManifest]: _, ...rest } = bundleManifest();
    expect(opens(rest)).toBe(false);
    const findings = await bundleManifestFindings(rest as BundleManifest);
    expect(findings.length === 0 || findings.some(({ message }) => message.includes(field))).toBe(true);
  },
);

it.each([
  ["a field that nobody knows", { extra: true }],
  ["a kind that nobody knows", { kind: "oracle" }],
  ["a name without a scope", { name: "x" }],
  ["a size that is none", { files: { "dist/plugin.js": { size: -1, sha256: sha256("x") } } }],
  ["a digest that is none", { files: { "dist/plugin.js": { size: 1, sha256: "sha256:0" } } }],
  ["an isolation that nobody knows", { isolation: "none" }],
  ["a version that is none", { version: "1.0" }],
])("the reader and the schema both refuse %s", async (_, change) => {
  const changed = { ...bundleManifest(), ...change } as BundleManifest;
  expect(opens(changed)).toBe(false);
  expect(await bundleManifestFindings(changed)).not.toEqual([]);
});

it.each<[string, Partial<BundleManifest>, object]>([
  ["a range that is none", { hostApi: "newest" }, { code: "RANGE_INVALID", pointer: "/hostApi" }],
  [
    "a config schema that may take forever",
    { config: { schema: { type: "string", pattern: "(a+)+$" }, defaults: {} } },
    { code: "CONFIG_SCHEMA_INVALID", pointer: "/config/schema/pattern" },
  ],
  [
    "defaults that break their schema",
    {
      config: {
        schema: { type: "object", properties: { a: { type: "string" } } },
        defaults: { a: 1 },
      },
    },
    { code: "CONFIG_INVALID", pointer: "/config/defaults/a" },
  ],
  ["a bundle without code", { files: {} }, { code: "FIELD_MISSING", pointer: "/files" }],
])("the schema and the rules refuse %s, which the reader lets pass", async (_, change, finding) => {
  const changed = { ...bundleManifest(), ...change };
  expect(opens(changed)).toBe(true);
  expect(await bundleManifestFindings(changed)).toMatchObject([finding]);
});
