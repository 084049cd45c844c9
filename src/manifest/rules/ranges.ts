import minVersion from "semver/ranges/min-version.js";
import validRange from "semver/ranges/valid.js";

import type { Deployment } from "../../domain/deployment.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { escapePointer, type Finding } from "../document.ts";

/** Every version range of a plugin manifest parses, and some version lies in it. */
export function checkPluginRanges(manifest: Manifest): Finding[] {
  return badRanges([
    { range: manifest.hostApi, pointer: "/hostApi" },
    { range: manifest.node, pointer: "/node" },
    ...(manifest.state ? [{ range: manifest.state.canRestoreFrom, pointer: "/state/canRestoreFrom" }] : []),
    ...manifest.conflicts.map(({ range }, i) => ({ range, pointer: `/conflicts/${i}/range` })),
    ...Object.entries(manifest.facets).flatMap(([facet, { requires }]) =>
      requires.map(({ range }, i) => ({
        range,
        pointer: `/facets/${escapePointer(facet)}/requires/${i}/range`,
      })),
    ),
  ]);
}

/** Every version range of a deployment manifest parses, and some version lies in it. */
export function checkDeploymentRanges(deployment: Deployment): Finding[] {
  const { overrides = [], constraints = [], exclusions = [] } = deployment.resolution ?? {};
  return badRanges([
    ...deployment.plugins.map(({ range }, i) => ({ range, pointer: `/plugins/${i}/range` })),
    ...Object.entries({ overrides, constraints, exclusions }).flatMap(([name, ranges]) =>
      ranges.map(({ range }, i) => ({ range, pointer: `/resolution/${name}/${i}/range` })),
    ),
  ]);
}

function badRanges(ranges: readonly { range: string; pointer: string }[]): Finding[] {
  return ranges.flatMap(({ range, pointer }): Finding[] => {
    const complaint =
      validRange(range) === null
        ? "is not a version range"
        : minVersion(range) === null
          ? "matches no version at all"
          : undefined;
    if (complaint === undefined) return [];
    return [
      {
        code: "RANGE_INVALID",
        severity: "error",
        pointer,
        message: `\`${range}\` ${complaint}`,
        hint: "Ranges are npm's: `^1.2.0`, `>=2 <4`, `1.x || 2.x`.",
      },
    ];
  });
}
