import type { OpenBundle } from "../../src/domain/bundle.ts";
import type { Role, TrustedKey, TrustPolicy } from "../../src/domain/trust.ts";
import { PAYLOAD_TYPE, preAuthEncoding } from "../../src/signing/dsse.ts";
import { formatEnvelope } from "../../src/signing/envelope.ts";
import { generateKey, localSigner, type Signer } from "../../src/signing/keys.ts";
import { signBundle } from "../../src/signing/sign.ts";
import { admit, describeVerification, type Verification } from "../../src/signing/verification.ts";
import { verifyBundle } from "../../src/signing/verify.ts";
import { packed } from "../bundle/sample.ts";

/** Somebody with a key. */
interface Person {
  readonly signer: Signer;
  readonly publicPem: string;
}

function person(): Person {
  const { privatePem, publicPem } = generateKey();
  return { signer: localSigner(privatePem), publicPem };
}

export const [ci, desk, backup, officer, stranger] = [person(), person(), person(), person(), person()];

export const key = (
  name: string,
  { publicPem }: Person,
  rest: Partial<TrustedKey> & { role: Role },
): TrustedKey => ({ name, publicKey: publicPem, ...rest });

/** Trusts the desk to release; `changes` makes it stricter or different. */
export const policy = (changes: Partial<TrustPolicy> = {}): TrustPolicy => ({
  apiVersion: "tradsys/trust/v1",
  keys: [
    key("ci", ci, { role: "builder" }),
    key("desk", desk, { role: "release" }),
    key("backup", backup, { role: "release" }),
    key("officer", officer, { role: "risk" }),
  ],
  threshold: { release: 1 },
  revoked: { keys: [], digests: [] },
  ...changes,
});

export const signed = (bundle: OpenBundle, by: Person, role: Role = "release"): Promise<string> =>
  signBundle(bundle, by.signer, { role });

/** An envelope around any payload, honestly signed. */
export async function envelopeOf(
  payload: Buffer | string,
  { signer }: Person,
  payloadType = PAYLOAD_TYPE,
): Promise<string> {
  const bytes = Buffer.from(payload);
  const signature = await signer.sign(preAuthEncoding(payloadType, bytes));
  return formatEnvelope({ hint: signer.publicKey.id, payload: bytes, signature });
}

interface EnvelopeJson {
  readonly verificationMaterial: { readonly publicKey: { hint: string } };
  readonly dsseEnvelope: {
    payload: string;
    payloadType: string;
    signatures: { sig: string; keyid?: string }[];
  };
}

/** An envelope with something in its JSON changed after it was signed. */
export function tampered(envelope: string, change: (json: EnvelopeJson) => void): string {
  const json = JSON.parse(envelope) as EnvelopeJson;
  change(json);
  return JSON.stringify(json);
}

/** The bundle that everyone signs here. */
export const file = "tradsys-risk-core-4.2.0.tar.gz";
const now = new Date("2026-03-15T12:00:00Z");
export const bundle = packed();

interface Given {
  readonly bytes?: Buffer;
  readonly policy?: TrustPolicy;
  readonly now?: Date;
}
export const verify = (envelopes: readonly string[], given: Given = {}): Verification =>
  verifyBundle({ bytes: bundle.bytes, file, envelopes, policy: policy(), now, ...given });
export const said = (envelopes: readonly string[], given: Given = {}): string =>
  describeVerification(verify(envelopes, given));
export const status = (envelopes: readonly string[], given: Given = {}): string =>
  verify(envelopes, given).status;
/** Whether it would be used, be it with a warning. */
export const usable = (envelopes: readonly string[], given: Given = {}): boolean =>
  admit(verify(envelopes, given)).ok;
