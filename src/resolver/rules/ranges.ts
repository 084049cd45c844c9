import type Range from "semver/classes/range.js";
import SemVer from "semver/classes/semver.js";

/** Places in a list of versions, from the first up to the end. */
export type Interval = readonly [from: number, end: number];

/** Versions in ascending order of precedence. */
export interface VersionList {
  readonly versions: readonly SemVer[];
  /** Places of the pre-releases. */
  readonly unstable: readonly number[];
}

/**
 * The places of the versions that a range admits, as intervals that may overlap.
 *
 * What `Range.test` says of each version, with a binary search for each comparator instead of a test for each
 * version. Only pre-releases are looked at one by one: what npm admits of them is no interval.
 */
export function admitted(range: Range, { versions, unstable }: VersionList): readonly Interval[] {
  return range.set.flatMap((comparators) => {
    let [from, end]: Interval = [0, versions.length];
    for (const { operator, semver } of comparators) {
      if (!(semver instanceof SemVer)) continue;
      const [first, last] = intervalOf(operator, semver, versions);
      from = Math.max(from, first);
      end = Math.min(end, last);
    }
    const refused = range.includePrerelease
      ? []
      : unstable.filter((place) => place >= from && place < end && !isNamed(versions[place], comparators));
    return withoutPlaces([from, end], refused);
  });
}

function withoutPlaces([from, end]: Interval, places: readonly number[]): readonly Interval[] {
  const cuts = [...places, end];
  return cuts
    .map((place, i): Interval => [(places[i - 1] ?? from - 1) + 1, place])
    .filter(([first, last]) => first < last);
}

export const isStable = (version: SemVer): boolean => version.prerelease.length === 0;

function intervalOf(operator: string, limit: SemVer, versions: readonly SemVer[]): Interval {
  const first = firstWhere(versions, (version) => version.compare(limit) >= 0);
  const after = firstWhere(versions, (version) => version.compare(limit) > 0);
  switch (operator) {
    case ">=":
      return [first, versions.length];
    case ">":
      return [after, versions.length];
    case "<":
      return [0, first];
    case "<=":
      return [0, after];
    default:
      return [first, after];
  }
}

function firstWhere(versions: readonly SemVer[], holds: (version: SemVer) => boolean): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const version = versions[middle];
    if (version && holds(version)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** npm's rule: a comparator of the same branch names a pre-release of the same `major.minor.patch`. */
const isNamed = (version: SemVer | undefined, comparators: Range["set"][number]): boolean =>
  comparators.some(
    ({ semver }) =>
      semver instanceof SemVer &&
      semver.prerelease.length > 0 &&
      semver.major === version?.major &&
      semver.minor === version.minor &&
      semver.patch === version.patch,
  );
