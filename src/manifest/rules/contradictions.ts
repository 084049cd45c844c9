import type { Manifest } from "../../domain/manifest.ts";
import { escapePointer, type Finding } from "../document.ts";

/** Statements of one manifest that cannot both hold. */
export const checkContradictions = (manifest: Manifest): Finding[] => [
  ...oneInstanceOfManyVersions(manifest),
  ...lazyButCritical(manifest),
  ...aboutItself(manifest),
];

function oneInstanceOfManyVersions({ singleton, multiVersion }: Manifest): Finding[] {
  if (singleton !== "host" || !multiVersion) return [];
  return [
    {
      code: "CONFIG_CONTRADICTION",
      severity: "error",
      pointer: "/multiVersion",
      message: "two versions cannot run side by side where only one instance may run",
      related: [{ pointer: "/singleton", message: "one instance in the host" }],
      hint: "Remove `multiVersion`, or write `singleton: none`.",
    },
  ];
}

function lazyButCritical({ activation, criticality }: Manifest): Finding[] {
  if (activation !== "lazy" || criticality !== "critical") return [];
  return [
    {
      code: "CONFIG_CONTRADICTION",
      severity: "error",
      pointer: "/activation",
      message: "what the process cannot do without cannot wait for its first use",
      related: [{ pointer: "/criticality", message: "its failure is critical" }],
      hint: "Write `activation: critical`, or a lower criticality.",
    },
  ];
}

/** A plugin neither waits for itself nor excludes itself; its facets are ordered by their ports. */
function aboutItself(manifest: Manifest): Finding[] {
  const required = Object.entries(manifest.facets).flatMap(([facet, { requires }]) =>
    requires.flatMap((requirement, i) =>
      "plugin" in requirement && requirement.plugin === manifest.name
        ? [{ verb: "require", pointer: `/facets/${escapePointer(facet)}/requires/${i}/plugin` }]
        : [],
    ),
  );
  const conflicting = manifest.conflicts.flatMap(({ plugin }, i) =>
    plugin === manifest.name ? [{ verb: "conflict with", pointer: `/conflicts/${i}/plugin` }] : [],
  );
  return [...required, ...conflicting].map(({ verb, pointer }) => ({
    code: "CONFIG_CONTRADICTION",
    severity: "error",
    pointer,
    message: `a plugin cannot ${verb} itself`,
    related: [{ pointer: "/name", message: "this plugin" }],
    hint: "Name another plugin, or remove this entry.",
  }));
}
