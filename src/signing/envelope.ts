import { ENVELOPE_BYTES, ENVELOPE_MEDIA_TYPE } from "../bundle/format.ts";
import { exactly, listOf, oneOf, optional, parseJson, text, textLike, textThat } from "../bundle/shape.ts";
import { canonical } from "../domain/canonical.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { PAYLOAD_TYPE } from "./dsse.ts";

/** A signed payload, before anything is known about who signed it. */
export interface Envelope {
  /** Which key the signer says it used. Good for messages only. */
  readonly hint: string;
  /** What kind of document was signed; part of what the signature covers. Defaults to a statement about a bundle. */
  readonly payloadType?: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** The envelope as a file: a Sigstore bundle v0.3 that holds a DSSE envelope. */
export function formatEnvelope({ hint, payloadType = PAYLOAD_TYPE, payload, signature }: Envelope): string {
  const file: EnvelopeFile = {
    mediaType: ENVELOPE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint } },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: signature.toString("base64") }],
    },
  };
  return `${canonical(file)}\n`;
}

/** Reads an envelope around one type of payload; or tells why the text is none. */
export function parseEnvelope(source: string, payloadType = PAYLOAD_TYPE): Result<Envelope, string> {
  if (Buffer.byteLength(source) > ENVELOPE_BYTES) return err(`it is larger than ${ENVELOPE_BYTES} bytes`);
  const file = parseJson(source);
  if (!isEnvelopeFile(file))
    return err("it does not have the form of a Sigstore bundle v0.3 with a public key");
  const { payload, signatures } = file.dsseEnvelope;
  if (file.dsseEnvelope.payloadType !== payloadType) {
    return err(`it is around a payload of type ${JSON.stringify(file.dsseEnvelope.payloadType)}`);
  }
  const [signature, ...others] = signatures;
  if (!signature || others.length > 0) return err(`it has ${signatures.length} signatures, not one`);
  return ok({
    hint: file.verificationMaterial.publicKey.hint,
    payloadType,
    payload: Buffer.from(payload, "base64"),
    signature: Buffer.from(signature.sig, "base64"),
  });
}

interface Signature {
  readonly sig: string;
  /** Optional in DSSE, and not looked at. */
  readonly keyid?: string;
}

interface EnvelopeFile {
  readonly mediaType: typeof ENVELOPE_MEDIA_TYPE;
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly Signature[];
  };
}

/** Node decodes almost anything; one value has one text here. */
const base64 = textThat(
  (value): value is string => Buffer.from(value, "base64").toString("base64") === value,
);

const isEnvelopeFile = exactly<EnvelopeFile>({
  mediaType: oneOf(ENVELOPE_MEDIA_TYPE),
  verificationMaterial: exactly<EnvelopeFile["verificationMaterial"]>({
    // Printed in messages: nothing in it may steer a terminal.
    publicKey: exactly<{ hint: string }>({ hint: textLike(/^[\x21-\x7e]{1,128}$/) }),
  }),
  dsseEnvelope: exactly<EnvelopeFile["dsseEnvelope"]>({
    payload: base64,
    payloadType: text,
    signatures: listOf(exactly<Signature>({ sig: base64, keyid: optional(text) })),
  }),
});
