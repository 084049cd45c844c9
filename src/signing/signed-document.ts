import { type Guard, parseJson } from "../bundle/shape.ts";
import { canonical } from "../domain/canonical.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { preAuthEncoding } from "./dsse.ts";
import { parseEnvelope } from "./envelope.ts";
import { type Signer, verifies } from "./keys.ts";
import { signPayload } from "./sign.ts";
import { barOf, type Ruling, type Voter } from "./trust.ts";

/** A format of its own that people sign, other than statements about bundles. */
export interface DocumentFormat<T> {
  /** Media type of the payload. */
  readonly type: string;
  /** What it is, for messages: `an approval`. */
  readonly noun: string;
  readonly is: Guard<T>;
}

/** A document, and the key that signed it. */
export interface SignedDocument<T> {
  readonly document: T;
  /** A key of the policy; whether it counts is not judged yet. */
  readonly signer: Voter;
}

/** The envelope around a document, as the text of its file. @throws {TradsysError} as `signPayload` does. */
export const signDocument = <T>(format: DocumentFormat<T>, document: T, signer: Signer): Promise<string> =>
  signPayload(Buffer.from(canonical(document)), format.type, signer);

/** Finds the key of a policy that signed a document, and reads it; or tells why there is none. */
export function openDocument<T>(
  { type, noun, is }: DocumentFormat<T>,
  source: string,
  ruling: Ruling,
): Result<SignedDocument<T>, string> {
  const envelope = parseEnvelope(source, type);
  if (!envelope.ok) return err(`${noun} cannot be read: ${envelope.error}`);
  const { hint, payload, signature } = envelope.value;
  const signed = preAuthEncoding(type, payload);
  const signers = ruling.voters.filter(({ publicKey }) => verifies(publicKey, signed, signature));
  // A key may be listed more than once, for example with two periods.
  const signer = signers.find((voter) => barOf(ruling, voter) === undefined) ?? signers[0];
  if (!signer) return err(`${noun} is not signed by a key of the trust policy, but by ${hint}`);
  const document = parseJson(payload.toString());
  return is(document)
    ? ok({ document, signer })
    : err(`what ${signer.trusted.name} signed does not have the form of ${noun}`);
}
