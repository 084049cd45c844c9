import type { Json } from "./canonical.ts";
import type { PluginName } from "./ids.ts";
import type { Manifest, Requirement } from "./manifest.ts";
import type { ConfigLayer } from "./platform.ts";
import type { DeploymentOrder, DeploymentPolicy } from "./policy.ts";

export const DEPLOYMENT_API_VERSION = "tradsys/deployment/v1";

/** A plugin that a deployment asks for. */
export interface DeployedPlugin extends ConfigLayer {
  readonly name: PluginName;
  readonly range: string;
  /** Overrides of all that is inherited, member by member. */
  readonly config: { readonly [key: string]: Json };
  /** The weakest isolation it may run in here; what its manifest states holds where that is stronger. */
  readonly isolation?: Manifest["isolation"];
  readonly instances: Readonly<Record<string, ConfigLayer>>;
}

/**
 * Which pre-releases a requirement admits. All but `allow` follow npm: a range admits a pre-release only if it names
 * one of the same `major.minor.patch`.
 *
 * - `if-necessary`: of what is admitted, stable versions come first.
 * - `explicit`: what is admitted competes by precedence alone.
 * - `allow`: every pre-release that lies in the range.
 * - `disallow`: none, whatever a range says.
 */
export type PreReleasePolicy = "if-necessary" | "allow" | "disallow" | "explicit";

/** Which of several sets is taken. See `src/resolver/README.md`. */
export type Strategy = "highest" | "lowest" | "lowest-direct" | "minimal-change";

/** A requirement on a plugin or a port. */
type TargetRange = Requirement & { readonly range: string };

/** How the set for a deployment is chosen, beyond what it asks for. */
export interface ResolutionPolicy {
  readonly strategy?: Strategy;
  /** Platforms that the set has to run on; the one that it is resolved on where there are none. */
  readonly platforms?: readonly string[];
  readonly preReleases?: PreReleasePolicy;
  /** By plugin, where it differs. */
  readonly preReleasesOf?: Readonly<Record<string, PreReleasePolicy>>;
  /** By port: the plugins to take it from, the most wanted first. */
  readonly providers?: Readonly<Record<string, readonly PluginName[]>>;
  /** Ranges that replace what plugins require; with `of`, what that plugin requires. */
  readonly overrides?: readonly (TargetRange & { readonly of?: PluginName })[];
  /** Ranges that plugins must be in, if they are there at all. */
  readonly constraints?: readonly PluginRange[];
  /** Versions that are not to be chosen. */
  readonly exclusions?: readonly (PluginRange & { readonly reason?: string })[];
  /** Days that a version must have been published before it is chosen, unless it is locked. */
  readonly minimumAgeDays?: number;
  /** Adapters that may stand between a requirement and a provider; 1 where it is not said. */
  readonly adapterChain?: number;
}

/** Versions of a plugin. */
interface PluginRange {
  readonly plugin: PluginName;
  readonly range: string;
}

/** What should run: `deployment.yaml` after the door. */
export interface Deployment {
  readonly apiVersion: typeof DEPLOYMENT_API_VERSION;
  readonly name: string;
  readonly description: string;
  /** Trust policy, as a path relative to the deployment manifest. */
  readonly trust: string;
  /** Platform configuration, as a path relative to the deployment manifest. */
  readonly platform?: string;
  readonly plugins: readonly DeployedPlugin[];
  readonly order?: DeploymentOrder;
  readonly policy?: DeploymentPolicy;
  readonly resolution?: ResolutionPolicy;
}
