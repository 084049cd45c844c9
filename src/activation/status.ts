import { isDigest, type Digest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { readCurrent, rootPaths, type ActiveGeneration } from "../store/generations.ts";
import { readJournal, type JournalEntry } from "./journal.ts";

/** What a root holds and what happened to it last. */
export interface RootStatus {
  readonly active: ActiveGeneration | null;
  /** Every generation that can be gone back to, in digest order. */
  readonly generations: readonly Digest[];
  readonly last: JournalEntry | null;
  /** An activation began and did not end: its process died. `active` says what it left. */
  readonly interrupted: boolean;
}

/** Reads the state of a root; changes nothing. */
export async function rootStatus(files: Files, root: string): Promise<RootStatus> {
  const { journal, generations } = rootPaths(root);
  const [active, entries, folders] = await Promise.all([
    readCurrent(files, root),
    readJournal(files, journal),
    files.list(generations),
  ]);
  const last = entries.at(-1) ?? null;
  return {
    active,
    generations: folders.map((hex) => `sha256:${hex}`).filter(isDigest),
    last,
    interrupted: last?.event === "started",
  };
}
