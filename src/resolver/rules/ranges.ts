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

export const versionList = (versions: readonly SemVer[]): VersionList => ({
  versions,
  unstable: versions.flatMap((version, place) => (isStable(version) ? [] : [place])),
});

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
      if (operator !== "<" && operator !== "<=")
        from = Math.max(from, placeOf(semver, versions, operator === ">"));
      if (operator !== ">" && operator !== ">=")
        end = Math.min(end, placeOf(semver, versions, operator !== "<"));
    }
    if (range.includePrerelease || unstable.length === 0) return from < end ? [[from, end] as const] : [];
    const refused = unstable.filter(
      (place) => place >= from && place < end && !isNamed(versions[place], comparators),
    );
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

/** Orders by precedence; builds of one version are equal. @see SemVer 2.0.0, section 11 */
export const byPrecedence = (a: SemVer, b: SemVer): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch || a.comparePre(b);

/** Where a limit stands in a list: before the versions equal to it, or after them. */
function placeOf(limit: SemVer, versions: readonly SemVer[], isAfter: boolean): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = byPrecedence(versions[middle] ?? limit, limit);
    if (order > 0 || (order === 0 && !isAfter)) high = middle;
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
