import { resolve } from "node:path";

import { actionsIn } from "../../activation/history.ts";
import { readJournal } from "../../activation/journal.ts";
import { policiesInForce } from "../../activation/judgement.ts";
import type { Deployment } from "../../domain/deployment.ts";
import { failWith, TradsysError } from "../../domain/errors.ts";
import type { Host } from "../../domain/host.ts";
import { byInstance, type FacetId } from "../../domain/ids.ts";
import type { Candidate, Lock } from "../../domain/lock.ts";
import type { Generation, MemoryBudget } from "../../domain/plan.ts";
import type { PlatformConfig } from "../../domain/platform.ts";
import {
  type DeployedConfigs,
  deployedConfigs,
  withoutText,
} from "../../manifest/layers/deployed-configs.ts";
import { parseDeployment, type Parsed } from "../../manifest/parse.ts";
import { contradictions } from "../../manifest/set/check-set.ts";
import type { PlanInput } from "../../planner/plan.ts";
import { inputsDigest, lockFor } from "../../resolver/lock.ts";
import { readCurrent, rootPaths } from "../../store/generations.ts";
import { listCandidates } from "../../store/read.ts";
import type { Io } from "../command.ts";
import { beside, hostOf, readDocument, readPlatformFor, readTrustFor } from "../documents.ts";
import { existingLock, lockOf } from "../resolving.ts";

interface Places {
  readonly file: string;
  readonly root: string;
  readonly store: string;
  /** Measured times of facets, as JSON. */
  readonly timings: string | undefined;
}

/** Everything that a plan is made of, read and checked, and the deployment with a way back to its text. */
export async function planInputs(
  io: Io,
  { file, root, store, timings }: Places,
): Promise<{ readonly input: Omit<PlanInput, "request">; readonly deployment: Parsed<Deployment> }> {
  const deployment = await readDocument(io, file, parseDeployment);
  const { trust, platform, order, policy } = deployment.value;
  const platformConfig = await readPlatformFor(io, file, platform);
  const host = hostOf(io, platformConfig);
  const lock = lockFor(await readLock(io, file, { deployment: deployment.value, host }), host.platform);
  const policyOfTrust = await readTrustFor(io, file, trust);
  const candidates = await listCandidates(io.files, store);
  const manifests = lockedCandidates(lock, candidates);
  const set = {
    deployment: { ...deployment, file },
    platform: platformConfig,
    plugins: [...manifests.values()].map(({ manifest }) => withoutText(manifest)),
  };
  const { diagnostics, ...settings } = await deployedConfigs(set);
  const errors = [...diagnostics, ...contradictions(set)];
  if (errors.length > 0) throw failWith(errors);
  const active = await readCurrent(io.files, root);
  const actions = actionsIn(await readJournal(io.files, rootPaths(root).journal));
  const memory = platformConfig && memoryBudget(platformConfig.value);
  const admin = platformConfig?.value.admin;
  return {
    deployment,
    input: {
      lock,
      manifests,
      given: givenBy(deployment.value, settings, manifests),
      trust: policyOfTrust,
      base: active && { ...active, manifests: activeCandidates(active.generation, candidates) },
      inForce: await policiesInForce({ files: io.files, root }, actions),
      adapters: candidates,
      ...(order && { order }),
      ...(policy && { policy }),
      ...(memory && { memory }),
      ...(admin !== undefined && { admin }),
      ...(timings !== undefined && { measured: await readTimings(io, resolve(io.cwd, timings)) }),
    },
  };
}

/** What the platform and its systems may use; nothing where none of them says so. */
function memoryBudget({ settings, systems }: PlatformConfig): MemoryBudget | undefined {
  const platformMiB = settings?.memoryBudgetMiB;
  const stated = Object.entries(systems).flatMap(([system, layer]) => {
    const budget = layer.settings?.memoryBudgetMiB;
    return budget === undefined ? [] : [[system, budget] as const];
  });
  if (platformMiB === undefined && stated.length === 0) return undefined;
  return {
    ...(platformMiB !== undefined && { platformMiB }),
    ...(stated.length > 0 && { systemsMiB: Object.fromEntries(stated) }),
  };
}

const givenBy = (
  { plugins }: Deployment,
  { configs, idleUnloadMs }: Omit<DeployedConfigs, "diagnostics">,
  manifests: PlanInput["manifests"],
): PlanInput["given"] =>
  new Map(
    [...configs].map(([instance, config]) => {
      const name = manifests.get(instance)?.manifest.name;
      const isolation = plugins.find((entry) => entry.name === name)?.isolation;
      const idle = idleUnloadMs.get(instance);
      return [
        instance,
        { config, ...(isolation && { isolation }), ...(idle !== undefined && { idleUnloadMs: idle }) },
      ];
    }),
  );

async function readLock(
  io: Io,
  file: string,
  { deployment, host }: { readonly deployment: Deployment; readonly host: Host },
): Promise<Lock> {
  const lockFile = beside(file, ".lock.json");
  const lock = lockOf({ deployment, lockFile, lock: await existingLock(io, lockFile) });
  if (lock.inputs === inputsDigest(deployment, host)) return lock;
  throw new TradsysError("LOCK_STALE", "the deployment or the host changed after the lock was made", {
    hint: "Run `tradsys resolve` for this deployment.",
    location: { file: lockFile },
  });
}

/** The store's own record of every locked plugin; its content must be what was locked. */
function lockedCandidates(lock: Lock, candidates: readonly Candidate[]): PlanInput["manifests"] {
  return new Map(
    [...byInstance(lock.plugins)].map(([instance, { name, version, content }]) => {
      const found = candidates.find(({ manifest }) => manifest.name === name && manifest.version === version);
      if (found?.content === content) return [instance, found] as const;
      const instead = found ? `the store holds ${found.content}` : "the store does not hold it";
      throw new TradsysError(
        "LOCK_STALE",
        `the lock names ${name}@${version} with content ${content}, and ${instead}`,
        {
          hint: "Publish that bundle, or run `tradsys resolve` again.",
        },
      );
    }),
  );
}

/** As far as the store holds them; the planner says which it misses. */
function activeCandidates({ plugins }: Generation, candidates: readonly Candidate[]): PlanInput["manifests"] {
  const byContent = new Map(candidates.map((candidate) => [candidate.content, candidate]));
  return new Map(
    [...byInstance(plugins)].flatMap(([instance, { content }]) => {
      const found = byContent.get(content);
      return found ? [[instance, found] as const] : [];
    }),
  );
}

/** Largest file of measured times that is read, in bytes. */
const MAX_TIMINGS_BYTES = 1024 * 1024;

async function readTimings(io: Io, file: string): Promise<ReadonlyMap<FacetId, number>> {
  const text = (await io.files.read(file, MAX_TIMINGS_BYTES)).toString("utf8");
  const value = asJson(text);
  const times = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (times.length > 0 && times.every(([, ms]) => typeof ms === "number" && ms >= 0)) {
    return new Map(times as [FacetId, number][]);
  }
  throw new TradsysError("FIELD_TYPE", "measured times are an object: facet ids, each with milliseconds", {
    hint: 'For example {"@acme/risk#main": 120}.',
    location: { file },
  });
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
