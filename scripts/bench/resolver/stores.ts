import { readFileSync } from "node:fs";

import type { Candidate } from "../../../src/domain/lock.ts";
import { named, needs, needsPort, plugin } from "../../../test/resolver/registry.ts";

/** Half-open interval of whole numbers; without an end, all from its start. */
type Interval = readonly [from: number, to: number | null];

/** Package, version and dependency to the versions that fit, as whole numbers. */
export type Ranked = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, readonly Interval[]>>>>>
>;

/** A store and what is asked of it. */
export interface Instance {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly roots: readonly { readonly name: string; readonly range: string }[];
}

const FIXTURES = new URL("../../../../shared/fixtures/resolver/", import.meta.url);

/** A file of the published cases. */
export function published(file: string): Ranked {
  const read = JSON.parse(readFileSync(new URL(file, FIXTURES), "utf8")) as object;
  return ("versions" in read && "packages" in read ? read.packages : read) as Ranked;
}

const rangeOf = (intervals: readonly Interval[]): string =>
  intervals.map(([from, to]) => `>=${from}.0.0${to === null ? "" : ` <${to}.0.0`}`).join(" || ") ||
  "<0.0.0-0";

/** Names that manifests admit: published ones have capitals and underscores. */
const nameOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

export const candidatesOf = (ranked: Ranked): readonly Candidate[] =>
  Object.entries(ranked).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, dependencies]) =>
      plugin(`${nameOf(name)} ${version}.0.0`, {
        requires: Object.entries(dependencies).map(([on, intervals]) =>
          needs(nameOf(on), rangeOf(intervals)),
        ),
      }),
    ),
  );

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

const versions = (count: number, dependencies: (version: number) => Ranked[string][string]): Ranked[string] =>
  Object.fromEntries(numbers(count).map((version) => [version, dependencies(version)]));

const ANY: readonly Interval[] = [[0, null]];

/** cargo's "deep chain": each of many versions needs the next package, and the last one is missing. */
export const chain = (depth: number, width: number): Ranked =>
  Object.fromEntries(
    numbers(depth).map((level) => [
      `level-${level}`,
      versions(width, () => ({ [level + 1 < depth ? `level-${level + 1}` : "missing"]: ANY })),
    ]),
  );

/** cargo's "deep traps": a chain that fails at its end, beside one that resolves in endless ways. */
export const traps = (depth: number, width: number): Ranked => ({
  ...Object.fromEntries(
    numbers(depth).map((level) => [
      `trap-${level}`,
      versions(width, () => (level + 1 < depth ? { [`trap-${level + 1}`]: ANY } : {})),
    ]),
  ),
  ...Object.fromEntries(
    numbers(depth).map((level) => [
      `level-${level}`,
      versions(width, () => ({ "trap-0": ANY, [level + 1 < depth ? `level-${level + 1}` : "missing"]: ANY })),
    ]),
  ),
});

/** pubgrub-rs issue 135: every version but the first needs something newer than there is. */
export const higherThan = (count: number): Ranked => ({
  a: versions(count, (version) => (version === 0 ? {} : { b: [[version, null]] })),
  b: { 0: {} },
});

/** Two packages of which each version needs one of the other, in turns, until none is left. */
export const pingPong = (count: number): Ranked => ({
  a: versions(count, (version) => ({ b: [[version, version + 1]] })),
  b: versions(count, (version) => ({ a: [[version + 1, null]] })),
});

const only = (place: number): readonly Interval[] => [[place, place + 1]];

/** Cells choose a digit; each digit of a row, column or box has one cell. */
export function sudoku(clues: string): Ranked {
  const cells = numbers(81).map((cell) => {
    const [row, column] = [Math.floor(cell / 9), cell % 9];
    const [box, inBox] = [3 * Math.floor(row / 3) + Math.floor(column / 3), 3 * (row % 3) + (column % 3)];
    const digits = numbers(9).map((digit) => [
      digit,
      {
        [`row-${row}-${digit}`]: only(column),
        [`column-${column}-${digit}`]: only(row),
        [`box-${box}-${digit}`]: only(inBox),
      },
    ]);
    return [`cell-${cell}`, Object.fromEntries(digits)] as const;
  });
  const houses = ["row", "column", "box"].flatMap((kind) =>
    numbers(81).map((n) => [`${kind}-${Math.floor(n / 9)}-${n % 9}`, versions(9, () => ({}))] as const),
  );
  const asked = numbers(81).map((cell) => {
    const digit = Number(clues[cell]);
    return [`cell-${cell}`, digit > 0 ? only(digit - 1) : ANY] as const;
  });
  return { ...Object.fromEntries([...cells, ...houses]), root: { 0: Object.fromEntries(asked) } };
}

/** Pseudo-random numbers below a limit, the same ones every time (mulberry32). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** The `n`th release: five minors to a major. */
const release = (n: number): string => `${1 + Math.floor(n / 5)}.${n % 5}.0`;

/**
 * A store as a trading platform has it: plugins are released in step, each provides ports of its own and needs a few
 * others by name and by port as they were a few releases ago, some also as they will be; 2 in 100 releases conflict
 * with some of another plugin, and the newest ones of some do not run everywhere.
 */
export function platform(plugins: number, releases: number, ports: number): Instance {
  const random = generator(plugins);
  const portsPerPlugin = Math.ceil(ports / plugins);
  const others = numbers(plugins).map((i) => (i === 0 ? [] : [random(i), random(i), random(i)]));
  const candidates = numbers(plugins).flatMap((i) =>
    numbers(releases).map((n) => {
      const requires = (others[i] ?? []).map((other, kind) => {
        const from = Math.max(0, n - random(4));
        const range = `^${release(from)}${random(3) === 0 ? ` || ^${release(from + 5)}` : ""}`;
        return kind === 0 ? needs(`plugin-${other}`, range) : needsPort(`port-${other}-${kind}`, range);
      });
      const provides = Object.fromEntries(
        numbers(portsPerPlugin).map((port) => [`port-${i}-${port}`, release(n)]),
      );
      const other = random(plugins);
      const conflicts =
        random(50) === 0 && other !== i
          ? [{ plugin: named(`plugin-${other}`), range: `<=${release(random(releases))}` }]
          : [];
      const platforms = random(20) === 0 ? ["darwin-arm64"] : ["any"];
      return plugin(
        `plugin-${i} ${release(n)}`,
        { provides, requires: dedupe(requires) },
        { conflicts, platforms },
      );
    }),
  );
  const asked = numbers(Math.ceil(plugins / 10)).map((n) => plugins - 1 - 3 * n);
  return {
    name: `${plugins} plugins × ${releases} versions, ${portsPerPlugin * plugins} ports`,
    candidates,
    roots: asked.map((i) => ({ name: `plugin-${i}`, range: "*" })),
  };
}

const dedupe = <Wanted extends { readonly range: string }>(wanted: readonly Wanted[]): readonly Wanted[] => [
  ...new Map(wanted.map((one) => [JSON.stringify({ ...one, range: "" }), one])).values(),
];
