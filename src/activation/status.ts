import { isDigest, type Digest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { readCurrent, rootPaths, type ActiveGeneration } from "../store/generations.ts";
import { actionsIn, activatedIn, halfWay, type HalfWay } from "./history.ts";
import { readJournal, type JournalEntry } from "./journal.ts";

/** What a root holds and what happened to it last. */
export interface RootStatus {
  readonly active: ActiveGeneration | null;
  /** Every generation that was active and can be gone back to, in digest order. */
  readonly generations: readonly Digest[];
  readonly last: JournalEntry | null;
  /** An activation began and has not ended: it failed, its process died, or it is at work. `active` says what it left. */
  readonly interrupted: boolean;
  /** How far a plan has come that is neither done nor taken back: applying it again goes on, a rollback takes it back. */
  readonly halfWay: Pick<HalfWay, "wave" | "of"> | null;
}

/** Reads the state of a root; changes nothing. */
export async function rootStatus(files: Files, root: string): Promise<RootStatus> {
  const active = await readCurrent(files, root);
  const entries = await readJournal(files, rootPaths(root).journal);
  const actions = actionsIn(entries);
  const current = active?.digest ?? null;
  const known = new Set([current, ...activatedIn(actions)]);
  const between = halfWay(actions, current);
  return {
    active,
    generations: (await wholeGenerations(files, root)).filter((digest) => known.has(digest)),
    last: entries.at(-1) ?? null,
    interrupted: actions.at(-1)?.ending === "open",
    halfWay: between ? { wave: between.wave, of: between.of } : null,
  };
}

/** A plan that was begun and is neither done nor taken back, and what it was begun with. */
export interface OpenPlan {
  /** Where the root keeps it. */
  readonly file: string;
  /** Envelopes of its approvals. */
  readonly approvals: readonly string[];
}

/** The plan that a root was left with; null where there is nothing to go on with. */
export async function openPlan(files: Files, root: string): Promise<OpenPlan | null> {
  const paths = rootPaths(root);
  const last = actionsIn(await readJournal(files, paths.journal)).at(-1);
  if (!last || last.begun.to === null || last.ending === "finished" || last.ending === "rolled-back")
    return null;
  const file = paths.plan(last.begun.to);
  if ((await files.kind(file)) === "missing") return null;
  return { file, approvals: last.begun.approvals?.map(({ envelope }) => envelope) ?? [] };
}

/** A folder without its file is what a crash left of a generation that was never switched to. */
export async function wholeGenerations(files: Files, root: string): Promise<readonly Digest[]> {
  const paths = rootPaths(root);
  const digests = (await files.list(paths.generations)).map((hex) => `sha256:${hex}`).filter(isDigest);
  const kinds = await Promise.all(digests.map((digest) => files.kind(paths.generation(digest))));
  return digests.filter((_, i) => kinds[i] === "file");
}
