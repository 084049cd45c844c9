import type { Diagnostic } from "../domain/diagnostic.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan } from "../domain/plan.ts";
import { currentDigest, readGeneration, rootPaths } from "../store/generations.ts";
import { type Ending, settle } from "./arrival.ts";
import { actionsIn, generationBefore } from "./history.ts";
import { readJournal } from "./journal.ts";
import { keepPack } from "./keep-pack.ts";
import { learn, type Place, whileHeld } from "./locked.ts";
import { type Preparing, tryOut, type Verified, verify } from "./prepare.ts";
import { ready } from "./ready.ts";
import type { Stage } from "./stages.ts";
import { type Guide, switchLink, travel } from "./walk.ts";

/** Where activation happens, and what it may use. */
export interface Activation extends Place, Preparing, Guide {
  /** Whether to make what lets the next start be fast, which takes a multiple of the rest. Defaults to true. */
  readonly packs?: boolean;
}

/** How far to go, and by what right. */
export interface ApplyOptions {
  /** Envelopes of approvals, as text. */
  readonly approvals?: readonly string[];
  /** Stop after this wave, counted from 1, or the last one before it that the root can stand in. */
  readonly until?: number | undefined;
}

/** What an activation did. */
export interface Activated {
  readonly from: Digest | null;
  /** What is active now; null where an application that began with nothing was taken back. */
  readonly to: Digest | null;
  /** False when `to` was active already and nothing was done. */
  readonly changed: boolean;
  /** The last wave that is done, where it is not the last of the plan. */
  readonly paused?: { readonly wave: number; readonly of: number };
  /** Bundles whose signatures do not suffice, under a policy that only warns of that. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Makes a plan's generation the current one, state by state. Everything that can fail happens before the first
 * switch, and each state is reached by one rename, so that a crash at any instant leaves one of them, whole.
 * Where the gate refuses a state, all that was done is taken back in reverse. A plan that was stopped on its way
 * is gone on with.
 *
 * @throws {TradsysError} `PLAN_INVALID` when the plan was edited, `PLAN_STALE` when another generation is
 *   current than the one it starts from, `NOT_APPROVED`, `WINDOW_CLOSED`, `CALLED_OFF`, `BUSY` while another
 *   activation runs, `NODES_DIFFER`, whatever is wrong with a bundle, and `GATE_FAILED`.
 */
export async function applyPlan(
  plan: Plan,
  activation: Activation,
  options: ApplyOptions = {},
): Promise<Activated> {
  const { approvals = [], until = Infinity } = options;
  const { packs = true } = activation;
  return whileHeld(activation, async ({ current: from, journal, actions, wasCutShort }) => {
    const isJudged = !wasCutShort || activation.gate === undefined;
    if (from === plan.next && isJudged) return { from, to: plan.next, changed: false, warnings: [] };
    const { begun, text, policy, stages, done, fresh, warnings } = await ready(plan, from, {
      place: activation,
      actions,
      approvals,
    });
    checkStop(until, stages, done);

    const { next } = plan;
    const { action, from: base, actor } = begun;
    const write = (record: Ending): Promise<void> =>
      journal.append({ ...record, action, from: base, to: next, actor, at: activation.now().toISOString() });
    const reached = async ({ digest }: Stage): Promise<void> => {
      if (digest !== next) await write({ event: "switched", current: digest });
    };
    await journal.append(begun);
    await layOut({ ...plan, text }, stages, activation);
    const arrival = await travel({ plan, policy, stages, done, until, reached }, activation);
    const of = stages.at(-1)?.wave ?? 0;
    const settled = await settle(arrival, { ...activation, plan, of, write });
    const { generation } = plan;
    if (!settled.paused && packs) await keepPack({ digest: next, generation, fresh }, activation);
    return { from, ...settled, changed: settled.to !== from, warnings };
  });
}

/** What an application would go through. */
export interface Rehearsal {
  readonly from: Digest | null;
  readonly to: Digest;
  /** The states still to come. */
  readonly stages: readonly Pick<Stage, "wave" | "digest">[];
}

/** Does all that `applyPlan` does before it changes anything, and changes nothing. @throws {TradsysError} as that does. */
export async function rehearsePlan(
  plan: Plan,
  activation: Activation,
  options: ApplyOptions = {},
): Promise<Rehearsal> {
  const { files, root } = activation;
  const from = await currentDigest(files, root);
  if (from === plan.next) return { from, to: plan.next, stages: [] };
  const { approvals = [] } = options;
  const actions = actionsIn(await readJournal(files, rootPaths(root).journal));
  const { stages, done } = await ready(plan, from, { place: activation, actions, approvals });
  const toCome = stages.filter(({ wave }) => wave > done);
  return { from, to: plan.next, stages: toCome.map(({ wave, digest }) => ({ wave, digest })) };
}

/**
 * Goes back to an earlier generation: the one before the current one, or the one named. Needs nothing but
 * the root.
 *
 * @throws {TradsysError} `GENERATION_MISSING` when there is none to go back to; otherwise as `applyPlan`.
 */
export async function rollBack(wanted: Digest | undefined, activation: Activation): Promise<Activated> {
  const { files, root, now, actor, packs = true } = activation;
  return whileHeld(activation, async ({ current: from, journal, actions }) => {
    const to = wanted ?? generationBefore(from, actions);
    if (to === undefined) {
      throw new TradsysError("GENERATION_MISSING", "there is no generation before the current one", {
        hint: "`tradsys status` lists the generations; name one of them.",
      });
    }
    if (to === from) return { from, to, changed: false, warnings: [] };
    const generation = to === null ? null : await readGeneration(files, root, to);
    const { fresh, warnings } = generation ? await verifyAlone(generation, activation) : NOTHING_VERIFIED;
    const about = { action: "rollback", from, to, actor } as const;
    await journal.append({ ...about, event: "started", at: now().toISOString() });
    await switchLink(to, activation);
    if (generation) await learn(generation, activation);
    await journal.append({ ...about, event: "finished", current: to, at: now().toISOString() });
    if (generation && to !== null && packs) await keepPack({ digest: to, generation, fresh }, activation);
    return { from, to, changed: true, warnings };
  });
}

const NOTHING_VERIFIED = { fresh: [], warnings: [] };

async function verifyAlone(
  generation: Generation,
  preparing: Preparing,
): Promise<Pick<Verified, "fresh" | "warnings">> {
  const verified = await verify({ generation, adapters: [] }, null, preparing);
  await tryOut(generation, verified.fresh, preparing);
  return verified;
}

/** A root must be able to stand still where it is asked to. */
function checkStop(until: number, stages: readonly Stage[], done: number): void {
  const toCome = stages.filter(({ wave }) => wave > done);
  const [first] = toCome;
  if (!first || until >= first.wave) return;
  const waves = toCome.map(({ wave }) => wave).join(", ");
  throw new TradsysError("USAGE", `there is no stop after wave ${until}`, {
    hint: `There is one after wave ${waves}.`,
  });
}

/** Writes down every state before the first switch: none becomes current before all that lies in its folder is whole. */
async function layOut(
  { next, text: planText }: { readonly next: Digest; readonly text: string },
  stages: readonly Stage[],
  { files, root }: Place,
): Promise<void> {
  const paths = rootPaths(root);
  for (const { digest, text } of stages) await files.write(paths.generation(digest), text);
  await files.write(paths.plan(next), planText);
}
