import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

import type { Digest } from "../domain/ids.ts";
import { type Role, TRUST_API_VERSION, type TrustedKey } from "../domain/trust.ts";

const NEW_POLICY = `apiVersion: ${TRUST_API_VERSION}\nkeys: []\nthreshold: {}\n`;

/**
 * The text of a trust policy with a key added; comments and order are kept, as in all edits here.
 *
 * @param text A policy that passed its door; `undefined` starts a new one.
 */
export const withKey = (text: string | undefined, key: TrustedKey): string =>
  edited(text ?? NEW_POLICY, (policy) => {
    blockList(policy, ["keys"]).add(policy.createNode(key));
  });

/** The text of a trust policy by which every bundle needs at least one signature in a role. */
export const withThreshold = (text: string, role: Role): string =>
  edited(text, (policy) => {
    const threshold = policy.get("threshold");
    if (!isMap(threshold)) throw new TypeError("a trust policy has a threshold");
    threshold.flow = false;
    if (!Number(threshold.get(role))) threshold.set(role, 1);
  });

/** The text of a trust policy in which a key ends on a day and another takes its place, right after it. */
export const withSuccessor = (
  text: string,
  {
    name,
    notAfter,
    successor,
  }: { readonly name: string; readonly notAfter: string; readonly successor: TrustedKey },
): string =>
  edited(text, (policy) => {
    const keys = blockList(policy, ["keys"]);
    const at = keys.items.findIndex((item) => isMap(item) && item.get("name") === name);
    const old = keys.items[at];
    if (!isMap(old)) throw new TypeError(`the trust policy has no key ${name}`);
    old.set("notAfter", notAfter);
    keys.items.splice(at + 1, 0, policy.createNode(successor) as YAMLMap);
  });

/** What no longer counts: a key by its name, or a bundle by one of its digests. */
export type Revoked = { readonly name: string } | { readonly digest: Digest };

/** The text of a trust policy in which something is revoked. */
export const withRevocation = (text: string, revoked: Revoked & { readonly reason: string }): string =>
  edited(text, (policy) => {
    blockList(policy, ["revoked", "name" in revoked ? "keys" : "digests"]).add(policy.createNode(revoked));
  });

function edited(text: string, edit: (policy: Document) => void): string {
  const policy = parseDocument(text);
  edit(policy);
  return policy.toString({ lineWidth: 0 });
}

/** The list at a path, made where there is none, one entry a line. */
function blockList(policy: Document, path: readonly string[]): YAMLSeq {
  if (!policy.hasIn(path)) policy.setIn(path, policy.createNode([]));
  for (const depth of path.keys()) {
    const above = policy.getIn(path.slice(0, depth + 1));
    if (isMap(above) || isSeq(above)) above.flow = false;
  }
  const list = policy.getIn(path);
  if (!isSeq(list)) throw new TypeError(`${path.join(".")} of a trust policy is a list`);
  return list;
}
