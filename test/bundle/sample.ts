import { gzipSync } from "node:zlib";

import { bundleArchive } from "../../src/build/pack.ts";
import { GZIP_HEADER } from "../../src/bundle/gzip.ts";
import { openBundle } from "../../src/bundle/open.ts";
import type { BundleManifest } from "../../src/domain/bundle.ts";
import { sha256 } from "../../src/domain/digest.ts";
import type { PluginName } from "../../src/domain/ids.ts";

/** A risk module's manifest as the build stage would hand it over. */
export function manifest(
  overrides: Partial<Omit<BundleManifest, "files">> = {},
): Omit<BundleManifest, "files"> {
  return {
    apiVersion: "tradsys/plugin/v1",
    kind: "risk-manager",
    name: "@tradsys/risk-core" as PluginName,
    version: "4.2.0",
    description: "Judges every order before it is sent",
    license: "Apache-2.0",
    entry: "src/index.ts",
    hostApi: "^3.0.0",
    node: ">=24.15",
    platforms: ["any"],
    facets: {
      pretrade: {
        provides: { "risk-pretrade": "1.3.0" },
        requires: [
          { port: "risk-rules", range: "^2.2", when: "start", optional: false, cardinality: "one" },
          {
            plugin: "@tradsys/md-normaliser" as PluginName,
            range: "^1",
            when: "load",
            optional: true,
            cardinality: "many",
          },
        ],
      },
    },
    conflicts: [{ plugin: "@tradsys/risk-legacy" as PluginName, range: "*" }],
    singleton: "host",
    multiVersion: false,
    activation: "critical",
    criticality: "critical",
    isolation: "inline",
    resources: { memoryMiB: 64, startTimeoutMs: 5000, drainTimeoutMs: 1000, stopTimeoutMs: 1000 },
    priority: 10,
    permissions: { net: [], secrets: [], fs: [], env: [], builtins: [] },
    config: { schema: { type: "object" }, defaults: { maxOrders: 10 } },
    metrics: [{ name: "tradsys_risk_denied_total", type: "counter", unit: "1", labels: ["reason"] }],
    state: { schemaVersion: 1, canRestoreFrom: "^4" },
    hostProvided: [],
    capabilities: {},
    build: { esbuild: "0.28.2", options: sha256("options"), inputs: sha256("inputs") },
    ...overrides,
  };
}

export const code = "module.exports = { activate() { return { pretrade: {} } } };\n";

/** A packed bundle with two files beside `plugin.json`. */
export function packed(overrides: Partial<Omit<BundleManifest, "files">> = {}, source = code) {
  const files = new Map([
    ["dist/plugin.js", Buffer.from(source)],
    ["LICENSES.txt", Buffer.from("none\n")],
  ]);
  const bytes = gzip(bundleArchive(manifest(overrides), files));
  return { bytes, ...openBundle(bytes, { file: "bundle" }) };
}

/** Compresses as bundles are, so that only what is inside can be at fault. */
export function gzip(tar: Buffer): Buffer {
  const bytes = gzipSync(tar, { level: 6 });
  GZIP_HEADER.copy(bytes);
  return bytes;
}
