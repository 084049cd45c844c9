import type { ResolutionPolicy } from "../../domain/deployment.ts";
import type { Host } from "../../domain/host.ts";
import type { Digest, PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";

/** A plugin that a deployment asks for, within a range. */
export interface DeploymentRequirement {
  readonly name: PluginName;
  readonly range: string;
  /** It is not asked for, but asked about. */
  readonly isQuestion?: true;
}

export interface ResolveRequest {
  /** What the deployment asks for. All ranges are valid: they were checked where they were read. */
  readonly requirements: readonly DeploymentRequirement[];
  readonly candidates: readonly Candidate[];
  readonly host: Host;
  /** Locked or running versions, kept where that is possible. Several of one plugin ran side by side. */
  readonly prefer: ReadonlyMap<PluginName, string | readonly string[]>;
  /** Decisions and conflicts that the search may take before giving up; as many again to explain a conflict. */
  readonly stepBudget: number;
  readonly policy?: ResolutionPolicy;
  /** Plugins that are to be as new as can be, whatever else has to change for it. */
  readonly upgrade?: ReadonlySet<PluginName>;
  /** Nothing but the preferred versions may be chosen. */
  readonly frozen?: boolean;
  /** Platforms on which versions should run if they can, beyond those on which they must. */
  readonly alsoFor?: readonly string[];
  /** Bundles that must not run, by content digest, each with the reason. */
  readonly revoked?: ReadonlyMap<Digest, string>;
  /** The day to which ages are counted: UTC, `YYYY-MM-DD`. */
  readonly today?: string;
}

/** Whether a version is locked or running. */
export function isLocked({ manifest: { name, version } }: Candidate, { prefer }: ResolveRequest): boolean {
  const locked = prefer.get(name);
  return typeof locked === "string" ? locked === version : (locked?.includes(version) ?? false);
}

/** The lowest versions are asked for whatever is locked. */
export const isLockIgnored = ({ frozen, policy }: ResolveRequest): boolean =>
  !frozen && (policy?.strategy === "lowest" || policy?.strategy === "lowest-direct");
