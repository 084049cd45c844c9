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
  /** Why its publisher took it back. It stays usable where it is locked. */
  readonly yanked?: string;
  /** When it was published: UTC, `YYYY-MM-DD`. */
  readonly published?: string;
}

/** Who satisfies one requirement of one facet. */
export interface Binding {
  readonly facet: FacetId;
  /** `port:<name>` or `plugin:<name>`. */
  readonly requirement: string;
  readonly range: string;
  readonly providers: readonly FacetId[];
  /** The host provides the port itself. */
  readonly byHost?: true;
  /** Platforms that this holds for; all of the lock's where there is none. */
  readonly platforms?: readonly string[];
}

interface LockedPlugin {
  readonly name: PluginName;
  readonly version: string;
  readonly content: Digest;
  readonly blob: Digest;
  /** `deployment`, or the facets whose requirements brought it in. */
  readonly requiredBy: readonly (FacetId | "deployment")[];
  /** Platforms that it is for; all of the lock's where there is none. */
  readonly platforms?: readonly string[];
}

/** The resolved set on disk: exact versions, both digests, who satisfies what. */
export interface Lock {
  readonly apiVersion: typeof LOCK_API_VERSION;
  readonly deployment: string;
  readonly host: Host;
  /** Every platform that the set was resolved for; `host.platform` alone where there is none. */
  readonly platforms?: readonly string[];
  /** Digest of what was asked for: the deployment's requirements and policy, and the host. */
  readonly inputs: Digest;
  /** False where a better set may exist: the search for it ran out of steps. */
  readonly optimal: boolean;
  /** In name, then version order: a plugin with several versions side by side is there several times. */
  readonly plugins: readonly LockedPlugin[];
  /** In facet, then requirement order. */
  readonly bindings: readonly Binding[];
}
