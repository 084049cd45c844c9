import type { DeployedPlugin, Deployment } from "../../domain/deployment.ts";
import type { Location } from "../../domain/diagnostic.ts";
import { systemOf, type Manifest, type System } from "../../domain/manifest.ts";
import type { ConfigLayer, PlatformConfig, Settings } from "../../domain/platform.ts";
import type { AnyDocument, Parsed } from "../parse.ts";

/** A document whose format is known, with the file it came from. */
export type Document<T> = Parsed<T> & Pick<AnyDocument, "file">;

/** What is deployed together, and the documents that say so. */
export interface DeploymentSet {
  readonly deployment: Document<Deployment>;
  readonly platform: Document<PlatformConfig> | undefined;
  /** Manifests of the deployed plugins, as far as they were given, in name order. */
  readonly plugins: readonly Document<Manifest>[];
}

/** A level of the configuration hierarchy. */
export interface Scope {
  readonly kind: "platform" | "system" | "group" | "plugin" | "instance";
  /** What a person calls it, for example `system risk`. */
  readonly name: string;
  readonly layer: ConfigLayer;
  /** The scopes it inherits from, the widest first. */
  readonly around: readonly Scope[];
  /** Where a member of the layer stands, by its pointer below the layer, for example `/settings/idleUnloadMs`. */
  readonly place: (pointer: string, at?: "key") => Location;
}

/** The scopes of one plugin of a deployment. */
export interface PluginScopes {
  readonly manifest: Document<Manifest>;
  /** The deployment's own entry for the plugin; inherits from platform, system and groups. */
  readonly plugin: Scope;
  /** One for each named instance; inherits from the plugin too. */
  readonly instances: readonly Scope[];
}

/** Every scope of a deployment. */
export interface Hierarchy {
  readonly platform: Scope;
  readonly systems: ReadonlyMap<System, Scope>;
  readonly groups: ReadonlyMap<string, Scope>;
  readonly plugins: readonly PluginScopes[];
}

const EMPTY: ConfigLayer = {};

/** The hierarchy of a deployment: platform, then system, then groups in their order, then plugin, then instance. */
export function hierarchyOf({ deployment, platform, plugins }: DeploymentSet): Hierarchy {
  const base = platform ?? deployment;
  const top: Scope = {
    kind: "platform",
    name: platform ? `platform ${platform.value.name}` : "the platform",
    layer: platform?.value ?? EMPTY,
    around: [],
    place: placesIn(base, ""),
  };
  const systems = new Map(
    (Object.entries(platform?.value.systems ?? {}) as [System, ConfigLayer][]).map(([system, layer]) => [
      system,
      {
        kind: "system" as const,
        name: `system ${system}`,
        layer,
        around: [top],
        place: placesIn(base, `/systems/${system}`),
      },
    ]),
  );
  const groups = new Map(
    Object.entries(platform?.value.groups ?? {}).map(([group, layer]) => [
      group,
      {
        kind: "group" as const,
        name: `group ${group}`,
        layer,
        around: [top],
        place: placesIn(base, `/groups/${group}`),
      },
    ]),
  );
  return {
    platform: top,
    systems,
    groups,
    plugins: plugins.map((manifest) => {
      const system = systems.get(systemOf(manifest.value.kind));
      const own = [...groups].filter(([name]) =>
        platform?.value.groups[name]?.plugins.includes(manifest.value.name),
      );
      const around = [top, ...(system ? [system] : []), ...own.map(([, scope]) => scope)];
      return { manifest, ...deployedScopes(deployment, manifest.value, around) };
    }),
  };
}

function deployedScopes(deployment: Document<Deployment>, { name }: Manifest, around: readonly Scope[]) {
  const at = deployment.value.plugins.findIndex((entry) => entry.name === name);
  const entry: DeployedPlugin | undefined = deployment.value.plugins[at];
  const pointer = at < 0 ? "/plugins" : `/plugins/${at}`;
  const plugin: Scope = {
    kind: "plugin",
    name,
    layer: entry ?? EMPTY,
    around,
    place: placesIn(deployment, pointer),
  };
  const instances = Object.entries(entry?.instances ?? {}).map(([instance, layer]): Scope => ({
    kind: "instance",
    name: `${name}, instance ${instance}`,
    layer,
    around: [...around, plugin],
    place: placesIn(deployment, `${pointer}/instances/${instance}`),
  }));
  return { plugin, instances };
}

/** Where the value at a pointer stands, or the nearest one above it that exists. */
export function placeIn(
  { locate, file }: Pick<Document<unknown>, "locate" | "file">,
  pointer: string,
  at?: "key",
): Location {
  const about = { code: "CONFIG_CONTRADICTION", severity: "error", message: "", pointer } as const;
  return locate({ ...about, ...(at && { at }) }).location ?? { file };
}

const placesIn =
  (document: Pick<Document<unknown>, "locate" | "file">, base: string) =>
  (pointer: string, at?: "key"): Location =>
    placeIn(document, `${base}${pointer}`, at);

/** A setting that applies in a scope, and the scope that states it. */
export interface Applied<Value> {
  readonly value: Value;
  readonly from: Scope;
}

/** The value of a setting in a scope: its own, or that of the nearest scope around it that states one. */
export function applied<Key extends keyof Settings>(
  scope: Scope,
  key: Key,
): Applied<NonNullable<Settings[Key]>> | undefined {
  for (const from of [scope, ...scope.around.toReversed()]) {
    const value = from.layer.settings?.[key];
    if (value !== undefined) return { value, from };
  }
  return undefined;
}

/** Every scope of a hierarchy, the wider before the narrower. */
export const allScopes = ({ platform, systems, groups, plugins }: Hierarchy): readonly Scope[] => [
  platform,
  ...systems.values(),
  ...groups.values(),
  ...plugins.flatMap(({ plugin, instances }) => [plugin, ...instances]),
];
