import { dirname, join } from "node:path";

import type { Digest } from "../domain/ids.ts";
import type { Files } from "../platform/files.ts";
import { garbageIn, whileNobodyPublishes } from "../store/collect.ts";
import { currentDigest, readGeneration, rootPaths } from "../store/generations.ts";
import { actionsIn, activatedIn, lastApplied, type Action } from "./history.ts";
import { readJournal } from "./journal.ts";
import { policiesInForce } from "./judgement.ts";
import { type Place, whileHeld } from "./locked.ts";
import { wholeGenerations } from "./status.ts";

/** What can be removed from a root. */
export interface Garbage {
  /** Generations that nothing goes back to. */
  readonly generations: readonly Digest[];
  /** Files that nothing needs: blobs of the store, and what writers left that died. */
  readonly files: readonly string[];
  /** Generations that stay. */
  readonly retained: readonly Digest[];
}

/**
 * Tells what `collectGarbage` would remove.
 *
 * @param keep How many of the generations that were active last can be gone back to.
 */
export async function findGarbage(
  { files, root }: Pick<Place, "files" | "root">,
  keep: number,
): Promise<Garbage> {
  const actions = actionsIn(await readJournal(files, rootPaths(root).journal));
  return garbageOf({ files, root }, actions, keep);
}

/**
 * Removes what nothing reaches from the generations that are kept, from a plan that is under way, or from what is
 * published. A crash leaves only more to collect: what names something goes before what it names.
 *
 * @throws {TradsysError} `BUSY`; whatever is wrong with a generation that is kept, or with the store.
 */
export function collectGarbage(place: Place, keep: number): Promise<Garbage> {
  const { files, root } = place;
  const paths = rootPaths(root);
  return whileHeld(place, ({ actions }) =>
    whileNobodyPublishes(files, paths.store, async () => {
      const garbage = await garbageOf(place, actions, keep);
      for (const digest of garbage.generations) await files.remove(dirname(paths.generation(digest)));
      for (const file of garbage.files) await files.remove(file);
      return garbage;
    }),
  );
}

async function garbageOf(
  { files, root }: { readonly files: Files; readonly root: string },
  actions: readonly Action[],
  keep: number,
): Promise<Garbage> {
  const paths = rootPaths(root);
  const inForce = await policiesInForce({ files, root }, actions);
  const wanted = new Set([
    await currentDigest(files, root),
    ...(inForce.length > 0 ? [lastApplied(actions)] : []),
    ...activatedIn(actions).slice(0, keep),
    ...underWay(actions),
  ]);
  const whole = await wholeGenerations(files, root);
  const retained = whole.filter((digest) => wanted.has(digest));

  const needed = new Set<Digest>();
  for (const digest of retained) {
    const { plugins } = await readGeneration(files, root, digest);
    for (const { blob, envelopes } of plugins) [blob, ...envelopes].forEach((each) => needed.add(each));
  }
  const leftovers = (await files.list(root)).filter((name) => name.startsWith(".") && name.endsWith(".tmp"));
  return {
    retained,
    generations: whole.filter((digest) => !wanted.has(digest)),
    files: [...leftovers.map((name) => join(root, name)), ...(await garbageIn(files, paths.store, needed))],
  };
}

/** The generations of a plan that can still be gone on with, and the one it would be taken back to. */
function underWay(actions: readonly Action[]): readonly (Digest | null)[] {
  const last = actions.at(-1);
  if (!last || last.ending === "finished" || last.ending === "rolled-back") return [];
  const { from, to, stages = [] } = last.begun;
  return [from, to, ...stages.map(({ digest }) => digest)];
}
