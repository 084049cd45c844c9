import type { BundleManifest } from "../domain/bundle.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Role, TrustedKey, TrustFloor, TrustPolicy } from "../domain/trust.ts";
import { type PublicKey, readPublicKey } from "./keys.ts";
import type { Claim, Subject } from "./statement.ts";

/** A key of a trust policy. */
export interface Voter {
  readonly trusted: TrustedKey;
  readonly publicKey: PublicKey;
  /** Why it was revoked; `undefined` if it was not. */
  readonly revoked: string | undefined;
}

/** A claim signed by a key that the policy lets make it. */
export interface Vote {
  readonly voter: Voter;
  readonly claim: Claim;
}

/** A trust policy, what a root has learned, and the day: all that bundles are judged by. */
export interface Ruling {
  readonly policy: TrustPolicy;
  readonly floor: TrustFloor;
  readonly voters: readonly Voter[];
  /** UTC, `YYYY-MM-DD`: such days sort as text. */
  readonly today: string;
}

/** Signatures that a policy asks for and has not got. */
export interface Shortfall {
  readonly role: Role;
  readonly missing: number;
  /** Names of the keys that could still give one. */
  readonly keys: readonly string[];
}

interface Grounds {
  readonly policy: TrustPolicy;
  readonly floor: TrustFloor;
  readonly now: Date;
}

/**
 * Reads the keys of a policy. A clock that stands before the last day on which something was activated was set
 * back, and is not believed.
 *
 * @throws {TradsysError} `KEY_INVALID` for a key that cannot be read or that has two roles, which would let one
 *   holder approve alone; `FIELD_VALUE` for a date or a revocation that would silently have no effect.
 */
export function rulingOf({ policy, floor, now }: Grounds): Ruling {
  const keys = policy.keys.map((trusted) => ({ trusted, publicKey: readPolicyKey(trusted) }));
  refuseTwoRoles(keys);
  refuseOddDays(policy);
  const revoked = revokedKeys(policy, keys);
  const voters = keys.map((key) => ({
    ...key,
    revoked: floor.revokedKeys[key.publicKey.id] ?? revoked.get(key.publicKey.id),
  }));
  const clock = dayOf(now);
  return { policy, floor, voters, today: clock < floor.lastDay ? floor.lastDay : clock };
}

/** The UTC day of a time. */
export const dayOf = (time: Date): string => time.toISOString().slice(0, "YYYY-MM-DD".length);

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

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function refuseOddDays({ keys }: TrustPolicy): void {
  for (const { name, notBefore, notAfter } of keys) {
    for (const day of [notBefore, notAfter]) {
      if (day === undefined || DAY.test(day)) continue;
      throw new TradsysError("FIELD_VALUE", `trust policy: ${name}: ${day} is not a date, YYYY-MM-DD`);
    }
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
export function objection(ruling: Ruling, { trusted, revoked }: Voter, claim: Claim): string | undefined {
  if (revoked !== undefined) return `it is revoked: ${revoked}`;
  if (claim.role !== trusted.role) return `it may not sign as ${claim.role}`;
  if (!maySign(trusted, claim)) return `it may not sign ${claim.name}, of kind ${claim.kind}`;
  const admitted = ruling.floor.admitted[claim.content];
  // What was let in while the key was valid stays in.
  if (admitted !== undefined && outsideWindow(trusted, admitted) === undefined) return undefined;
  return outsideWindow(trusted, ruling.today);
}

/** Why nothing that a key signs today counts; `undefined` if it does. */
export const barOf = ({ today }: Ruling, { trusted, revoked }: Voter): string | undefined =>
  revoked === undefined ? outsideWindow(trusted, today) : `it is revoked: ${revoked}`;

/** Whether a key counts today, in a few words. */
export const keyState = (ruling: Ruling, voter: Voter): string => barOf(ruling, voter) ?? "it counts";

function outsideWindow({ notBefore, notAfter }: TrustedKey, day: string): string | undefined {
  if (notBefore !== undefined && day < notBefore) return `it is not valid before ${notBefore}`;
  return notAfter !== undefined && day > notAfter ? `it was valid until ${notAfter}` : undefined;
}

const maySign = ({ plugins, pattern, kinds }: TrustedKey, { name, kind }: Subject): boolean =>
  ((plugins === undefined && pattern === undefined) ||
    plugins?.includes(name) === true ||
    (pattern !== undefined && name.startsWith(pattern))) &&
  (kinds === undefined || kinds.includes(kind));

/**
 * What is missing to satisfy the policy. Counts keys, not signatures: a key that signed twice counts once.
 * Empty also for a policy that asks for nothing: see `asksForNothing`.
 *
 * @param plugin What is to be signed, where that is known.
 */
export function shortfallsOf(
  { policy, voters, today }: Ruling,
  votes: readonly Vote[],
  plugin?: Subject,
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
      (voter) =>
        voter.trusted.role === role &&
        voter.revoked === undefined &&
        outsideWindow(voter.trusted, today) === undefined &&
        (plugin === undefined || maySign(voter.trusted, plugin)) &&
        !counted.has(idOf(voter)),
    );
    return [{ role, missing: threshold - counted.size, keys: open.map(({ trusted }) => trusted.name) }];
  });
}

/** True for a policy that any bundle would satisfy. Such a policy trusts nothing. */
export const asksForNothing = (policy: TrustPolicy): boolean => thresholdsOf(policy).length === 0;

/** True where missing signatures are only told of: a root that has enforced once does not go back to that. */
export const onlyWarns = ({ policy, floor }: Ruling): boolean => policy.mode === "warn" && !floor.enforced;

/** Why what has this content or blob digest must not run, whoever signed it; `undefined` if it may. */
export function revocationOf({ policy, floor }: Ruling, digest: Digest): string | undefined {
  const reason =
    floor.revokedDigests[digest] ?? policy.revoked.digests.find((entry) => entry.digest === digest)?.reason;
  return reason === undefined ? undefined : `${digest} is revoked: ${reason}`;
}

/** Why this bundle must not run, whoever signed it; `undefined` if it may. */
export const banOf = (
  ruling: Ruling,
  { content, manifest }: { readonly content: Digest; readonly manifest: Released },
): string | undefined => revocationOf(ruling, content) ?? supersession(ruling.floor, manifest);

type Released = Pick<BundleManifest, "name" | "releaseEpoch">;

/** @see Android Verified Boot, "Rollback protection": a version by itself forbids no way back, the epoch does. */
function supersession({ epochs }: TrustFloor, { name, releaseEpoch = 0 }: Released): string | undefined {
  const lowest = epochs[name] ?? 0;
  return releaseEpoch < lowest
    ? `its release epoch is ${releaseEpoch}, and ${name} of epoch ${lowest} was active here: nothing older may run`
    : undefined;
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
