import type { OpenBundle } from "../domain/bundle.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Role } from "../domain/trust.ts";
import { PAYLOAD_TYPE, preAuthEncoding } from "./dsse.ts";
import { formatEnvelope } from "./envelope.ts";
import { type Signer, verifies } from "./keys.ts";
import { statementFor } from "./statement.ts";

/**
 * Signs a bundle in a role. With an Ed25519 key, equal bundles give equal envelopes.
 *
 * @returns The envelope, as the text of its file.
 * @throws {TradsysError} `KEY_INVALID` if the signer's signature does not verify with its own public key.
 */
export async function signBundle(
  bundle: OpenBundle,
  signer: Signer,
  { role }: { readonly role: Role },
): Promise<string> {
  return signPayload(statementFor(bundle, role), PAYLOAD_TYPE, signer);
}

/**
 * Signs a document of any type. The type is signed too, so that none passes for one of another type.
 *
 * @returns The envelope, as the text of its file.
 * @throws {TradsysError} `KEY_INVALID` if the signer's signature does not verify with its own public key.
 */
export async function signPayload(payload: Buffer, payloadType: string, signer: Signer): Promise<string> {
  const signed = preAuthEncoding(payloadType, payload);
  const signature = await signer.sign(signed);
  if (!verifies(signer.publicKey, signed, signature)) {
    throw new TradsysError("KEY_INVALID", "the signature does not verify with the signer's public key", {
      hint: "A P-256 signer must answer with a DER signature over SHA-256.",
    });
  }
  return formatEnvelope({ hint: signer.publicKey.id, payloadType, payload, signature });
}
