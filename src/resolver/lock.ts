import { canonical } from "../domain/canonical.ts";
import type { Deployment } from "../domain/deployment.ts";
import { sha256 } from "../domain/digest.ts";
import type { Host } from "../domain/host.ts";
import type { Digest } from "../domain/ids.ts";
import { LOCK_API_VERSION, type Lock } from "../domain/lock.ts";
import type { BoundSet } from "./answers/bind.ts";

/** Digest of what is asked for, by which a lock is known to be out of date. Configuration is not part of it. */
export const inputsDigest = ({ name, plugins }: Deployment, host: Host): Digest =>
  sha256(canonical([name, plugins.map((plugin) => `${plugin.name} ${plugin.range}`).toSorted(), host]));

/** Writes an answer down. Equal answers give equal locks. */
export const toLock = (
  deployment: Deployment,
  host: Host,
  { plugins, bindings, optimal }: BoundSet & Pick<Lock, "optimal">,
): Lock => ({
  apiVersion: LOCK_API_VERSION,
  deployment: deployment.name,
  host,
  inputs: inputsDigest(deployment, host),
  optimal,
  plugins: plugins.map(({ candidate: { manifest, content, blob }, requiredBy }) => ({
    name: manifest.name,
    version: manifest.version,
    content,
    blob,
    requiredBy,
  })),
  bindings,
});
