import Logic from "logic-solver";
import { satisfies } from "semver";

import type { BundleManifest } from "../../src/domain/bundle.ts";
import type { Candidate } from "../../src/domain/lock.ts";

/**
 * Whether each version can be part of a set, by MiniSat (compiled to JavaScript). Knows requirements on plugins only.
 */
export function satisfiability(candidates: readonly Candidate[]): (root: BundleManifest) => boolean {
  const solver = new Logic.Solver();
  const versionsOf = Map.groupBy(candidates, ({ manifest }) => manifest.name);
  for (const versions of versionsOf.values()) {
    solver.require(Logic.atMostOne(...versions.map(({ manifest }) => nameOf(manifest))));
  }
  for (const { manifest } of candidates) {
    for (const requirement of Object.values(manifest.facets).flatMap(({ requires }) => requires)) {
      const versions = "plugin" in requirement ? (versionsOf.get(requirement.plugin) ?? []) : [];
      const fitting = versions.filter((other) => satisfies(other.manifest.version, requirement.range));
      solver.require(
        Logic.implies(nameOf(manifest), Logic.or(...fitting.map((other) => nameOf(other.manifest)))),
      );
    }
  }
  return (root) => solver.solveAssuming(nameOf(root)) !== null;
}

const nameOf = ({ name, version }: BundleManifest): string => `${name} ${version}`;
