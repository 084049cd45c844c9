import { bundleFiles } from "../bundle/format.ts";
import { readBundle } from "../bundle/open.ts";
import { BUNDLE_LIMITS, type OpenBundle } from "../domain/bundle.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { TrustPolicy } from "../domain/trust.ts";
import { PAYLOAD_TYPE, preAuthEncoding } from "./dsse.ts";
import { parseEnvelope } from "./envelope.ts";
import { verifies } from "./keys.ts";
import { readClaim } from "./statement.ts";
import {
  asksForNothing,
  objection,
  revocationOf,
  shortfallsOf,
  type Vote,
  type Voter,
  votersOf,
} from "./trust.ts";
import type { CountedKey, Verification } from "./verification.ts";

interface VerifyRequest {
  readonly bytes: Buffer;
  /** Name of the bundle, for messages. */
  readonly file: string;
  /** The texts of its envelopes, in any order. */
  readonly envelopes: readonly string[];
  readonly policy: TrustPolicy;
  readonly now: Date;
}

/** What one envelope comes to. `broken` is false or unreadable; `refused` may be in order, but does not count. */
type Ballot =
  | ({ readonly kind: "vote" } & Vote)
  | { readonly kind: "broken" | "refused"; readonly reason: string };

interface Count {
  readonly voters: readonly Voter[];
  /** Enough for the policy, if all of them are for the bundle at hand. Never empty. */
  readonly votes: readonly [Vote, ...Vote[]];
  /** Why the other envelopes do not count. */
  readonly reasons: readonly string[];
}

/**
 * Tells whether a bundle may be trusted. Signatures come first: nothing is unpacked before enough trusted keys
 * have been found, and what is unpacked is trusted only if its content is what these keys signed.
 *
 * The content digest decides, so a bundle that was compressed anew is still the same bundle.
 *
 * @throws {TradsysError} `KEY_INVALID` or `FIELD_VALUE` for a policy that cannot be applied.
 */
export function verifyBundle(request: VerifyRequest): Verification {
  const { bytes, file, policy } = request;
  const counted = count(request);
  if (!counted.ok) return counted.error;
  const blob = sha256(bytes);
  const revoked = revocationOf(policy, blob);
  if (revoked !== undefined) return untrusted(file, [revoked]);

  const bundle = readBundle(bytes, { ...BUNDLE_LIMITS, ...policy.limits });
  if (bundle.ok) return judge(request, bundle.value, counted.value);
  if (bundle.error.kind === "modified") {
    return { status: "modified", file, differences: bundle.error.differences };
  }
  const { claim } = counted.value.votes[0];
  return claim.blob === blob
    ? { status: "invalid", file, part: "bundle", reason: bundle.error.reason }
    : changed(file, { file: bundleFiles(claim).packed, expected: claim.blob, found: blob });
}

/** The half that needs no bundle: whose signatures are these, and could they be enough? */
function count({ file, envelopes, policy, now }: VerifyRequest): Result<Count, Verification> {
  const voters = votersOf(policy, now);
  if (envelopes.length === 0) return err({ status: "unsigned", file });
  if (asksForNothing(policy)) return err(untrusted(file, ["the trust policy asks for no signature"]));

  const ballots = envelopes.map((envelope) => readBallot(envelope, voters));
  const votes = ballots.filter((ballot) => ballot.kind === "vote");
  const reasons = ballots.flatMap((ballot) => (ballot.kind === "vote" ? [] : [ballot.reason]));
  if (ballots.every(({ kind }) => kind === "broken")) {
    return err({ status: "invalid", file, part: "signature", reason: reasons.join("; ") });
  }
  const [first, ...others] = votes;
  const needs = shortfallsOf(policy, voters, votes);
  if (!first || needs.length > 0) return err({ status: "untrusted", file, reasons, needs });
  return ok({ voters, votes: [first, ...others], reasons });
}

/** The half that compares: is this the bundle that they signed? */
function judge(
  { file, policy }: VerifyRequest,
  bundle: OpenBundle,
  { voters, votes, reasons }: Count,
): Verification {
  const { manifest, content } = bundle;
  const revoked = revocationOf(policy, content);
  if (revoked !== undefined) return untrusted(file, [revoked]);

  const about = votes.filter(
    ({ claim }) => claim.name === manifest.name && claim.version === manifest.version,
  );
  const agreeing = about.filter(({ claim }) => claim.content === content);
  const needs = shortfallsOf(policy, voters, agreeing);
  if (needs.length === 0) return { status: "signed", file, bundle, keys: keysOf(agreeing) };

  const [other] = about;
  if (other && agreeing.length === 0) {
    const { claim } = other;
    return changed(file, { file: bundleFiles(claim).archive, expected: claim.content, found: content });
  }
  const elsewhere = votes
    .filter((vote) => !agreeing.includes(vote))
    .map(
      ({ voter, claim }) => `${voter.trusted.name} signed ${claim.name} ${claim.version} (${claim.content})`,
    );
  return { status: "untrusted", file, reasons: [...reasons, ...elsewhere], needs };
}

/** Tries every key: the hint is only for messages. */
function readBallot(source: string, voters: readonly Voter[]): Ballot {
  const envelope = parseEnvelope(source);
  if (!envelope.ok) return { kind: "broken", reason: `an envelope cannot be read: ${envelope.error}` };
  const { hint, payload, signature } = envelope.value;
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  const signers = voters.filter(({ publicKey }) => verifies(publicKey, signed, signature));
  const [signer] = signers;
  if (!signer) {
    const meant = voters.find(({ publicKey }) => publicKey.id === hint);
    return meant
      ? { kind: "broken", reason: `the signature of ${meant.trusted.name} does not verify` }
      : { kind: "refused", reason: `it is signed by a key that the trust policy does not have, ${hint}` };
  }

  const { name } = signer.trusted;
  const claim = readClaim(payload);
  if (!claim.ok) return { kind: "broken", reason: `${name}: ${claim.error}` };
  // A key may be listed more than once, for example with two periods; one entry that lets it sign is enough.
  const voter = signers.find((each) => objection(each, claim.value) === undefined);
  return voter
    ? { kind: "vote", voter, claim: claim.value }
    : {
        kind: "refused",
        reason: `the signature of ${name} does not count: ${objection(signer, claim.value)}`,
      };
}

function keysOf(votes: readonly Vote[]): readonly CountedKey[] {
  const keys = votes.map(({ voter: { trusted, publicKey } }): [Digest, CountedKey] => [
    publicKey.id,
    { name: trusted.name, role: trusted.role, id: publicKey.id },
  ]);
  return [...new Map(keys).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const untrusted = (file: string, reasons: readonly string[]): Verification => ({
  status: "untrusted",
  file,
  reasons,
  needs: [],
});

const changed = (
  file: string,
  difference: { readonly file: string; readonly expected: Digest; readonly found: Digest },
): Verification => ({ status: "modified", file, differences: [{ kind: "changed", ...difference }] });
