import type { Json } from "./canonical.ts";
import type { PluginName } from "./ids.ts";

export const DEPLOYMENT_API_VERSION = "tradsys/deployment/v1";

/** A plugin that a deployment asks for. */
interface DeployedPlugin {
  readonly name: PluginName;
  readonly range: string;
  /** Overrides the plugin's own defaults, member by member. */
  readonly config: { readonly [key: string]: Json };
}

/** What should run: `deployment.yaml` after the door. */
export interface Deployment {
  readonly apiVersion: typeof DEPLOYMENT_API_VERSION;
  readonly name: string;
  readonly description: string;
  /** Trust policy, as a path relative to the deployment manifest. */
  readonly trust: string;
  readonly plugins: readonly DeployedPlugin[];
}
