import type { BundleManifest } from "./bundle.ts";
import type { Host } from "./host.ts";
import type { Digest, FacetId, PluginName } from "./ids.ts";

export const LOCK_API_VERSION = "tradsys/lock/v1";

/** A version of a plugin that the store holds. */
export interface Candidate {
  readonly manifest: BundleManifest;
  /** SHA-256 of the uncompressed bundle. */
  readonly content: Digest;
  /** SHA-256 of the compressed bundle, and its size in bytes. */
  readonly blob: Digest;
  readonly size: number;
  /** The envelopes the store holds for it, in digest order. */
  readonly envelopes: readonly Digest[];
}

/** Who satisfies one requirement of one facet. */
export interface Binding {
  readonly facet: FacetId;
  /** `port:<name>` or `plugin:<name>`. */
  readonly requirement: string;
  readonly range: string;
  readonly providers: readonly FacetId[];
}

interface LockedPlugin {
  readonly name: PluginName;
  readonly version: string;
  readonly content: Digest;
  readonly blob: Digest;
  /** `deployment`, or the facets whose requirements brought it in. */
  readonly requiredBy: readonly (FacetId | "deployment")[];
}

/** The resolved set on disk: exact versions, both digests, who satisfies what. */
export interface Lock {
  readonly apiVersion: typeof LOCK_API_VERSION;
  readonly deployment: string;
  readonly host: Host;
  /** Digest of what was asked for: the deployment's requirements, and the host. */
  readonly inputs: Digest;
  /** In name order. */
  readonly plugins: readonly LockedPlugin[];
  /** In facet, then requirement order. */
  readonly bindings: readonly Binding[];
}
