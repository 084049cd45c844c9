import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest, FacetId, InstanceName } from "../domain/ids.ts";
import type { Candidate, Lock } from "../domain/lock.ts";
import {
  type AcceptedEvidence,
  GENERATION_API_VERSION,
  PLAN_API_VERSION,
  type Change,
  type Generation,
  type GenerationPlugin,
  type Given,
  type MemoryBudget,
  type Plan,
} from "../domain/plan.ts";
import type { DeploymentOrder, DeploymentPolicy } from "../domain/policy.ts";
import { err, ok, type Result } from "../domain/result.ts";
import type { TrustPolicy } from "../domain/trust.ts";
import { adapterFinder } from "./adapters.ts";
import { changesBetween, isReplaced } from "./changes.ts";
import { constraintsOn } from "./constraints.ts";
import { estimateStart, type Measured } from "./estimate.ts";
import { movesBetween } from "./moves.ts";
import { judge } from "./policy/judge.ts";
import type { Refusal } from "./refusal.ts";
import { orderFacets } from "./start-order.ts";
import { rollOut, type Rollout } from "./waves.ts";
import { NOTHING, rangeTester, wireGeneration, wireLock, type WiredPlugin, type WiredSet } from "./wiring.ts";

export interface PlanInput {
  readonly lock: Lock;
  /** The locked candidates. */
  readonly manifests: ReadonlyMap<InstanceName, Candidate>;
  /** One for each locked plugin: its defaults with the deployment's overrides, validated. */
  readonly given: ReadonlyMap<InstanceName, Given>;
  readonly trust: TrustPolicy;
  /** What is active, with its candidates; null where nothing is. */
  readonly base: {
    readonly digest: Digest;
    readonly generation: Generation;
    readonly manifests: ReadonlyMap<InstanceName, Candidate>;
  } | null;
  readonly order?: DeploymentOrder;
  readonly policy?: DeploymentPolicy;
  /** Policies in force on the root beside those of the two sets. */
  readonly inForce?: readonly DeploymentPolicy[];
  readonly memory?: MemoryBudget;
  /** Where the host answers who asks how it stands. */
  readonly admin?: string;
  /** Candidates that may stand between two versions of a port for a while. */
  readonly adapters?: readonly Candidate[];
  readonly measured?: Measured;
  readonly request: PlanRequest;
}

/** Who wants the plan, for when, and what they accept. */
interface PlanRequest {
  readonly author: string;
  /** When it is to be applied. */
  readonly at: Date;
  readonly acceptsOneWay?: boolean;
  /** Why it may be applied outside of the legal window. */
  readonly emergency?: string;
  /** Evidence that it does without. */
  readonly accepted?: readonly AcceptedEvidence[];
}

/**
 * Works out what activation will do: the next generation, what changes, and the way there in waves.
 *
 * Equal input gives an equal plan, in whatever order the input lists things.
 *
 * @returns The plan, or why there is none.
 * @throws {TradsysError} `LOCK_STALE` where the lock and the manifests disagree, `BLOB_MISSING` where the store
 *   lacks what is active, `CALENDAR_INVALID`.
 */
