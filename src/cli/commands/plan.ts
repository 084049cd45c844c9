import { resolve } from "node:path";

import type { Deployment } from "../../domain/deployment.ts";
import { failWith, TradsysError } from "../../domain/errors.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate, Lock } from "../../domain/lock.ts";
import type { Change, Plan } from "../../domain/plan.ts";
import { deployedConfigs, withoutText } from "../../manifest/layers/deployed-configs.ts";
import { parseDeployment, parseLock } from "../../manifest/parse.ts";
import { findPluginCycle } from "../../planner/cycle.ts";
import { explainCycle } from "../../planner/explain.ts";
import { planDeployment } from "../../planner/plan.ts";
import { inputsDigest, lockFor } from "../../resolver/lock.ts";
import { readCurrent } from "../../store/generations.ts";
import { listCandidates } from "../../store/read.ts";
import { verifyGeneration } from "../../store/verified-plugin.ts";
import { defineCommand, type Io } from "../command.ts";
import { beside, readDocument, readPlatformFor, readTrustFor, reviewable, short } from "../documents.ts";
import { ROOT_OPTION, rootOf, storeOf } from "../options.ts";
import { shownPath } from "../render.ts";

export const planCommand = defineCommand({
  usage: "<deployment>",
  example: "tradsys plan paper-desk.yaml --root /srv/tradsys",
  options: {
    ...ROOT_OPTION,
    out: {
      type: "string",
      value: "FILE",
      description: "Where the plan goes (default: <deployment>.plan.json)",
    },
  },
  positionals: [1, 1],

  async run({ flags, args: [arg = ""] }, io) {
    const file = resolve(io.cwd, arg);
    const root = rootOf(io, flags);
    const deployment = await readDocument(io, file, parseDeployment);
    const lock = lockFor(await readLock(io, file, deployment.value), io.host.platform);
    const trust = await readTrustFor(io, file, deployment.value.trust);
    const manifests = lockedCandidates(lock, await listCandidates(io.files, await storeOf(io, flags)));
    const { configs, diagnostics } = await deployedConfigs({
      deployment: { ...deployment, file },
      platform: await readPlatformFor(io, file, deployment.value.platform),
      plugins: [...manifests.values()].map(({ manifest }) => withoutText(manifest)),
    });
    if (diagnostics.length > 0) throw failWith(diagnostics);
    const base = await readCurrent(io.files, root);

    const planned = planDeployment({ lock, manifests, configs, trust, base });
    if (!planned.ok) throw new TradsysError("CYCLE", explainCycle(planned.error), { location: { file } });
    const plan = planned.value;
    // A plan that could not be applied is no plan.
    await verifyGeneration(plan.generation, { files: io.files, root, now: io.now() });

    const target = flags.out === undefined ? beside(file, ".plan.json") : resolve(io.cwd, flags.out);
    await io.files.write(target, reviewable(plan));
    return { data: plan, lines: describe(plan, shownPath(target, io.cwd)) };
  },
});

async function readLock(io: Io, file: string, deployment: Deployment): Promise<Lock> {
  const lockFile = beside(file, ".lock.json");
  const again = "Run `tradsys resolve` for this deployment.";
  if ((await io.files.kind(lockFile)) === "missing") {
    throw new TradsysError(
      "FILE_MISSING",
      `${deployment.name} is not resolved yet: there is no lock beside it`,
      {
        hint: again,
        location: { file: lockFile },
      },
    );
  }
  const { value: lock } = await readDocument(io, lockFile, parseLock);
  if (lock.inputs === inputsDigest(deployment, io.host)) return lock;
  throw new TradsysError("LOCK_STALE", "the deployment or the host changed after the lock was made", {
    hint: again,
    location: { file: lockFile },
  });
}

/** The store's own record of every locked plugin; its content must be what was locked. */
function lockedCandidates(lock: Lock, candidates: readonly Candidate[]): ReadonlyMap<PluginName, Candidate> {
  return new Map(
    lock.plugins.map(({ name, version, content }) => {
      const found = candidates.find(({ manifest }) => manifest.name === name && manifest.version === version);
      if (found?.content === content) return [name, found] as const;
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

function describe({ base, next, changes, waves, generation }: Plan, file: string): string[] {
  const acting = changes.filter(({ action }) => action !== "unchanged");
  const cycle = findPluginCycle(generation.facets);
  const from = base === null ? "an empty root" : `generation ${short(base)}`;
  return [
    `${generation.deployment}: from ${from} to generation ${short(next)} → ${file}`,
    "",
    ...(acting.length === 0 ? ["  nothing changes"] : acting.map(describeChange)),
    "",
    "Start order:",
    ...waves.flatMap((wave, i) =>
      wave.map((facet, j) => `${(j === 0 ? String(i + 1) : "").padStart(3)}  ${facet}`),
    ),
    ...(cycle ? ["", `${cycle.join(" → ")}: a cycle between plugins, none between their facets.`] : []),
    "",
    `Plan: ${count(changes, ["add"])} to add, ${count(changes, ["upgrade", "downgrade", "rebuild", "reconfigure"])} to change, ` +
      `${count(changes, ["remove"])} to remove, ${count(changes, ["unchanged"])} unchanged.`,
  ];
}

function describeChange(change: Change): string {
  switch (change.action) {
    case "add":
      return `  + ${change.plugin} ${change.to}`;
    case "remove":
      return `  - ${change.plugin} ${change.from}`;
    case "upgrade":
    case "downgrade":
      return `  ~ ${change.plugin} ${change.from} → ${change.to} (${change.action})`;
    case "rebuild":
      return `  ~ ${change.plugin} ${change.to} (same version, other content)`;
    case "reconfigure":
      return `  ~ ${change.plugin} ${change.to} (other configuration)`;
    case "unchanged":
      return `    ${change.plugin} ${change.to}`;
    default:
      return change satisfies never;
  }
}

const count = (changes: readonly Change[], actions: readonly Change["action"][]): number =>
  changes.filter(({ action }) => actions.includes(action)).length;
