import { count, exactly, instant, oneOf, textThat } from "../bundle/shape.ts";
import { CHECKPOINT_API_VERSION, type Checkpoint } from "../domain/checkpoint.ts";
import { isDigest } from "../domain/ids.ts";
import { err, type Result } from "../domain/result.ts";
import { EMPTY_FLOOR, type TrustFloor, type TrustPolicy } from "../domain/trust.ts";
import { type DocumentFormat, openDocument, type SignedDocument } from "./signed-document.ts";
import { barOf, type Ruling, rulingOf } from "./trust.ts";

export const CHECKPOINT: DocumentFormat<Checkpoint> = {
  type: "application/vnd.tradsys.checkpoint.v1+json",
  noun: "a checkpoint",
  is: exactly<Checkpoint>({
    apiVersion: oneOf(CHECKPOINT_API_VERSION),
    seq: count,
    digest: textThat(isDigest),
    at: instant,
  }),
};

/** Reads a checkpoint by a key that counted when it signed, and was not revoked since. */
export function readCheckpoint(
  envelope: string,
  policy: TrustPolicy,
  floor: TrustFloor,
): Result<SignedDocument<Checkpoint>, string> {
  const rulingAt = (now: Date): Ruling =>
    rulingOf({ policy, floor: { ...floor, lastDay: EMPTY_FLOOR.lastDay }, now });
  const opened = openDocument(CHECKPOINT, envelope, rulingAt(new Date(0)));
  if (!opened.ok) return opened;
  const then = rulingAt(new Date(opened.value.document.at));
  const judged = openDocument(CHECKPOINT, envelope, then);
  if (!judged.ok) return judged;
  const { signer } = judged.value;
  const bar = barOf(then, signer);
  return bar === undefined ? judged : err(`the checkpoint of ${signer.trusted.name} does not count: ${bar}`);
}
