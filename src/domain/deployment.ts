import type { Json } from "./canonical.ts";
import type { PluginName } from "./ids.ts";
import type { Manifest } from "./manifest.ts";
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
}
