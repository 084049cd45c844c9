declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Plugin name as written in a manifest, for example `@tradsys/connector-binance`. */
export type PluginName = Brand<string, "PluginName">;

/** Content digest in OCI form: `sha256:` followed by 64 lower-case hex digits. */
export type Digest = Brand<string, "Digest">;

/** A facet of a plugin, `<plugin>#<facet>`: the node of every ordering. */
export type FacetId = Brand<string, "FacetId">;

const PLUGIN_NAME = /^@[a-z0-9]+(?:-[a-z0-9]+)*\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const FACET_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

export const isPluginName = (text: string): text is PluginName => PLUGIN_NAME.test(text);
export const isDigest = (text: string): text is Digest => DIGEST.test(text);

export const facetId = (plugin: PluginName, facet: string): FacetId => `${plugin}#${facet}` as FacetId;

/** Takes a facet id apart; `undefined` for text that is not one. */
export function parseFacetId(text: string): { plugin: PluginName; facet: string } | undefined {
  const [plugin, facet, ...rest] = text.split("#");
  if (plugin === undefined || facet === undefined || rest.length > 0) return undefined;
  return isPluginName(plugin) && FACET_NAME.test(facet) ? { plugin, facet } : undefined;
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
