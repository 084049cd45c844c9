import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan } from "../domain/plan.ts";
import type { Files } from "../platform/files.ts";
import { currentDigest, generationFolder, readGeneration, rootPaths } from "../store/generations.ts";
import { keepPluginPack } from "../store/plugin-pack.ts";
import { learnGeneration, raiseTrustFloor } from "../store/trust-floor.ts";
import { verifyGeneration, warningsAbout } from "../store/verified-plugin.ts";
import { openJournal, type Journal, type JournalRecord } from "./journal.ts";

/** Where activation happens, and what it may use. */
export interface Activation {
  readonly files: Files;
  readonly root: string;
  readonly now: () => Date;
  /** Who asks for it; ends in the journal. */
  readonly actor: string;
}

/** What an activation did. */
export interface Activated {
  readonly from: Digest | null;
  readonly to: Digest;
  /** False when `to` was active already and nothing was done. */
  readonly changed: boolean;
  /** Bundles whose signatures do not suffice, under a policy that only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Makes a plan's generation the current one. Everything that can fail happens before one rename, so that a
 * crash at any instant leaves the old generation or the new one.
 *
 * @throws {TradsysError} `PLAN_INVALID` when the plan was edited, `PLAN_STALE` when another generation is
 *   current than the one it starts from, `BUSY` while another activation runs, and whatever is wrong with a
 *   bundle.
 */
export async function applyPlan(plan: Plan, activation: Activation): Promise<Activated> {
  const text = canonical(plan.generation);
  if (sha256(text) !== plan.next) {
    throw new TradsysError(
      "PLAN_INVALID",
      "the plan was changed after it was made: its generation has another digest",
      { hint: "Run `tradsys plan` again." },
    );
  }
  return locked(activation, async ({ current: from, journal }) => {
    if (from === plan.next) return { from, to: plan.next, changed: false, warnings: [] };
    if (from !== plan.base) {
      throw new TradsysError(
        "PLAN_STALE",
        `the plan starts from ${named(plan.base)}, and ${named(from)} is active`,
        { hint: "Run `tradsys plan` again: it starts from what is active now." },
      );
    }
    const { files, root } = activation;
    return switchTo({ action: "apply", from, to: plan.next, generation: plan.generation }, activation, {
      journal,
      prepare: () => files.write(rootPaths(root).generation(plan.next), text),
    });
  });
}

/**
 * Goes back to an earlier generation: the one before the current one, or the one named. Needs nothing but
 * the root.
 *
 * @throws {TradsysError} `GENERATION_MISSING` when there is none to go back to; otherwise as `applyPlan`.
 */
export async function rollBack(wanted: Digest | undefined, activation: Activation): Promise<Activated> {
  const { files, root } = activation;
  return locked(activation, async ({ current: from, journal }) => {
    const to = wanted ?? generationBefore(from, journal);
    if (to === from) return { from, to, changed: false, warnings: [] };
    const generation = await readGeneration(files, root, to);
    return switchTo({ action: "rollback", from, to, generation }, activation, { journal });
  });
}

/** Walks the path that was taken to the current generation; a rollback takes back what came after its target. */
function generationBefore(current: Digest | null, { entries }: Journal): Digest {
  const path: (Digest | null)[] = [];
  for (const { event, action, to } of entries) {
    if (event !== "finished") continue;
    if (action === "rollback" && path.includes(to)) path.length = path.lastIndexOf(to);
    path.push(to);
  }
  const previous = path[path.lastIndexOf(current) - 1];
  if (previous) return previous;
  throw new TradsysError("GENERATION_MISSING", "there is no generation before the current one", {
    hint: "`tradsys status` lists the generations; name one of them.",
  });
}

interface Target {
  readonly action: JournalRecord["action"];
  readonly from: Digest | null;
  readonly to: Digest;
  readonly generation: Generation;
}

async function switchTo(
  { action, from, to, generation }: Target,
  { files, root, now, actor }: Activation,
  { journal, prepare }: { readonly journal: Journal; readonly prepare?: () => Promise<void> },
): Promise<Activated> {
  const plugins = await verifyGeneration(generation, { files, root, now: now() });
  const record = { action, from, to, actor } as const;
  await journal.append({ ...record, event: "started", at: now().toISOString() });
  await prepare?.();
  await files.switchLink(rootPaths(root).current, generationFolder(to));
  // Not earlier: a root must not learn from what did not become active in it.
  await raiseTrustFloor(files, root, learnGeneration(generation, now()));
  await journal.append({ ...record, event: "finished", at: now().toISOString() });
  await keepPluginPack(plugins, { files, root, digest: to });
  return { from, to, changed: true, warnings: warningsAbout(plugins) };
}

interface Locked {
  readonly current: Digest | null;
  readonly journal: Journal;
}

/** Holds the root's lock, and first writes down how an activation that was cut short had ended. */
async function locked<T>(activation: Activation, work: (locked: Locked) => Promise<T>): Promise<T> {
  const { files, root, now } = activation;
  const paths = rootPaths(root);
  await using _held = await files.lock(paths.lock);
  const journal = await openJournal(files, paths.journal);
  const current = await currentDigest(files, root);
  const last = journal.entries.at(-1);
  if (last?.event === "started") {
    const isActive = current === last.to;
    if (isActive) {
      const generation = await readGeneration(files, root, last.to);
      await raiseTrustFloor(files, root, learnGeneration(generation, now()));
    }
    const event = isActive ? "finished" : "interrupted";
    await journal.append({ ...last, event, at: now().toISOString() });
  }
  return await work({ current, journal });
}

const named = (digest: Digest | null): string => (digest === null ? "an empty root" : `generation ${digest}`);
