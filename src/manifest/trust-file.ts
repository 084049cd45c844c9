import { isMap, isSeq, parseDocument } from "yaml";

import { TRUST_API_VERSION, type TrustedKey } from "../domain/trust.ts";

/**
 * The text of a trust policy with a key added and its role asked for at least once; comments and order are
 * kept.
 *
 * @param text A policy that passed its door; `undefined` starts a new one.
 */
export function withKey(
  text: string | undefined,
  key: Pick<TrustedKey, "name" | "role" | "publicKey">,
): string {
  const document = parseDocument(text ?? `apiVersion: ${TRUST_API_VERSION}\nkeys: []\nthreshold: {}\n`);
  const keys = document.get("keys");
  const threshold = document.get("threshold");
  if (!isSeq(keys) || !isMap(threshold)) throw new TypeError("a trust policy has keys and a threshold");
  keys.flow = false;
  keys.add(document.createNode(key));
  threshold.flow = false;
  if (!Number(threshold.get(key.role))) threshold.set(key.role, 1);
  return document.toString({ lineWidth: 0 });
}
