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
  /** An activation began and has not ended: it failed, its process died, or it is at work. `active` says what it left. */
  readonly interrupted: boolean;
}

/** Reads the state of a root; changes nothing. */
export async function rootStatus(files: Files, root: string): Promise<RootStatus> {
  const active = await readCurrent(files, root);
  const entries = await readJournal(files, rootPaths(root).journal);
  const last = entries.at(-1) ?? null;
  return {
    active,
    generations: await wholeGenerations(files, root),
    last,
    interrupted: last?.event === "started",
  };
}

/** A folder without its file is what a crash left of a generation that was never switched to. */
export async function wholeGenerations(files: Files, root: string): Promise<readonly Digest[]> {
  const paths = rootPaths(root);
  const digests = (await files.list(paths.generations)).map((hex) => `sha256:${hex}`).filter(isDigest);
  const kinds = await Promise.all(digests.map((digest) => files.kind(paths.generation(digest))));
  return digests.filter((_, i) => kinds[i] === "file");
}
