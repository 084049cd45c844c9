import satisfies from "semver/functions/satisfies.js";

import { closest } from "../../domain/closest.ts";
import { didYouMean } from "../../domain/diagnostic.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { escapePointer, type Finding } from "../document.ts";

/** Ports that the platform defines. Plugins may define more; a name close to one of these is a slip. */
const KNOWN_PORTS: ReadonlySet<string> = new Set([
  "account",
  "calendar",
  "control",
  "instruments",
  "market-data",
  "md-normalise",
  "order-entry",
  "risk-limit",
  "risk-pretrade",
  "risk-rules",
  "strategy",
]);

/** Names of ports that are almost, but not quite, those of the platform. */
export function checkPortNames({ facets }: Manifest): Finding[] {
  const named = Object.entries(facets).flatMap(([facet, { provides, requires }]) => {
    const base = `/facets/${escapePointer(facet)}`;
    return [
      ...Object.keys(provides).map((port) => ({
        port,
        place: { pointer: `${base}/provides/${escapePointer(port)}`, at: "key" as const },
      })),
      ...requires.flatMap((requirement, i) =>
        "port" in requirement
          ? [{ port: requirement.port, place: { pointer: `${base}/requires/${i}/port` } }]
          : [],
      ),
    ];
  });
  return named.flatMap(({ port, place }): Finding[] => {
    const meant = KNOWN_PORTS.has(port) ? undefined : closest(port, KNOWN_PORTS);
    if (meant === undefined) return [];
    return [
      {
        code: "PORT_UNFAMILIAR",
        severity: "warning",
        ...place,
        message: `\`${port}\` is no port of the platform, but close to one`,
        ...didYouMean(meant),
      },
    ];
  });
}

/** A facet that requires what it provides waits for itself. An adapter requires another version than it provides. */
export function checkOwnPorts({ facets }: Manifest): Finding[] {
  return Object.entries(facets).flatMap(([facet, { provides, requires }]) =>
    requires.flatMap((requirement, i): Finding[] => {
      if (!("port" in requirement) || requirement.optional) return [];
      const { port, range } = requirement;
      const version = Object.hasOwn(provides, port) ? provides[port] : undefined;
      if (version === undefined || !satisfies(version, range)) return [];
      const base = `/facets/${escapePointer(facet)}`;
      return [
        {
          code: "PORT_OWN",
          severity: "warning",
          pointer: `${base}/requires/${i}/port`,
          message: `facet \`${facet}\` requires \`${port}\`, which it provides itself`,
          related: [
            { pointer: `${base}/provides/${escapePointer(port)}`, at: "key", message: "provided here" },
          ],
          hint: "Where no other plugin provides it, this facet can never start.",
        },
      ];
    }),
  );
}
