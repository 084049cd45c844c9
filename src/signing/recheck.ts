import type { BundleManifest } from "../domain/bundle.ts";
import type { Digest } from "../domain/ids.ts";
import type { Role } from "../domain/trust.ts";
import type { Claim } from "./statement.ts";
import {
  asksForNothing,
  banOf,
  objection,
  revocationOf,
  type Ruling,
  shortfallsOf,
  type Vote,
} from "./trust.ts";

/** A signature that was found to be good. That cannot change; whether it counts can. */
export interface CheckedSignature {
  /** Id of the key. */
  readonly key: Digest;
  readonly role: Role;
}

/** Nothing that a policy asks is about single files. */
const NO_FILES: Claim["files"] = new Map();

/** A bundle whose signatures were checked before. */
interface CheckedBundle extends Pick<Claim, "content" | "blob"> {
  readonly bundle: { readonly manifest: BundleManifest };
  readonly signatures: readonly CheckedSignature[];
}

/**
 * Asks a trust policy again about bundles whose signatures are known to be good: keys may have run out or been
 * revoked since, and bundles too. Costs no public-key arithmetic.
 *
 * @returns True if all of them may still run. A no gives no reasons: `verifyBundle` finds those.
 */
export function stillTrusted(bundles: readonly CheckedBundle[], ruling: Ruling): boolean {
  if (asksForNothing(ruling.policy)) return false;
  return bundles.every(({ content, blob, bundle: { manifest }, signatures }) => {
    const { name, version, kind } = manifest;
    const votes = signatures.flatMap(({ key, role }): Vote[] => {
      const claim: Claim = { role, name, version, kind, content, blob, files: NO_FILES };
      const voter = ruling.voters.find(
        (each) => each.publicKey.id === key && objection(ruling, each, claim) === undefined,
      );
      return voter ? [{ voter, claim }] : [];
    });
    return (
      shortfallsOf(ruling, votes).length === 0 &&
      revocationOf(ruling, blob) === undefined &&
      banOf(ruling, { content, manifest }) === undefined
    );
  });
}
