import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan, PlanPolicy } from "../domain/plan.ts";
import { readGeneration, rootPaths } from "../store/generations.ts";
import { readTrustFloor } from "../store/trust-floor.ts";
import { manifestsOf, type VerifiedPlugin } from "../store/verified-plugin.ts";
import { closedWindow, requireApprovals } from "./authority.ts";
import { differencesBetween } from "./difference.ts";
import type { Action } from "./history.ts";
import { changed, judgePlan, policiesInForce } from "./judgement.ts";
import type { Place } from "./locked.ts";
import { type Preparing, trustedStages, tryOut, verify } from "./prepare.ts";
import type { RecordedChange, Started } from "./record.ts";
import { type Stage, stagesOf } from "./stages.ts";

/** A plan that nothing speaks against. */
interface Ready {
  readonly begun: Started;
  /** Canonical form of the plan. */
  readonly text: string;
  /** What must hold while it is applied. */
  readonly policy: PlanPolicy;
  readonly stages: readonly Stage[];
  /** The last wave that is done; 0 for none. */
  readonly done: number;
  /** Plugins that did not run here before. */
  readonly fresh: readonly VerifiedPlugin[];
  readonly warnings: readonly Diagnostic[];
}

interface Readying {
  readonly place: Place & Preparing;
  /** What happened here before. */
  readonly actions: readonly Action[];
  /** Envelopes, as text. */
  readonly approvals: readonly string[];
}

/**
 * All that can be refused is refused here, before anything is changed.
 *
 * @throws {TradsysError} as `applyPlan` does.
 */
export async function ready(
  plan: Plan,
  current: Digest | null,
  { place, actions, approvals: envelopes }: Readying,
): Promise<Ready> {
  const { files, root, now, actor } = place;
  const { base: from, next: to, generation, author } = plan;
  const isKnown = from === null || (await files.kind(rootPaths(root).generation(from))) !== "missing";
  if (!isKnown && current !== from) throw stale(plan, current);
  const base = from === null ? null : await readGeneration(files, root, from);
  const possible = stagesOf(plan, base);
  if (possible.at(-1)?.digest !== to) throw changed(["its generation has another digest"]);
  const text = canonical(plan);
  const digest = sha256(text);
  // Whatever a plan says of its way: it goes on only where it was begun.
  const isUnderWay = current !== from && actions.at(-1)?.begun.plan === digest;
  const here = isUnderWay ? possible.find((stage) => stage.digest === current) : undefined;
  if (!here && current !== from) throw stale(plan, current);

  const verified = await verify(plan, here?.generation ?? base, place);
  const gone = base?.plugins.filter(({ content }) => !verified.manifests.has(content)) ?? [];
  const policy = judgePlan({
    plan,
    base,
    manifests: new Map([...verified.manifests, ...(await manifestsOf(gone, place))]),
    inForce: await policiesInForce(place, actions),
    now: now(),
    isUnderWay,
  });
  const { emergency, accepted } = policy;
  const floor = await readTrustFloor(files, root);
  const approvals = requireApprovals({ plan, digest, base, envelopes, floor, now: now() });
  const closed = closedWindow(policy, here ? "go on" : "begin", now());
  if (closed) throw closed;

  const { fresh, warnings } = verified;
  await tryOut(generation, fresh, place);
  const stages = [...(await trustedStages(possible.slice(0, -1), generation, place)), ...possible.slice(-1)];
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
    ...(accepted && { accepted }),
    changes: changesFrom(base, generation, fresh),
    stages: stages.map((stage) => ({ wave: stage.wave, digest: stage.digest })),
  };
  return { begun, text, policy, stages, done: here?.wave ?? 0, fresh, warnings };
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

const stale = ({ base }: Plan, current: Digest | null): TradsysError =>
  new TradsysError("PLAN_STALE", `the plan starts from ${named(base)}, and ${named(current)} is active`, {
    hint: "Run `tradsys plan` again: it starts from what is active now.",
  });

/** What is active, in words. */
export const named = (digest: Digest | null): string =>
  digest === null ? "an empty root" : `generation ${digest}`;
