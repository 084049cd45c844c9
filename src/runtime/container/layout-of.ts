import type { PluginName } from "../../domain/ids.ts";
import { facetId } from "../../domain/ids.ts";
import { systemOf } from "../../domain/manifest.ts";
import type { Generation } from "../../domain/plan.ts";
import type { PortAccess } from "../../plugin/define.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { Layout, Place, Requirement } from "./layout.ts";
import type { Locator, Service } from "./service.ts";

/** What the host offers to plugins, and what it takes from them. */
export interface HostServices {
  readonly services?: readonly Service[];
  /** The host's own container: asked for what no service and no plugin provides. */
  readonly container?: Locator;
}

/** The plugins of a generation and the host's services as one layout: a port is a port, whoever provides it. */
export function layoutOf(
  { host, facets }: Pick<Generation, "host" | "facets">,
  plugins: readonly Pick<VerifiedPlugin, "name" | "bundle">[],
  { services = [], container, ports }: HostServices & { readonly ports: PortAccess },
): Layout {
  const places = new Map<PluginName, Place>(
    plugins.map(({ name, bundle }) => [name, { system: systemOf(bundle.manifest.kind), plugin: name }]),
  );
  const systems = new Set([...places.values()].map(({ system }) => system));
  const ofPlugins = plugins.flatMap(({ name, bundle: { manifest } }) =>
    Object.entries(manifest.facets).flatMap(([facet, { provides }]) =>
      Object.entries(provides).map(([port, version]): Service => {
        const owner = facetId(name, facet);
        const make = () => ports.all(port as never).find(({ provider }) => provider === owner)?.port ?? {};
        return { port, version, owner, per: "platform", make };
      }),
    ),
  );
  const requirements = facets.flatMap(({ id, ports: bound }) =>
    Object.entries(bound).flatMap(([port, providers]): Requirement[] => {
      const version = providers.length === 0 ? host.ports?.[port] : undefined;
      const place = places.get(id.slice(0, id.indexOf("#")) as PluginName) ?? {};
      return version === undefined ? [] : [{ port, version, neededBy: id, place }];
    }),
  );
  return {
    services: [...services, ...ofPlugins],
    places: [{}, ...[...systems].map((system) => ({ system })), ...places.values()],
    requirements,
    host: container,
  };
}
