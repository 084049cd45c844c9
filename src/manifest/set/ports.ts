import satisfies from "semver/functions/satisfies.js";

import type { Diagnostic } from "../../domain/diagnostic.ts";
import type { FacetRequirement, Manifest } from "../../domain/manifest.ts";
import { escapePointer } from "../document.ts";
import { placeIn, type DeploymentSet, type Document } from "../layers/scope.ts";

/**
 * Every port that a plugin of the deployment requires is provided by another. Only a warning, and only where
 * the manifest of every deployed plugin is at hand: the resolver may add plugins that the deployment does not name.
 */
export function checkPorts({ deployment, platform, plugins }: DeploymentSet): Diagnostic[] {
  const isWhole = deployment.value.plugins.every(({ name }) =>
    plugins.some(({ value }) => value.name === name),
  );
  if (!isWhole) return [];
  const ofHost = new Map(Object.entries(platform?.value.ports ?? {}));
  const versionsOf = (port: string): string[] => [
    ...(ofHost.has(port) ? [ofHost.get(port) ?? ""] : []),
    ...plugins.flatMap(({ value }) => providedBy(value, port)),
  ];
  return plugins.flatMap((plugin) => unprovided(plugin, versionsOf));
}

function unprovided(plugin: Document<Manifest>, versionsOf: (port: string) => string[]): Diagnostic[] {
  return Object.entries(plugin.value.facets).flatMap(([facet, { requires }]) =>
    requires.flatMap((requirement, i) => {
      if (!("port" in requirement) || requirement.optional) return [];
      const versions = versionsOf(requirement.port);
      if (versions.some((version) => satisfies(version, requirement.range))) return [];
      const location = placeIn(plugin, `/facets/${escapePointer(facet)}/requires/${i}`);
      return [warning(plugin.value, requirement, { versions, location })];
    }),
  );
}

const providedBy = ({ facets }: Manifest, port: string): string[] =>
  Object.values(facets).flatMap(({ provides }) =>
    Object.hasOwn(provides, port) ? [provides[port] ?? ""] : [],
  );

function warning(
  { name }: Manifest,
  { port, range }: Extract<FacetRequirement, { readonly port: string }>,
  { versions, location }: { readonly versions: readonly string[] } & Pick<Required<Diagnostic>, "location">,
): Diagnostic {
  const others = versions.length === 0 ? "nothing" : `only ${versions.toSorted().join(", ")}`;
  return {
    code: "PORT_UNPROVIDED",
    severity: "warning",
    message: `${name} requires ${port} ${range}, and ${others} in this deployment provides it`,
    location,
    hint: "Add a plugin that provides it; the resolver looks for one in the store.",
  };
}
