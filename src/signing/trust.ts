import { TradsysError } from "../domain/errors.ts";
import type { Digest, PluginName } from "../domain/ids.ts";
import type { Role, TrustedKey, TrustPolicy } from "../domain/trust.ts";
import { type PublicKey, readPublicKey } from "./keys.ts";
import type { Claim } from "./statement.ts";

/** A key of a trust policy, and whether it counts at all today. */
export interface Voter {
  readonly trusted: TrustedKey;
  readonly publicKey: PublicKey;
  /** Why none of its signatures count now; `undefined` if they do. */
  readonly barred: string | undefined;
}

/** A claim signed by a key that the policy lets make it. */
export interface Vote {
  readonly voter: Voter;
  readonly claim: Claim;
}

/** Signatures that a policy asks for and has not got. */
export interface Shortfall {
  readonly role: Role;
  readonly missing: number;
  /** Names of the keys that could still give one. */
  readonly keys: readonly string[];
}

/**
 * The keys of a policy, ready to verify with.
 *
 * @throws {TradsysError} `KEY_INVALID` for a key that cannot be read or that has two roles, which would let one
 *   holder approve alone; `FIELD_VALUE` for a date or a revocation that would silently have no effect.
 */
export function votersOf(policy: TrustPolicy, now: Date): readonly Voter[] {
  const keys = policy.keys.map((trusted) => ({ trusted, publicKey: readPolicyKey(trusted) }));
  refuseTwoRoles(keys);
  const revoked = revokedKeys(policy, keys);
  const today = now.toISOString().slice(0, "YYYY-MM-DD".length);
  return keys.map((key) => ({
    ...key,
    barred: whyBarred(key.trusted, revoked.get(key.publicKey.id), today),
  }));
}

type PolicyKey = Pick<Voter, "trusted" | "publicKey">;

function refuseTwoRoles(keys: readonly PolicyKey[]): void {
  const seen = new Map<Digest, TrustedKey>();
  for (const { trusted, publicKey } of keys) {
    const other = seen.get(publicKey.id);
    if (other && other.role !== trusted.role) {
      const message = `trust policy: ${other.name} and ${trusted.name} are one key in two roles`;
      throw new TradsysError("KEY_INVALID", message, { hint: "Give each role keys of its own." });
    }
    seen.set(publicKey.id, trusted);
  }
}

/** Reasons by key id: the key itself is revoked, under whatever other name it is listed. */
function revokedKeys(policy: TrustPolicy, keys: readonly PolicyKey[]): ReadonlyMap<Digest, string> {
  return new Map(
    policy.revoked.keys.flatMap(({ name, reason }) => {
      const named = keys.filter(({ trusted }) => trusted.name === name);
      if (named.length === 0) {
        const message = `trust policy: the revoked key ${name} is not one of its keys`;
        throw new TradsysError("FIELD_VALUE", message, {
          hint: "Keep a revoked key in `keys`, or correct the name.",
        });
      }
      return named.map(({ publicKey }) => [publicKey.id, reason] as const);
    }),
  );
}

/** Why this key's signature under this claim does not count; `undefined` if it does. */
export function objection({ trusted, barred }: Voter, claim: Claim): string | undefined {
  if (barred !== undefined) return barred;
  if (claim.role !== trusted.role) return `it may not sign as ${claim.role}`;
  return maySign(trusted, claim.name) ? undefined : `it may not sign ${claim.name}`;
}

/**
 * What is missing to satisfy the policy. Counts keys, not signatures: a key that signed twice counts once.
 * Empty also for a policy that asks for nothing: see `asksForNothing`.
 */
export function shortfallsOf(
  policy: TrustPolicy,
  voters: readonly Voter[],
  votes: readonly Vote[],
): readonly Shortfall[] {
  return thresholdsOf(policy).flatMap(([role, threshold]) => {
    const counted = new Set(
      votes
        .map(({ voter }) => voter)
        .filter(({ trusted }) => trusted.role === role)
        .map(idOf),
    );
    if (counted.size >= threshold) return [];
    const open = voters.filter(
      (voter) => voter.trusted.role === role && voter.barred === undefined && !counted.has(idOf(voter)),
    );
    return [{ role, missing: threshold - counted.size, keys: open.map(({ trusted }) => trusted.name) }];
  });
}

/** True for a policy that any bundle would satisfy. Such a policy trusts nothing. */
export const asksForNothing = (policy: TrustPolicy): boolean => thresholdsOf(policy).length === 0;

/** Why a bundle with this content or blob digest must not run; `undefined` if it may. */
export function revocationOf(policy: TrustPolicy, digest: Digest): string | undefined {
  const revoked = policy.revoked.digests.find((entry) => entry.digest === digest);
  return revoked && `${digest} is revoked: ${revoked.reason}`;
}

const idOf = ({ publicKey }: Voter): Digest => publicKey.id;

const thresholdsOf = (policy: TrustPolicy): [Role, number][] =>
  (Object.entries(policy.threshold) as [Role, number][]).filter(([, threshold]) => threshold > 0);

function readPolicyKey({ name, publicKey }: TrustedKey): PublicKey {
  try {
    return readPublicKey(publicKey);
  } catch (cause) {
    const message = `trust policy: ${name} is not an Ed25519 or P-256 public key`;
    throw new TradsysError("KEY_INVALID", message, { cause });
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function whyBarred(key: TrustedKey, revoked: string | undefined, today: string): string | undefined {
  const { name, notBefore, notAfter } = key;
  for (const date of [notBefore, notAfter]) {
    // Dates are compared as text, which only works in this one form.
    if (date !== undefined && !DATE.test(date)) {
      throw new TradsysError("FIELD_VALUE", `trust policy: ${name}: ${date} is not a date, YYYY-MM-DD`);
    }
  }
  if (revoked !== undefined) return `it is revoked: ${revoked}`;
  if (notBefore !== undefined && today < notBefore) return `it is not valid before ${notBefore}`;
  if (notAfter !== undefined && today > notAfter) return `it was valid until ${notAfter}`;
  return undefined;
}

function maySign({ plugins, pattern }: TrustedKey, name: PluginName): boolean {
  if (plugins === undefined && pattern === undefined) return true;
  return plugins?.includes(name) === true || (pattern !== undefined && name.startsWith(pattern));
}
