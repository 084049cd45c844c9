import type { BundleLimits } from "./bundle.ts";
import type { Digest, PluginName } from "./ids.ts";
import type { PluginKind } from "./manifest.ts";

export const TRUST_API_VERSION = "tradsys/trust/v1";

/** What a key may attest: that it built a bundle, that it may be released, that risk accepts it. */
export type Role = "builder" | "release" | "risk";

export interface TrustedKey {
  /** A name for people; the key itself is identified by the digest of its public half. */
  readonly name: string;
  readonly role: Role;
  /** SPKI in PEM. Ed25519, or ECDSA over P-256. */
  readonly publicKey: string;
  /** Plugin names this key may sign, exactly as written. Absent: every name. */
  readonly plugins?: readonly PluginName[];
  /** A prefix of plugin names this key may sign, for example `@acme/`. */
  readonly pattern?: string;
  /** Kinds of plugin this key may sign. Absent: every kind. */
  readonly kinds?: readonly PluginKind[];
  /** UTC dates, `YYYY-MM-DD`; both inclusive. */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** Who is trusted to sign what. `trust.yaml` after the door. */
export interface TrustPolicy {
  readonly apiVersion: typeof TRUST_API_VERSION;
  /**
   * `warn` lets bundles run whose signatures are missing or do not suffice, and says so each time: for the time in
   * which signing is introduced. Never what is damaged or revoked. Absent: `enforce`.
   */
  readonly mode?: "warn" | "enforce";
  readonly keys: readonly TrustedKey[];
  /** Number of distinct keys that must have signed, by role. A role not named needs none. */
  readonly threshold: Partial<Readonly<Record<Role, number>>>;
  readonly revoked: {
    /** Names of keys in `keys` that no longer count. */
    readonly keys: readonly { readonly name: string; readonly reason: string }[];
    /** Content or blob digests that must not run. */
    readonly digests: readonly { readonly digest: Digest; readonly reason: string }[];
  };
  /** Sizes that it draws tighter than `BUNDLE_LIMITS`. */
  readonly limits?: Partial<BundleLimits>;
}

export const TRUST_FLOOR_API_VERSION = "tradsys/trust-floor/v1";

/**
 * What a root has learned about trust and never unlearns, whatever older policy, plan or generation it meets later.
 * Every member only ever grows, so that it does not matter in which order things are learned.
 */
export interface TrustFloor {
  readonly apiVersion: typeof TRUST_FLOOR_API_VERSION;
  /** A policy was in force that does not merely warn; none may merely warn from then on. */
  readonly enforced: boolean;
  /** Reasons by the id of a key. */
  readonly revokedKeys: Readonly<Record<Digest, string>>;
  /** Reasons by content or blob digest. */
  readonly revokedDigests: Readonly<Record<Digest, string>>;
  /** Lowest release epoch that may run, by plugin. */
  readonly epochs: Readonly<Record<PluginName, number>>;
  /**
   * Day on which each content first became active. What a key signed and was let in while the key was valid stays,
   * so that no host fails to start in the morning because a key has run out; revocation takes it out.
   */
  readonly admitted: Readonly<Record<Digest, string>>;
  /** Last day on which something became active; a clock that was set back does not make a key valid again. */
  readonly lastDay: string;
}

/** A root that nothing was activated in. */
export const EMPTY_FLOOR: TrustFloor = {
  apiVersion: TRUST_FLOOR_API_VERSION,
  enforced: false,
  revokedKeys: {},
  revokedDigests: {},
  epochs: {},
  admitted: {},
  lastDay: "0000-00-00",
};