export function planDeployment(input: PlanInput): Result<Plan, Refusal> {
  const { lock, order = {}, policy, inForce = [], request } = input;
  const inRange = rangeTester();
  const next = wireLock(lock, [...input.manifests.values()], input.given);
  const base = input.base
    ? wireGeneration(input.base.generation, [...input.base.manifests.values()], inRange)
    : NOTHING;
  const ordered = orderFacets(next, order);
  if (!ordered.ok) return ordered;

  const start = estimateStart(next, ordered.value, input.measured ?? new Map());
  const nextOrder = start.waves.flat();
  const generation = nextGeneration(next, { ...input, order: nextOrder, after: ordered.value.after });

  const versions = changesBetween(base, next, inRange);
  const replaced = new Set(versions.filter(isReplaced).map(({ plugin }) => plugin));
  const adapterFor = adapterFinder(input.adapters ?? [], { base, next, host: lock.host, inRange });
  const roll = (mayOverlap: boolean): Rollout => {
    const moves = movesBetween({ base, next, replaced, mayOverlap });
    return rollOut({
      base,
      next,
      moves,
      constraints: constraintsOn(moves, { base, next, order, inRange, adapterFor }),
      changes: versions,
      baseOrder: input.base?.generation.facets.map(({ id }) => id) ?? [],
      nextOrder,
      after: ordered.value.after,
      estimates: new Map(Object.entries(start.estimatesMs) as [FacetId, number][]),
      drain: policy?.drain ?? {},
    });
  };
  const rollout = withinBudget(roll, input.memory?.platformMiB);
  if (!rollout.ok) return rollout;

  const { waves, relaxed, adapters } = rollout.value;
  const changes = withRebinds(versions, rollout.value);
  const oneWay = changes.filter((change) => "state" in change && change.state !== undefined);
  if (oneWay.length > 0 && request.acceptsOneWay !== true) return err({ kind: "one-way", changes: oneWay });

  const judged = judge({
    waves,
    base: input.base?.generation ?? null,
    next: generation,
    manifests: new Map(
      [...input.manifests.values(), ...(input.base?.manifests.values() ?? [])].map(
        ({ content, manifest }) => [content, manifest],
      ),
    ),
    inForce,
    ...request,
  });
  if (!judged.ok) return judged;
  return ok({
    apiVersion: PLAN_API_VERSION,
    base: input.base?.digest ?? null,
    next: sha256(canonical(generation)),
    author: request.author,
    changes,
    waves,
    relaxed,
    adapters: adapters.map(({ candidate }) =>
      toGenerationPlugin({ candidate, given: { config: candidate.manifest.config.defaults } }),
    ),
    start,
    policy: judged.value,
    generation,
  });
}

/** The set to activate, complete in itself. */
function nextGeneration(
  next: WiredSet,
  given: Pick<PlanInput, "lock" | "trust" | "policy" | "memory" | "admin"> & {
    readonly order: readonly FacetId[];
    readonly after: ReadonlyMap<FacetId, readonly FacetId[]>;
  },
): Generation {
  const { lock, trust, policy, memory, admin, order, after } = given;
  return {
    apiVersion: GENERATION_API_VERSION,
    deployment: lock.deployment,
    host: lock.host,
    trust,
    ...(policy && { policy }),
    ...(memory && { memory }),
    ...(admin !== undefined && { admin }),
    plugins: [...next.plugins.values()].map(toGenerationPlugin),
    facets: order.map((id) => ({ id, after: after.get(id) ?? [], ports: portsOf(next, id) })),
  };
}

/** Two versions side by side take memory. Where there is not enough, plugins change at once instead. */
function withinBudget(
  roll: (mayOverlap: boolean) => Rollout,
  budgetMiB = Infinity,
): Result<Rollout, Refusal> {
  const excess = ({ waves }: Rollout): number => waves.findIndex(({ memoryMiB }) => memoryMiB > budgetMiB);
  const first = roll(true);
  if (excess(first) === -1) return ok(first);
  const second = first.relaxed.some(({ kind }) => kind === "side-by-side") ? roll(false) : first;
  const wave = excess(second);
  if (wave === -1) return ok(second);
  return err({ kind: "memory", wave: wave + 1, needsMiB: second.waves[wave]?.memoryMiB ?? 0, budgetMiB });
}

/** A plugin whose facets get other providers does not stay as it is. */
function withRebinds(changes: readonly Change[], { waves }: Rollout): readonly Change[] {
  const steps = waves.flatMap(({ groups }) => groups.flatMap((group) => group.steps));
  const rebound = new Set(steps.filter(({ action }) => action === "rebind").map(({ plugin }) => plugin));
  return changes.map((change) =>
    change.action === "unchanged" && rebound.has(change.plugin) ? { ...change, action: "rebind" } : change,
  );
}

function toGenerationPlugin({
  candidate,
  given,
}: Pick<WiredPlugin, "candidate" | "given">): GenerationPlugin {
  const { manifest, content, blob, envelopes } = candidate;
  const { name, version, releaseEpoch } = manifest;
  return {
    name,
    version,
    content,
    blob,
    envelopes,
    ...(releaseEpoch !== undefined && { releaseEpoch }),
    ...given,
  };
}

/** A facet may require one port in several ranges: it gets all that any of them binds. */
function portsOf(set: WiredSet, facet: FacetId): Readonly<Record<string, readonly FacetId[]>> {
  const ports: Record<string, readonly FacetId[]> = {};
  for (const { statedBy, requirement, providers } of set.facets.get(facet)?.wires ?? []) {
    if (statedBy !== facet || !("port" in requirement)) continue;
    const known = ports[requirement.port];
    ports[requirement.port] = known ? [...new Set([...known, ...providers])].toSorted() : providers;
  }
  return ports;
}
