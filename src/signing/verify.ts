import { differencesIn } from "../bundle/difference.ts";
import { bundleFiles } from "../bundle/format.ts";
import { readBundle } from "../bundle/open.ts";
import { BUNDLE_LIMITS, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { byText } from "../domain/by-text.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { EMPTY_FLOOR, type TrustFloor, type TrustPolicy } from "../domain/trust.ts";
import { PAYLOAD_TYPE, preAuthEncoding } from "./dsse.ts";
import { parseEnvelope } from "./envelope.ts";
import { verifies } from "./keys.ts";
import { type Claim, readClaim } from "./statement.ts";
import {
  asksForNothing,
  banOf,
  objection,
  onlyWarns,
  revocationOf,
  type Ruling,
  rulingOf,
  shortfallsOf,
  type Vote,
} from "./trust.ts";
import type { CountedKey, Verification } from "./verification.ts";

interface VerifyRequest {
  readonly bytes: Buffer;
  /** Name of the bundle, for messages. */
  readonly file: string;
  /** The texts of its envelopes, in any order. */
  readonly envelopes: readonly string[];
  readonly policy: TrustPolicy;
  /** What the root has learned that the bundle is for. Defaults to nothing. */
  readonly floor?: TrustFloor;
  readonly now: Date;
}

/** A request, and the ruling that follows from it. */
interface Case extends VerifyRequest {
  readonly ruling: Ruling;
}

/** What one envelope comes to. `broken` is false or unreadable; `refused` may be in order, but does not count. */
type Ballot =
  | ({ readonly kind: "vote" } & Vote)
  | { readonly kind: "broken" | "refused"; readonly reason: string };

interface Count {
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
  const { floor = EMPTY_FLOOR } = request;
  const given = { ...request, ruling: rulingOf({ ...request, floor }) };
  return tolerating(given, decide(given));
}

function decide(given: Case): Verification {
  const { bytes, file, ruling } = given;
  const blob = sha256(bytes);
  const revoked = revocationOf(ruling, blob);
  if (revoked !== undefined) return untrusted(file, revoked);
  const counted = count(given);
  if (!counted.ok) return counted.error;

  const bundle = readWithin(ruling.policy, bytes);
  if (bundle.ok) return judge(given, bundle.value, counted.value);
  if (bundle.error.kind === "modified") {
    return { status: "modified", file, differences: bundle.error.differences };
  }
  const { claim } = counted.value.votes[0];
  return claim.blob === blob
    ? { status: "invalid", file, part: "bundle", reason: bundle.error.reason }
    : changed(file, { file: bundleFiles(claim).packed, expected: claim.blob, found: blob });
}

/** The envelopes of a bundle, and what they are judged by. */
type Ballots = Pick<Case, "file" | "envelopes" | "ruling">;

/** What is said of a bundle without a look into it. */
type Known = Pick<Claim, "name" | "version" | "blob" | "content"> & { readonly releaseEpoch?: number };

/**
 * Tells whether enough trusted keys signed exactly these bytes, named by their digest, and nothing bans them. That is
 * as good as `verifyBundle` for bytes that were opened before, and saves unpacking them.
 *
 * @returns Digest of the manifest that all of them signed; `undefined` where full verification has to speak, for
 *   example since the bundle was compressed anew.
 */
export function signedAsIs(bundle: Known, given: Ballots): Digest | undefined {
  const { name, version, blob, content } = bundle;
  const { ruling } = given;
  const ban = revocationOf(ruling, blob) ?? banOf(ruling, { content, manifest: bundle });
  const counted = count(given);
  if (ban !== undefined || !counted.ok) return undefined;
  const agreeing = counted.value.votes.filter(
    ({ claim }) =>
      claim.blob === blob && claim.content === content && claim.name === name && claim.version === version,
  );
  const [manifest, ...others] = new Set(agreeing.map(({ claim }) => claim.files.get(MANIFEST_FILE)?.sha256));
  return others.length === 0 && shortfallsOf(ruling, agreeing).length === 0 ? manifest : undefined;
}

/** The half that needs no bundle: whose signatures are these, and could they be enough? */
function count({ file, envelopes, ruling }: Ballots): Result<Count, Verification> {
  if (asksForNothing(ruling.policy)) return err(untrusted(file, "the trust policy asks for no signature"));
  if (envelopes.length === 0) return err({ status: "unsigned", file, needs: shortfallsOf(ruling, []) });

  const ballots = envelopes.map((envelope) => readBallot(envelope, ruling));
  const votes = ballots.filter((ballot) => ballot.kind === "vote");
  const reasons = ballots.flatMap((ballot) => (ballot.kind === "vote" ? [] : [ballot.reason]));
  if (ballots.every(({ kind }) => kind === "broken")) {
    return err({ status: "invalid", file, part: "signature", reason: reasons.join("; ") });
  }
  const [first, ...others] = votes;
  const needs = shortfallsOf(ruling, votes, first?.claim);
  if (!first || needs.length > 0) return err({ status: "untrusted", file, reasons, needs });
  return ok({ votes: [first, ...others], reasons });
}

/** The half that compares: is this the bundle that they signed? */
function judge({ file, ruling }: Case, bundle: OpenBundle, { votes, reasons }: Count): Verification {
  const { manifest, content } = bundle;
  const ban = banOf(ruling, bundle);
  if (ban !== undefined) return untrusted(file, ban);

  const about = votes.filter(
    ({ claim }) =>
      claim.name === manifest.name && claim.version === manifest.version && claim.kind === manifest.kind,
  );
  const agreeing = about.filter(({ claim }) => claim.content === content);
  const needs = shortfallsOf(ruling, agreeing, manifest);
  if (needs.length === 0) return { status: "signed", file, bundle, keys: keysOf(agreeing) };

  const [other] = about;
  if (other && agreeing.length === 0) {
    const { claim } = other;
    const differences = differencesIn(bundle.files, claim.files);
    return claim.files.size > 0 && differences.length > 0
      ? { status: "modified", file, differences }
      : changed(file, { file: bundleFiles(claim).archive, expected: claim.content, found: content });
  }
  const elsewhere = votes
    .filter((vote) => !agreeing.includes(vote))
    .map(
      ({ voter, claim }) => `${voter.trusted.name} signed ${claim.name} ${claim.version} (${claim.content})`,
    );
  return { status: "untrusted", file, reasons: [...reasons, ...elsewhere], needs };
}

/** Hands out a bundle that lacks nothing but signatures, where the policy only warns of that. */
function tolerating({ bytes, file, ruling }: Case, verification: Verification): Verification {
  const { status } = verification;
  if (!onlyWarns(ruling) || (status !== "unsigned" && status !== "untrusted")) return verification;
  if (verification.needs.length === 0) return verification;
  const bundle = readWithin(ruling.policy, bytes);
  if (!bundle.ok) return verification;
  const ban = banOf(ruling, bundle.value);
  return ban === undefined ? { ...verification, tolerated: bundle.value } : untrusted(file, ban);
}

/** A policy may draw sizes tighter. */
const readWithin = ({ limits }: TrustPolicy, bytes: Buffer) =>
  readBundle(bytes, { ...BUNDLE_LIMITS, ...limits });

/** Tries every key: the hint is only for messages. */
function readBallot(source: string, ruling: Ruling): Ballot {
  const envelope = parseEnvelope(source);
  if (!envelope.ok) return { kind: "broken", reason: `an envelope cannot be read: ${envelope.error}` };
  const { hint, payload, signature } = envelope.value;
  const signed = preAuthEncoding(PAYLOAD_TYPE, payload);
  const signers = ruling.voters.filter(({ publicKey }) => verifies(publicKey, signed, signature));
  const [signer] = signers;
  if (!signer) {
    const meant = ruling.voters.find(({ publicKey }) => publicKey.id === hint);
    return meant
      ? { kind: "broken", reason: `the signature of ${meant.trusted.name} does not verify` }
      : { kind: "refused", reason: `it is signed by a key that the trust policy does not have, ${hint}` };
  }

  const { name } = signer.trusted;
  const claim = readClaim(payload);
  if (!claim.ok) return { kind: "broken", reason: `${name}: ${claim.error}` };
  // A key may be listed more than once, for example with two periods; one entry that lets it sign is enough.
  const voter = signers.find((each) => objection(ruling, each, claim.value) === undefined);
  return voter
    ? { kind: "vote", voter, claim: claim.value }
    : {
        kind: "refused",
        reason: `the signature of ${name} does not count: ${objection(ruling, signer, claim.value)}`,
      };
}

function keysOf(votes: readonly Vote[]): readonly CountedKey[] {
  const keys = votes.map(({ voter: { trusted, publicKey } }): [Digest, CountedKey] => [
    publicKey.id,
    { name: trusted.name, role: trusted.role, id: publicKey.id },
  ]);
  return [...new Map(keys).values()].toSorted((a, b) => byText(a.id, b.id));
}

/** No further signature would help. */
const untrusted = (file: string, reason: string): Verification => ({
  status: "untrusted",
  file,
  reasons: [reason],
  needs: [],
});

const changed = (
  file: string,
  difference: { readonly file: string; readonly expected: Digest; readonly found: Digest },
): Verification => ({ status: "modified", file, differences: [{ kind: "changed", ...difference }] });
