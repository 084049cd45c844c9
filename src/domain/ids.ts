declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Plugin name as written in a manifest, for example `@tradsys/connector-binance`. */
export type PluginName = Brand<string, "PluginName">;

/** Content digest in OCI form: `sha256:` followed by 64 lower-case hex digits. */
export type Digest = Brand<string, "Digest">;

/**
 * What of a plugin a set runs, as facets are named after it: the plugin, or `<plugin>@<version>` where several versions
 * of it stand side by side.
 */
export type InstanceName = PluginName | Brand<string, "InstanceName">;

/** A facet, `<instance>#<facet>`: the node of every ordering. */
export type FacetId = Brand<string, "FacetId">;

const PLUGIN_NAME = /^@[a-z0-9]+(?:-[a-z0-9]+)*\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const FACET_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

export const isPluginName = (text: string): text is PluginName => PLUGIN_NAME.test(text);
export const isDigest = (text: string): text is Digest => DIGEST.test(text);

export const facetId = (instance: InstanceName, facet: string): FacetId => `${instance}#${facet}` as FacetId;

/** Takes a facet id apart; `undefined` for text that is not one. */
export function parseFacetId(
  text: string,
): { readonly plugin: PluginName; readonly version: string | undefined; readonly facet: string } | undefined {
  const [instance = "", facet = "", ...rest] = text.split("#");
  const [plugin, version, ...others] = instance.split(/(?<!^)@/);
  if (plugin === undefined || version === "" || others.length > 0 || rest.length > 0) return undefined;
  return isPluginName(plugin) && FACET_NAME.test(facet) ? { plugin, version, facet } : undefined;
}

export const isInstanceName = (text: string): text is InstanceName =>
  parseFacetId(`${text}#main`) !== undefined;

/** What a facet is of. */
export const instanceOf = (id: FacetId): InstanceName => id.slice(0, id.indexOf("#")) as InstanceName;

/** The plugin of a facet, in whichever version. */
export function pluginOf(id: FacetId): PluginName {
  const instance = instanceOf(id);
  const at = instance.indexOf("@", 1);
  return (at < 0 ? instance : instance.slice(0, at)) as PluginName;
}

/** The members of a set by what their facets are named after. */
export function byInstance<P extends { readonly name: PluginName; readonly version: string }>(
  plugins: readonly P[],
): ReadonlyMap<InstanceName, P> {
  const versions = Map.groupBy(plugins, ({ name }) => name);
  return new Map(
    plugins.map((plugin) => {
      const isAlone = versions.get(plugin.name)?.length === 1;
      return [isAlone ? plugin.name : (labelOf(plugin) as InstanceName), plugin];
    }),
  );
}

/**
 * A name for files: `@tradsys/risk-core` becomes `tradsys-risk-core`. No two plugins share one: where the scope has a
 * hyphen of its own, as in `@acme-labs/risk`, the two parts are told apart by `--`, which no name contains.
 */
export const flatName = (plugin: PluginName): string => {
  const [scope = "", name] = plugin.slice(1).split("/");
  return `${scope}${scope.includes("-") ? "--" : "-"}${name}`;
};

/** A version of a plugin, as messages name it. */
export const labelOf = ({ name, version }: { readonly name: PluginName; readonly version: string }): string =>
  `${name}@${version}`;
