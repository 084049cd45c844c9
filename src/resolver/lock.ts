import { canonical } from "../domain/canonical.ts";
import type { Deployment } from "../domain/deployment.ts";
import { sha256 } from "../domain/digest.ts";
import type { Host } from "../domain/host.ts";
import type { Digest } from "../domain/ids.ts";
import { LOCK_API_VERSION, type Lock } from "../domain/lock.ts";
import type { BoundSet } from "./answers/bind.ts";

/**
 * Digest of what is asked for, by which a lock is known to be out of date. Configuration is not part of it. A lock
 * for named platforms is the same wherever it is made.
 */
export const inputsDigest = ({ name, plugins, resolution }: Deployment, host: Host): Digest => {
  const asked = plugins.map((plugin) => `${plugin.name} ${plugin.range}`).toSorted();
  const { platform: _, ...anywhere } = host;
  return sha256(
    canonical(
      resolution ? [name, asked, resolution.platforms ? anywhere : host, resolution] : [name, asked, host],
    ),
  );
};

/** Writes an answer down. Equal answers give equal locks. */
export const toLock = (
  deployment: Deployment,
  host: Host,
  { plugins, bindings, optimal }: BoundSet & Pick<Lock, "optimal">,
): Lock => {
  const named = deployment.resolution?.platforms?.toSorted();
  return {
    apiVersion: LOCK_API_VERSION,
    deployment: deployment.name,
    host,
    ...(named ? { platforms: named } : {}),
    inputs: inputsDigest(deployment, host),
    optimal,
    plugins: plugins.map(({ candidate: { manifest, content, blob }, requiredBy, platforms }) => ({
      name: manifest.name,
      version: manifest.version,
      content,
      blob,
      requiredBy,
      ...(platforms ? { platforms } : {}),
    })),
    bindings,
  };
};

/** The part of a lock that is for one platform. */
export function lockFor(lock: Lock, platform: string): Lock {
  const isMeant = ({ platforms }: { readonly platforms?: readonly string[] }): boolean =>
    platforms === undefined || platforms.includes(platform);
  return { ...lock, plugins: lock.plugins.filter(isMeant), bindings: lock.bindings.filter(isMeant) };
}
