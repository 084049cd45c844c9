import type { BundleLimits } from "./bundle.ts";
import type { Digest, PluginName } from "./ids.ts";

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
  /** UTC dates, `YYYY-MM-DD`; both inclusive. */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** Who is trusted to sign what. `trust.yaml` after the door. */
export interface TrustPolicy {
  readonly apiVersion: typeof TRUST_API_VERSION;
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
