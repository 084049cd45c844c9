import type { Diagnostic, Location } from "../../domain/diagnostic.ts";
import { byInstance, type InstanceName } from "../../domain/ids.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { effectiveConfig } from "../config.ts";
import { placed, valueAt, type Finding } from "../document.ts";
import { inheritedConfig } from "./explain.ts";
import type { Config } from "./merge.ts";
import { applied, hierarchyOf, type DeploymentSet, type Document, type PluginScopes } from "./scope.ts";

/** What every plugin of a deployment is given, and what is wrong with the others. */
export interface DeployedConfigs {
  readonly configs: ReadonlyMap<InstanceName, Config>;
  /** Of lazy plugins: time without use after which they are unloaded, in ms. */
  readonly idleUnloadMs: ReadonlyMap<InstanceName, number>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Merges what each plugin inherits over its defaults, and checks it against the plugin's own schema. */
export async function deployedConfigs(set: DeploymentSet): Promise<DeployedConfigs> {
  const configs = new Map<InstanceName, Config>();
  const idleUnloadMs = new Map<InstanceName, number>();
  const diagnostics: Diagnostic[] = [];
  const scoped = hierarchyOf(set).plugins.map((scopes) => ({
    name: scopes.manifest.value.name,
    version: scopes.manifest.value.version,
    scopes,
  }));
  for (const [instance, { scopes }] of byInstance(scoped)) {
    const { value: manifest } = scopes.manifest;
    const config = await effectiveConfig(manifest, inheritedConfig(scopes, scopes.plugin));
    if (config.ok) configs.set(instance, config.value);
    else diagnostics.push(...config.error.map((finding) => located(scopes, finding)));
    const idle = applied(scopes.plugin, "idleUnloadMs");
    if (idle && manifest.activation === "lazy") idleUnloadMs.set(instance, idle.value);
  }
  return { configs, idleUnloadMs, diagnostics };
}

function located(scopes: PluginScopes, finding: Finding): Diagnostic {
  const message = `${scopes.manifest.value.name}: ${finding.message}`;
  return placed({ ...finding, message }, ({ pointer, at }) => originOf(scopes, pointer, at));
}

/** Where the narrowest scope that states a value does so; else where what should hold it stands. */
function originOf(scopes: PluginScopes, pointer: string, at: "key" | undefined): Location {
  const { plugin } = scopes;
  const stating = [plugin, ...plugin.around.toReversed()].find(
    ({ layer }) => valueAt(layer.config ?? {}, pointer) !== undefined,
  );
  if (stating) return stating.place(`/config${pointer}`, at);
  const above = pointer.slice(0, pointer.lastIndexOf("/"));
  return above === "" ? plugin.place("/config") : originOf(scopes, above, undefined);
}

/** A manifest without its text, as the store has it. */
export const withoutText = (value: Manifest): Document<Manifest> => {
  const file = `${value.name}@${value.version}/plugin.json`;
  return { value, file, warnings: [], locate: (finding) => placed(finding, () => ({ file })) };
};
