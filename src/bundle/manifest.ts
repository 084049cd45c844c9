import { type BuildRecord, type BundleManifest, MANIFEST_FILE } from "../domain/bundle.ts";
import { canonical, type Json } from "../domain/canonical.ts";
import { isDigest, isPluginName } from "../domain/ids.ts";
import {
  type Facet,
  type Evidence,
  type FacetRequirement,
  type Metric,
  PLUGIN_API_VERSION,
  type PluginKind,
  systemOf,
} from "../domain/manifest.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { isFileName } from "./archive.ts";
import { MANIFEST_BYTES } from "./format.ts";
import {
  count,
  either,
  exactly,
  flag,
  type Guard,
  listOf,
  oneOf,
  optional,
  parseJson,
  recordOf,
  text,
  textLike,
  textThat,
} from "./shape.ts";

/**
 * Reads a `plugin.json`. Only its form is checked: what its values mean was checked when the bundle was built.
 *
 * @returns The manifest, or why the bytes are none. Bytes that are not RFC 8785 form are refused, which also
 *   refuses members named twice: two readers can never see two manifests.
 */
export function parseBundleManifest(bytes: Buffer): Result<BundleManifest, string> {
  if (bytes.length > MANIFEST_BYTES) {
    return err(`${MANIFEST_FILE} is ${bytes.length} bytes, the limit is ${MANIFEST_BYTES}`);
  }
  const value = parseJson(bytes.toString());
  if (!isCanonical(value, bytes)) return err(`${MANIFEST_FILE} is not canonical JSON`);
  return isBundleManifest(value) ? ok(value) : err(`${MANIFEST_FILE} does not have the form of a manifest`);
}

function isCanonical(value: unknown, bytes: Buffer): boolean {
  try {
    return Buffer.from(canonical(value)).equals(bytes);
  } catch {
    // A lone surrogate.
    return false;
  }
}

/** @see https://semver.org, "Is there a suggested regular expression?" */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

/** An exact semantic version. */
export const exactVersion = textLike(SEMVER);
const pluginName = textThat(isPluginName);
const digest = textThat(isDigest);
const texts = listOf(text);
/** Whatever stands inside a JSON document. */
const json: Guard<Json> = (value): value is Json => value !== undefined;
const jsonObject = recordOf(json);

export const pluginKind = textThat(
  (value): value is PluginKind => typeof systemOf(value as PluginKind) === "string",
);

const needs = {
  range: text,
  when: oneOf("load", "start", "enable"),
  optional: flag,
  cardinality: oneOf("one", "many"),
};
const requirement: Guard<FacetRequirement> = either(
  exactly<Extract<FacetRequirement, { port: string }>>({ port: text, ...needs }),
  exactly<Extract<FacetRequirement, { plugin: string }>>({ plugin: pluginName, ...needs }),
);

const isBundleManifest = exactly<BundleManifest>({
  apiVersion: oneOf(PLUGIN_API_VERSION),
  kind: pluginKind,
  name: pluginName,
  version: exactVersion,
  description: text,
  license: text,
  entry: text,
  hostApi: text,
  node: text,
  platforms: texts,
  facets: recordOf(
    exactly<Facet>({
      provides: recordOf(exactVersion),
      exclusive: optional(texts),
      requires: listOf(requirement),
    }),
  ),
  conflicts: listOf(exactly<BundleManifest["conflicts"][number]>({ plugin: pluginName, range: text })),
  singleton: oneOf("host", "venue", "none"),
  multiVersion: flag,
  activation: oneOf("critical", "background", "lazy"),
  criticality: oneOf("critical", "important", "optional"),
  onBootFailure: optional(oneOf("abort", "degrade", "skip")),
  isolation: oneOf("inline", "worker", "process"),
  resources: exactly<BundleManifest["resources"]>({
    memoryMiB: count,
    startTimeoutMs: count,
    drainTimeoutMs: count,
    stopTimeoutMs: count,
  }),
  priority: count,
  permissions: exactly<BundleManifest["permissions"]>({
    net: texts,
    secrets: texts,
    fs: texts,
    env: texts,
    builtins: texts,
    storageBytes: optional(count),
    reveal: optional(flag),
  }),
  config: exactly<BundleManifest["config"]>({ schema: jsonObject, defaults: jsonObject }),
  metrics: listOf(
    exactly<Metric>({
      name: text,
      type: oneOf("counter", "gauge", "histogram"),
      unit: text,
      labels: texts,
    }),
  ),
  state: optional(
    exactly<NonNullable<BundleManifest["state"]>>({ schemaVersion: count, canRestoreFrom: text }),
  ),
  venueApi: optional(
    exactly<NonNullable<BundleManifest["venueApi"]>>({
      name: text,
      version: text,
      sunsetDate: optional(text),
      docsUrl: optional(text),
    }),
  ),
  risk: optional(
    exactly<NonNullable<BundleManifest["risk"]>>({ failMode: oneOf("closed", "open-for-cancels") }),
  ),
  calendar: optional(pluginName),
  changeClass: optional(oneOf("material", "non-material")),
  evidence: optional(
    listOf(
      exactly<Evidence>({
        type: oneOf("conformance", "backtest", "shadow"),
        digest,
        result: oneOf("passed", "failed"),
        samples: optional(count),
        disagreements: optional(count),
      }),
    ),
  ),
  releaseEpoch: optional(count),
  hostProvided: texts,
  capabilities: jsonObject,
  files: recordOf(exactly<BundleManifest["files"][string]>({ size: count, sha256: digest }), isFileName),
  build: exactly<BuildRecord>({ esbuild: text, options: digest, inputs: digest }),
});
