import { setTimeout } from "node:timers/promises";

import { isCode } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation } from "../domain/plan.ts";
import type { Files } from "../platform/files.ts";
import { currentDigest, readGeneration, rootPaths } from "../store/generations.ts";
import { learnGeneration, raiseTrustFloor } from "../store/trust-floor.ts";
import { actionsIn, type Action } from "./history.ts";
import { openJournal, type Journal } from "./journal.ts";

/** Where activation happens, and for whom. */
export interface Place {
  readonly files: Files;
  readonly root: string;
  readonly now: () => Date;
  /** Who asks for it; ends in the journal. */
  readonly actor: string;
  /** Longest wait for another that is at work, in ms. Defaults to none. */
  readonly waitMs?: number;
}

/** A root that nobody else changes. */
export interface Held {
  readonly current: Digest | null;
  readonly journal: Journal;
  readonly actions: readonly Action[];
  /** The last action had not ended, since its process died. */
  readonly wasCutShort: boolean;
}

/**
 * Holds the root's lock, and first writes down how an action that was cut short had ended.
 *
 * @throws {TradsysError} `BUSY` while another is at work, and whatever is wrong with the journal.
 */
export async function whileHeld<T>(place: Place, work: (held: Held) => Promise<T>): Promise<T> {
  const { files, root, now } = place;
  const paths = rootPaths(root);
  await using _held = await lockWithin(files, paths.lock, place.waitMs ?? 0);
  const journal = await openJournal(files, paths.journal);
  const current = await currentDigest(files, root);
  const last = actionsIn(journal.entries).at(-1);
  const wasCutShort = last?.ending === "open";
  if (wasCutShort) {
    const { action, from, to, actor } = last.begun;
    const event = current === to ? "finished" : "interrupted";
    if (event === "finished" && current !== null)
      await learn(await readGeneration(files, root, current), place);
    await journal.append({ event, action, from, to, actor, at: now().toISOString(), current });
  }
  return await work({ current, journal, actions: actionsIn(journal.entries), wasCutShort });
}

/** Lets a root learn about trust from a generation that has become active in it. Call only while holding it. */
export const learn = (
  generation: Generation,
  { files, root, now }: Pick<Place, "files" | "root" | "now">,
): Promise<void> => raiseTrustFloor(files, root, learnGeneration(generation, now()));

/** How often a lock is asked for that another holds, in ms. */
const PATIENCE_MS = 100;

/** Counts its own pauses: a clock that is set meanwhile makes no wait longer. */
async function lockWithin(files: Files, path: string, waitMs: number): Promise<AsyncDisposable> {
  for (let left = waitMs; ; left -= PATIENCE_MS) {
    try {
      return await files.lock(path);
    } catch (error) {
      if (left <= 0 || !isCode(error, "BUSY")) throw error;
    }
    await setTimeout(Math.min(left, PATIENCE_MS));
  }
}
