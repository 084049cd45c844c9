import { readFileSync } from "node:fs";

import type { Candidate } from "../../../src/domain/lock.ts";
import { needs, needsPort, plugin } from "../../../test/resolver/registry.ts";

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
export const nameOf = (name: string): string =>
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

/** Cells choose a digit; each digit of a row, column or box has one cell. */
export function sudoku(clues: string): Ranked {
  const only = (place: number): readonly Interval[] => [[place, place + 1]];
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

/**
 * A store as a trading platform has it: each plugin provides ports of its own, needs a few others by name and by
 * port, and 2 in 100 versions conflict with another plugin. It is made around one set that fits.
 */
export function platform(plugins: number, perPlugin: number, ports: number): Instance {
  const random = generator(plugins);
  const fitting = numbers(plugins).map(() => 1 + random(perPlugin));
  const portsPerPlugin = Math.ceil(ports / plugins);
  const candidates = numbers(plugins).flatMap((i) =>
    numbers(perPlugin).map((n) => {
      const version = n + 1;
      const isFitting = version === fitting[i];
      const others = numbers(i === 0 ? 0 : 3).map(() => random(i));
      const requires = others.map((other, kind) => {
        const target = isFitting ? (fitting[other] ?? 1) : 1 + random(perPlugin);
        const range = `>=${Math.max(1, target - random(5))}.0.0 <${target + 1 + random(5)}.0.0`;
        return kind === 0
          ? needs(`plugin-${other}`, range)
          : needsPort(`port-${other}-${random(portsPerPlugin)}`, range);
      });
      const provides = Object.fromEntries(
        numbers(portsPerPlugin).map((port) => [`port-${i}-${port}`, `${version}.0.0`]),
      );
      const other = random(plugins);
      const conflicts =
        random(50) === 0 && !isFitting && other !== i
          ? [
              {
                plugin: `@tradsys/plugin-${other}` as Candidate["manifest"]["name"],
                range: `${fitting[other]}.0.0`,
              },
            ]
          : [];
      return plugin(
        `plugin-${i} ${version}.0.0`,
        { provides, requires: dedupe(requires) },
        { conflicts, platforms: n % 7 === 0 ? ["linux-x64", "darwin-arm64"] : ["any"] },
      );
    }),
  );
  const asked = numbers(Math.ceil(plugins / 10))
    .map((n) => plugins - 1 - n * 3)
    .filter((i) => i >= 0);
  return {
    name: `${plugins} plugins × ${perPlugin} versions, ${portsPerPlugin * plugins} ports`,
    candidates,
    roots: asked.map((i) => ({ name: `plugin-${i}`, range: "*" })),
  };
}

const dedupe = <Wanted extends { readonly range: string }>(wanted: readonly Wanted[]): readonly Wanted[] => [
  ...new Map(wanted.map((one) => [JSON.stringify({ ...one, range: "" }), one])).values(),
];
