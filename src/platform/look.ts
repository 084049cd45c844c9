import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";

import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";

/**
 * What stands in a place right now; `null` for nothing, and for what cannot be read. Answers at once: hundreds of small
 * questions to a warm disk take less time than the promises for their answers would.
 */
export interface Look {
  /** What a file holds. */
  readonly content: (path: string) => Digest | null;
  /** What is in a folder, sorted. */
  readonly names: (path: string) => readonly string[] | null;
  /** Where a path leads once its symbolic links are followed. */
  readonly target: (path: string) => string | null;
  /** When a file was last written to or put in its place, in milliseconds since 1970. */
  readonly changedAt: (path: string) => number | null;
}

/** The real disk. */
export const nodeLook: Look = {
  content: (path) => orNull(() => sha256(readFileSync(path))),
  names: (path) => orNull(() => readdirSync(path).toSorted()),
  target: (path) => orNull(() => realpathSync.native(path)),
  changedAt: (path) => statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? null,
};

function orNull<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
