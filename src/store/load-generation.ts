import type { Files } from "../platform/files.ts";
import type { ActiveGeneration } from "./generations.ts";
import type { HostFolder } from "./host-folder.ts";
import { readPluginPack } from "./plugin-pack.ts";
import { readTrustFloor } from "./trust-floor.ts";
import type { VerifiedPlugin } from "./verified-plugin.ts";

/** Plugins of a generation that may run. */
interface LoadedGeneration {
  readonly plugins: readonly VerifiedPlugin[];
  /** Whether they came out of this host's pack; else why not, and every bundle was verified anew. */
  readonly pack: "used" | "missing" | "rejected";
}

interface Loading {
  readonly files: Files;
  readonly root: string;
  readonly now: Date;
  /** This host's own folder below the root, if there is one. */
  readonly host: HostFolder | undefined;
}

/**
 * The plugins of a generation by the shortest way that proves them: out of this host's pack, else from the store.
 * The pack can only say yes to what full verification lets run. In any doubt full verification speaks; it is not
 * even loaded before.
 *
 * @throws {TradsysError} as `verifyGeneration` does.
 */
export async function loadGeneration(active: ActiveGeneration, loading: Loading): Promise<LoadedGeneration> {
  const { files, root, now, host } = loading;
  const packed = host
    ? await readPluginPack(host, active, { now, floor: await readTrustFloor(files, root) })
    : "missing";
  if (typeof packed !== "string") return { plugins: packed, pack: "used" };
  const { verifyGeneration } = await import("./verified-plugin.ts");
  return { plugins: await verifyGeneration(active.generation, loading), pack: packed };
}
