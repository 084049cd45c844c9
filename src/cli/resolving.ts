import { resolve as resolvePath } from "node:path";

import type { Deployment, ResolutionPolicy, Strategy } from "../domain/deployment.ts";
import { TradsysError } from "../domain/errors.ts";
import { isPluginName, type Digest, type PluginName } from "../domain/ids.ts";
import type { Lock } from "../domain/lock.ts";
import { parseDeployment, parseLock } from "../manifest/parse.ts";
import type { ResolveRequest } from "../resolver/resolve.ts";
import { dayOf } from "../signing/trust.ts";
import { listCandidates } from "../store/read.ts";
import { oneOf, type Io } from "./command.ts";
import { beside, hostOf, readDocument, readPlatformFor, readTrust } from "./documents.ts";
import { storeOf } from "./options.ts";

/** Decisions and conflicts after which the answer is `gave-up`. */
const STEP_BUDGET = 1_000_000;

const STRATEGIES: readonly Strategy[] = ["highest", "lowest", "lowest-direct", "minimal-change"];

export const STRATEGY_OPTION = {
  strategy: {
    type: "string",
    value: "STRATEGY",
    description: "highest, lowest, lowest-direct or minimal-change (default: the deployment's)",
    choices: STRATEGIES,
  },
} as const;

/** A deployment, its lock if there is one, and the request that they make with the store. */
export interface Resolving {
  readonly file: string;
  readonly deployment: Deployment;
  readonly lockFile: string;
  readonly lock: Lock | undefined;
  readonly request: ResolveRequest;
}

/** Reads all that resolving takes. What the trust policy revokes is left out from the start. */
export async function resolving(
  io: Io,
  arg: string,
  flags: { readonly root?: string | undefined; readonly strategy?: string | undefined },
): Promise<Resolving> {
  const file = resolvePath(io.cwd, arg);
  const { value } = await readDocument(io, file, parseDeployment);
  const deployment = withStrategy(value, flags.strategy);
  const candidates = await listCandidates(io.files, await storeOf(io, flags));
  const lockFile = beside(file, ".lock.json");
  const lock = await existingLock(io, lockFile);
  const versions = Map.groupBy(lock?.plugins ?? [], ({ name }) => name);
  return {
    file,
    deployment,
    lockFile,
    lock,
    request: {
      requirements: deployment.plugins,
      candidates,
      host: hostOf(io, await readPlatformFor(io, file, value.platform)),
      prefer: new Map([...versions].map(([name, locked]) => [name, locked.map(({ version }) => version)])),
      stepBudget: STEP_BUDGET,
      revoked: await revokedDigests(io, resolvePath(file, "..", deployment.trust)),
      today: dayOf(io.now()),
      ...(deployment.resolution ? { policy: deployment.resolution } : {}),
    },
  };
}

/** `@acme/a@1.2.0` or `@acme/a`. @throws {TradsysError} `USAGE` */
export function pluginOf(text: string): { readonly name: PluginName; readonly version: string | undefined } {
  const at = text.indexOf("@", 1);
  const name = at < 0 ? text : text.slice(0, at);
  if (isPluginName(name)) return { name, version: at < 0 ? undefined : text.slice(at + 1) };
  throw new TradsysError("USAGE", `\`${text}\` is not a plugin`, {
    hint: "Plugins are named `@scope/name`.",
  });
}

export const gaveUp = (steps: number, file: string): TradsysError =>
  new TradsysError("GAVE_UP", `no answer after ${steps} steps; there may be one`, {
    hint: "Narrow the ranges of the deployment, so that fewer versions are possible.",
    location: { file },
  });

/** @throws {TradsysError} `FILE_MISSING` */
export function lockOf({
  lock,
  lockFile,
  deployment,
}: Pick<Resolving, "lock" | "lockFile" | "deployment">): Lock {
  if (lock) return lock;
  throw new TradsysError(
    "FILE_MISSING",
    `${deployment.name} is not resolved yet: there is no lock beside it`,
    {
      hint: "Run `tradsys resolve` for this deployment.",
      location: { file: lockFile },
    },
  );
}

function withStrategy(deployment: Deployment, text: string | undefined): Deployment {
  if (text === undefined) return deployment;
  const resolution: ResolutionPolicy = {
    ...deployment.resolution,
    strategy: oneOf(STRATEGIES, text, "strategy"),
  };
  return { ...deployment, resolution };
}

export async function existingLock(io: Io, file: string): Promise<Lock | undefined> {
  if ((await io.files.kind(file)) === "missing") return undefined;
  return (await readDocument(io, file, parseLock)).value;
}

async function revokedDigests(io: Io, trust: string): Promise<ReadonlyMap<Digest, string>> {
  if ((await io.files.kind(trust)) === "missing") return new Map();
  const { revoked } = await readTrust(io, trust);
  return new Map(revoked.digests.map(({ digest, reason }) => [digest, reason]));
}
