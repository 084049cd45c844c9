import { byText } from "../domain/by-text.ts";
import { canonical, type Json } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest, PluginName } from "../domain/ids.ts";
import type { Facet } from "../domain/manifest.ts";
import type { Preloaded } from "../runtime/runtime.ts";

type VerifiedPlugin = Preloaded["plugins"][number];

/** An exchange connector of a verified set, before any of its code runs. */
export interface ExchangeConnectorPlugin {
  readonly name: PluginName;
  readonly version: string;
  /** Digest of the bundle. */
  readonly content: Digest;
  /** Short code of the venue, for example `BINANCE`. */
  readonly venue: string;
  readonly facets: Readonly<Record<string, Facet>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the secrets that it may ask for. */
  readonly secrets: readonly string[];
}

/**
 * What makes a connector another one: its code, its configuration and its credentials. Never the venue's name alone:
 * two accounts at one venue are two connectors.
 *
 * @param secret Values of secrets; only their digest goes into the key.
 */
export function connectorKey(
  { content, config, secrets }: Pick<ExchangeConnectorPlugin, "config" | "content" | "secrets">,
  secret: (name: string) => string | undefined,
): Digest {
  const credentials = secrets.map((name) => [name, sha256(secret(name) ?? "")]);
  return sha256(canonical({ content, config: config as { [key: string]: Json }, credentials }));
}

/** The connectors of a verified set. What is in it was decided by resolver and planner, so nothing is registered by hand. */
export class Registry {
  readonly #plugins: ReadonlyMap<string, ExchangeConnectorPlugin>;

  constructor(plugins: readonly VerifiedPlugin[]) {
    this.#plugins = new Map(
      plugins
        .filter(({ bundle }) => bundle.manifest.kind === "exchange-connector")
        .map((plugin) => [plugin.name, connectorOf(plugin)]),
    );
  }

  /** By name. */
  listPlugins = (): readonly ExchangeConnectorPlugin[] =>
    [...this.#plugins.values()].toSorted((a, b) => byText(a.name, b.name));

  /** @throws {TradsysError} `PLUGIN_UNKNOWN` */
  getPlugin(name: string): ExchangeConnectorPlugin {
    const plugin = this.#plugins.get(name);
    if (plugin) return plugin;
    throw new TradsysError("PLUGIN_UNKNOWN", `the set has no connector ${name}`, {
      hint: `It has ${this.listPlugins()
        .map((each) => each.name)
        .join(", ")}.`,
    });
  }
}

function connectorOf({ name, version, content, bundle, config }: VerifiedPlugin): ExchangeConnectorPlugin {
  const { capabilities, facets, permissions } = bundle.manifest;
  const { venue } = capabilities;
  return {
    name,
    version,
    content,
    venue: typeof venue === "string" ? venue : name,
    facets,
    config,
    secrets: permissions.secrets,
  };
}
