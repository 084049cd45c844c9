/** The type of payload that is signed and accepted for bundles: an in-toto statement. */
export const PAYLOAD_TYPE: string = "application/vnd.in-toto+json";

/**
 * The bytes that a signature is made over: type and payload, each with its length, so that neither can pass for
 * a part of the other.
 *
 * @see DSSE v1.0.2, protocol, "Signature Definition": PAE.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
