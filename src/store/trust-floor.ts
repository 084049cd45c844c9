import {
  exactly,
  flag,
  type Guard,
  count,
  oneOf,
  parseJson,
  recordOf,
  text,
  textLike,
} from "../bundle/shape.ts";
import { canonical } from "../domain/canonical.ts";
import { TradsysError, isCode } from "../domain/errors.ts";
import { isDigest, isPluginName } from "../domain/ids.ts";
import type { Generation } from "../domain/plan.ts";
import { EMPTY_FLOOR, TRUST_FLOOR_API_VERSION, type TrustFloor, type TrustPolicy } from "../domain/trust.ts";
import type { Files } from "../platform/files.ts";
import { dayOf, rulingOf } from "../signing/trust.ts";
import { rootPaths } from "./generations.ts";

/** Largest floor that is read, in bytes. */
const MAX_FLOOR_BYTES = 16 * 1024 * 1024;

/**
 * What a root has learned about trust.
 *
 * @throws {TradsysError} `TRUST_FLOOR_DAMAGED`: what cannot be read might forbid anything, so nothing is let through.
 */
export async function readTrustFloor(files: Files, root: string): Promise<TrustFloor> {
  const { trustFloor } = rootPaths(root);
  const bytes = await files.read(trustFloor, MAX_FLOOR_BYTES).catch((error: unknown) => {
    if (isCode(error, "FILE_MISSING")) return undefined;
    throw error;
  });
  if (!bytes) return EMPTY_FLOOR;
  const floor = parseJson(bytes.toString());
  if (isTrustFloor(floor)) return floor;
  throw new TradsysError("TRUST_FLOOR_DAMAGED", "it is not what was written there", {
    hint: "It holds what must never run here again. Restore it from a backup.",
    location: { file: trustFloor },
  });
}

/** Adds what something taught to what the root knows. Call only while holding the root's lock. */
export async function raiseTrustFloor(
  files: Files,
  root: string,
  lesson: (floor: TrustFloor) => TrustFloor,
): Promise<void> {
  const before = await readTrustFloor(files, root);
  const [old, next] = [canonical(before), canonical(lesson(before))];
  if (old !== next) await files.write(rootPaths(root).trustFloor, next);
}

/** What a root learns from a generation that became active in it. */
export const learnGeneration =
  ({ trust, plugins }: Generation, now: Date) =>
  (floor: TrustFloor): TrustFloor => {
    const today = dayOf(now);
    const learned = learnPolicy(trust, now)(floor);
    const lastDay = today > floor.lastDay ? today : floor.lastDay;
    return {
      ...learned,
      enforced: floor.enforced || trust.mode !== "warn",
      epochs: Object.fromEntries([
        ...Object.entries(floor.epochs),
        ...plugins
          .filter(({ name, releaseEpoch = 0 }) => releaseEpoch > (floor.epochs[name] ?? 0))
          .map(({ name, releaseEpoch = 0 }) => [name, releaseEpoch]),
      ]),
      admitted: {
        ...Object.fromEntries(plugins.map(({ content }) => [content, lastDay])),
        ...floor.admitted,
      },
      lastDay,
    };
  };

/** What a root learns from a policy: whom and what it revokes. Reasons that are known stay. */
export const learnPolicy =
  (policy: TrustPolicy, now: Date) =>
  (floor: TrustFloor): TrustFloor => ({
    ...floor,
    revokedKeys: {
      ...Object.fromEntries(
        rulingOf({ policy, floor, now }).voters.flatMap(({ publicKey, revoked }) =>
          revoked === undefined ? [] : [[publicKey.id, revoked]],
        ),
      ),
      ...floor.revokedKeys,
    },
    revokedDigests: {
      ...Object.fromEntries(policy.revoked.digests.map(({ digest, reason }) => [digest, reason])),
      ...floor.revokedDigests,
    },
  });

const isTrustFloor: Guard<TrustFloor> = exactly<TrustFloor>({
  apiVersion: oneOf(TRUST_FLOOR_API_VERSION),
  enforced: flag,
  revokedKeys: recordOf(text, isDigest),
  revokedDigests: recordOf(text, isDigest),
  epochs: recordOf(count, isPluginName),
  admitted: recordOf(textLike(/^\d{4}-\d{2}-\d{2}$/), isDigest),
  lastDay: textLike(/^\d{4}-\d{2}-\d{2}$/),
});
