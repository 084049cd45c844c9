import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan } from "../domain/plan.ts";
import { type ActiveGeneration, currentDigest, readGeneration, rootPaths } from "../store/generations.ts";
import { keepPluginPack } from "../store/plugin-pack.ts";
import { readTrustFloor } from "../store/trust-floor.ts";
import { type VerifiedPlugin, verifyGeneration } from "../store/verified-plugin.ts";
import { closedWindow, requireApprovals } from "./authority.ts";
import { differencesBetween } from "./difference.ts";
import { generationBefore } from "./history.ts";
import { learn, type Place, whileHeld } from "./locked.ts";
import { prepare, type Preparing, trustedStages } from "./prepare.ts";
import type { JournalRecord, RecordedChange, Started } from "./record.ts";
import { type Stage, stagesOf } from "./stages.ts";
import { type Arrival, type Guide, switchLink, travel } from "./walk.ts";

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
  checkDigest(plan);
  return whileHeld(activation, async ({ current: from, journal, wasCutShort }) => {
    const isJudged = !wasCutShort || activation.gate === undefined;
    if (from === plan.next && isJudged) return { from, to: plan.next, changed: false, warnings: [] };
    const { begun, stages, done, fresh, warnings } = await ready(plan, from, { activation, options });
    const { until = Infinity } = options;
    checkStop(until, stages, done);

    const write = (record: Ending): Promise<void> => journal.append(entryOf(begun, record, activation));
    await journal.append(begun);
    await layOut(plan, stages, activation);
    const arrival = await travel(
      {
        plan,
        stages,
        done,
        until,
        reached: async ({ digest }) => {
          if (digest !== plan.next) await write({ event: "switched", current: digest });
        },
      },
      activation,
    );
    const of = stages.at(-1)?.wave ?? 0;
    const activated = await settled(arrival, { from, plan, of, warnings, write, activation });
    const { next: digest, generation } = plan;
    if (arrival.kind === "there") await keepPack({ digest, generation, fresh }, activation);
    return activated;
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
  checkDigest(plan);
  const from = await currentDigest(activation.files, activation.root);
  if (from === plan.next) return { from, to: plan.next, stages: [] };
  const { stages, done } = await ready(plan, from, { activation, options });
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
  const { files, root, now, actor } = activation;
  return whileHeld(activation, async ({ current: from, journal, actions }) => {
    const to = wanted ?? generationBefore(from, actions);
    if (to === undefined) {
      throw new TradsysError("GENERATION_MISSING", "there is no generation before the current one", {
        hint: "`tradsys status` lists the generations; name one of them.",
      });
    }
    if (to === from) return { from, to, changed: false, warnings: [] };
    const generation = to === null ? null : await readGeneration(files, root, to);
    const { fresh, warnings } = generation ? await prepare(generation, null, activation) : NOTHING_PREPARED;
    const about = { action: "rollback", from, to, actor } as const;
    await journal.append({ ...about, event: "started", at: now().toISOString() });
    await switchLink(to, activation);
    if (generation) await learn(generation, activation);
    await journal.append({ ...about, event: "finished", current: to, at: now().toISOString() });
    if (generation && to) await keepPack({ digest: to, generation, fresh }, activation);
    return { from, to, changed: true, warnings };
  });
}

function checkDigest({ generation, next }: Plan): void {
  if (sha256(canonical(generation)) === next) return;
  throw new TradsysError(
    "PLAN_INVALID",
    "the plan was changed after it was made: its generation has another digest",
    { hint: "Run `tradsys plan` again." },
  );
}

interface Ready {
  readonly begun: Started;
  readonly stages: readonly Stage[];
  /** The last wave that is done; 0 for none. */
  readonly done: number;
  /** Plugins that did not run here before. */
  readonly fresh: readonly VerifiedPlugin[];
  readonly warnings: readonly Diagnostic[];
}

/** All that can be refused is refused here, before anything is changed. */
async function ready(
  plan: Plan,
  current: Digest | null,
  { activation, options }: { readonly activation: Activation; readonly options: ApplyOptions },
): Promise<Ready> {
  const { files, root, now, actor } = activation;
  const { base: from, next: to, generation, author } = plan;
  const isKnown = from === null || (await files.kind(rootPaths(root).generation(from))) !== "missing";
  if (!isKnown && current !== from) throw stale(plan, current);
  const base = from === null ? null : await readGeneration(files, root, from);
  const possible = stagesOf(plan, base);
  const here = possible.find(({ digest }) => digest === current);
  if (!here && current !== from) throw stale(plan, current);

  const digest = planDigest(plan);
  const { emergency } = plan.policy;
  const { approvals: envelopes = [] } = options;
  const floor = await readTrustFloor(files, root);
  const approvals = requireApprovals({ plan, digest, base, envelopes, floor, now: now() });
  // What was begun in time may be ended.
  const closed = closedWindow(plan, here ? "go on" : "begin", now());
  if (closed) throw closed;

  const { fresh, warnings } = await prepare(generation, here?.generation ?? base, activation);
  const stages = [
    ...(await trustedStages(possible.slice(0, -1), generation, activation)),
    ...possible.slice(-1),
  ];
  const begun: Started = {
    event: "started",
    action: "apply",
    from,
    to,
    actor,
    at: now().toISOString(),
    deployment: generation.deployment,
    plan: digest,
    author,
    approvals,
    ...(emergency !== undefined && { emergency }),
    changes: changesFrom(base, generation, fresh),
    stages: stages.map((stage) => ({ wave: stage.wave, digest: stage.digest })),
  };
  return { begun, stages, done: here?.wave ?? 0, fresh, warnings };
}

const NOTHING_PREPARED = { fresh: [], warnings: [] };

interface Packed extends ActiveGeneration {
  /** The plugins that were verified in full just now. */
  readonly fresh: readonly VerifiedPlugin[];
}

/**
 * Keeps what lets the next start be fast. It comes last, since nothing depends on it: what was only confirmed before
 * must be verified in full for it, and where that fails the next start tells why.
 */
async function keepPack({ digest, generation, fresh }: Packed, activation: Activation): Promise<void> {
  const { files, root, now, packs = true } = activation;
  if (!packs) return;
  const known = new Map(fresh.map((plugin) => [plugin.name, plugin]));
  try {
    const others = generation.plugins.filter(({ name }) => !known.has(name));
    const verified = await verifyGeneration({ ...generation, plugins: others }, { files, root, now: now() });
    for (const plugin of verified) known.set(plugin.name, plugin);
    const plugins = generation.plugins.flatMap(({ name }) => known.get(name) ?? []);
    await keepPluginPack(plugins, { files, root, digest });
  } catch (error) {
    if (!(error instanceof TradsysError)) throw error;
  }
}

/** What approvals are given for. */
export const planDigest = (plan: Plan): Digest => sha256(canonical(plan));

/** For the question what was deployed from which sources. What stays as it is, is not told again. */
function changesFrom(
  before: Generation | null,
  after: Generation,
  fresh: readonly VerifiedPlugin[],
): RecordedChange[] {
  const sources = new Map(fresh.map(({ content, bundle }) => [content, bundle.manifest.build.inputs]));
  return differencesBetween(before, after).map(({ plugin, from, to }) => ({
    plugin,
    from: from?.version ?? null,
    to: to?.version ?? null,
    content: to?.content ?? null,
    inputs: (to && sources.get(to.content)) ?? null,
  }));
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
async function layOut(plan: Plan, stages: readonly Stage[], { files, root }: Place): Promise<void> {
  const paths = rootPaths(root);
  for (const { digest, text } of stages) await files.write(paths.generation(digest), text);
  await files.write(paths.plan(plan.next), canonical(plan));
}

type Ending =
  | { readonly event: "switched"; readonly current: Digest | null }
  | { readonly event: "finished" | "paused" | "rolled-back"; readonly current: Digest | null }
  | { readonly event: "failed"; readonly reason: string };

const entryOf = (
  { action, from, to, actor }: Started,
  record: Ending,
  { now }: Pick<Place, "now">,
): JournalRecord => ({ ...record, action, from, to, actor, at: now().toISOString() });

interface Settling {
  readonly from: Digest | null;
  readonly plan: Plan;
  /** Number of waves. */
  readonly of: number;
  readonly warnings: readonly Diagnostic[];
  readonly write: (record: Ending) => Promise<void>;
  readonly activation: Activation;
}

/** Writes down how an application ended. @throws {TradsysError} unless it came as far as it was asked to. */
async function settled(arrival: Arrival, settling: Settling): Promise<Activated> {
  const { from, plan, of, warnings, write, activation } = settling;
  switch (arrival.kind) {
    case "there":
      // Not earlier: a root must not learn from what did not prove itself in it.
      await learn(plan.generation, activation);
      await write({ event: "finished", current: plan.next });
      return { from, to: plan.next, changed: true, warnings };
    case "paused": {
      const { at, why } = arrival;
      const paused = { wave: at.wave, of };
      if (why) await write({ event: "failed", reason: why.message });
      await write({ event: "paused", current: at.digest });
      if (why) throw stoppedAt(paused, why);
      return { from, to: at.digest, changed: at.digest !== from, paused, warnings };
    }
    case "taken-back": {
      const { to, why } = arrival;
      await write({ event: "failed", reason: reasonOf(why) });
      await write(
        to === null ? { event: "rolled-back", current: plan.base } : { event: "paused", current: to.digest },
      );
      throw gateFailure(arrival, plan.base, of);
    }
    default:
      return arrival satisfies never;
  }
}

function stoppedAt({ wave, of }: { wave: number; of: number }, why: TradsysError): TradsysError {
  return new TradsysError(why.code, `${why.message}: it stopped after wave ${wave} of ${of}`, {
    cause: why,
    hint: "Apply the same plan again to go on, or take it back with `tradsys rollback`.",
  });
}

function gateFailure(
  { from, to, why }: Extract<Arrival, { kind: "taken-back" }>,
  base: Digest | null,
  of: number,
): TradsysError {
  const where =
    to === null
      ? `everything was taken back, and ${base === null ? "nothing" : named(base)} is active`
      : `it was taken back to after wave ${to.wave}: a step of that wave cannot be undone`;
  const message = `wave ${from.wave} of ${of} did not pass: ${reasonOf(why)}; ${where}`;
  const own = { code: "GATE_FAILED", severity: "error", message } as const;
  const causes = why instanceof TradsysError ? why.diagnostics : [];
  return new TradsysError("GATE_FAILED", message, { cause: why, diagnostics: [own, ...causes] });
}

const reasonOf = (why: unknown): string => (why instanceof Error ? why.message : String(why));

const stale = ({ base }: Plan, current: Digest | null): TradsysError =>
  new TradsysError("PLAN_STALE", `the plan starts from ${named(base)}, and ${named(current)} is active`, {
    hint: "Run `tradsys plan` again: it starts from what is active now.",
  });

const named = (digest: Digest | null): string => (digest === null ? "an empty root" : `generation ${digest}`);
