import { existsSync, readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { PluginName } from "../../src/domain/ids.ts";
import type { Candidate } from "../../src/domain/lock.ts";
import { Session } from "../../src/resolver/session.ts";
import { isSound } from "./oracle.ts";
import { HOST, named, needs, plugin, resolveFrom, versionsOf } from "./registry.ts";
import { satisfiability } from "./sat.ts";

/** What others published to hold resolvers against. Not part of this repository. */
const FIXTURES = new URL("../../../shared/fixtures/resolver/", import.meta.url);
const isThere = existsSync(FIXTURES);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, FIXTURES), "utf8"));
const filesIn = (folder: string) =>
  isThere ? readdirSync(new URL(folder, FIXTURES)).filter((file) => file.endsWith(".json")) : [];

/** Package, version and dependency to half-open intervals of whole numbers. */
type Ranked = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, readonly Interval[]>>>>>
>;
type Interval = readonly [from: number, to: number | null];

const rangeOf = (intervals: readonly Interval[]): string =>
  intervals.map(([from, to]) => `>=${from}.0.0${to === null ? "" : ` <${to}.0.0`}`).join(" || ") || NEVER;

const NEVER = "<0.0.0-0";

const rankedCandidates = (packages: Ranked): readonly Candidate[] =>
  Object.entries(packages).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, dependencies]) =>
      plugin(`${name} ${version}.0.0`, {
        requires: Object.entries(dependencies).map(([on, intervals]) => needs(on, rangeOf(intervals))),
      }),
    ),
  );

describe.skipIf(!isThere)(
  "the registries of the pubgrub-rs benchmarks (skipped where they are absent)",
  () => {
    it.each(filesIn("pubgrub/"))("answers every root of %s as a SAT solver does, soundly", (file) => {
      const candidates = rankedCandidates(read(`pubgrub/${file}`) as Ranked);
      const request = { requirements: [], candidates, host: HOST, prefer: new Map(), stepBudget: 0 };
      const session = new Session(request);
      const isSatisfiable = satisfiability(candidates);
      for (const { manifest } of candidates) {
        const requirements = [{ name: manifest.name, range: manifest.version }];
        const answer = session.solve(requirements, { left: 2000 });
        expect(answer.kind).toBe(isSatisfiable(manifest) ? "found" : "none");
        if (answer.kind !== "found") continue;
        expect(isSound(session.chosen(answer), { ...request, requirements })).toBe(true);
      }
    });
  },
);

interface CocoaPodsCase {
  readonly packages: Ranked;
  readonly versions: Readonly<Record<string, readonly string[]>>;
  /** Package to rank; null where any will do. */
  readonly expect: Readonly<Record<string, number | null>>;
  readonly unsat: boolean;
  /** Package and version name. */
  readonly lock: readonly (readonly [name: string, version: string])[];
}

/** Cases of another policy: there cycles are no answer, or are avoided. */
const NO_CYCLES = new Set(["circular.json", "fixed_circular.json"]);

describe.skipIf(!isThere)("the cases of Resolver-Integration-Specs (skipped where they are absent)", () => {
  it.each(filesIn("cocoapods/").filter((file) => !NO_CYCLES.has(file)))("answers %s as published", (file) => {
    const { packages, versions, expect: published, unsat, lock } = read(`cocoapods/${file}`) as CocoaPodsCase;
    const prefer = new Map(
      lock.map(([name, version]) => [named(name), `${versions[name]?.indexOf(version)}.0.0`]),
    );
    const outcome = resolveFrom(rankedCandidates(packages), { __root__: "*" }, { prefer });
    expect(outcome.kind).toBe(unsat ? "conflict" : "resolved");
    const answer = unsat ? {} : versionsOf(outcome);
    const wanted = Object.entries(published).map(([name, rank]) => [
      name,
      rank === null ? answer[name] : `${rank}.0.0`,
    ]);
    expect(answer).toEqual(unsat ? {} : { ["__root__"]: "0.0.0", ...Object.fromEntries(wanted) });
  });
});

type Ranges = Readonly<Record<string, string>>;

interface DartCase {
  readonly group: string;
  readonly name: string;
  readonly plain: boolean;
  readonly packages: Readonly<Record<string, Readonly<Record<string, Ranges>>>>;
  readonly steps: readonly {
    readonly root?: Ranges;
    readonly result?: Ranges;
  }[];
}

const ELSEWHERE = new Set([
  // There, pre-releases are in any range that spans them.
  "use latest allowed prerelease if no stable versions match",
  // There, packages with few versions are decided first; the published set is as new as ours.
  "traverse into package with fewer versions first",
  // Its registry is written as a loop.
  "complex backtrack",
]);

describe.skipIf(!isThere)("the plain facts of Dart's solver tests (skipped where they are absent)", () => {
  const { tests } = isThere
    ? (read("dart/version_solver_facts.json") as { tests: DartCase[] })
    : { tests: [] };
  const cases = tests.filter(
    ({ plain, group, name }) => plain && group !== "downgrade" && !ELSEWHERE.has(name),
  );

  it.each(cases)("$group: $name", ({ packages, steps }) => {
    const candidates = Object.entries(packages).flatMap(([name, versions]) =>
      Object.entries(versions).map(([version, dependencies]) =>
        dartPackage(`${name} ${version}`, dependencies),
      ),
    );
    let prefer = new Map<PluginName, string>();
    for (const [number, { root }] of steps.entries()) {
      if (!root) continue;
      const { result } = steps[number + 1] ?? {};
      const outcome = resolveFrom(
        [...candidates, dartPackage("myapp 0.0.0", root)],
        { myapp: "*" },
        { prefer },
      );
      expect(outcome.kind).toBe(result ? "resolved" : "conflict");
      const answer = result ? versionsOf(outcome) : {};
      expect(answer).toEqual(result ? { ...result, myapp: "0.0.0" } : {});
      prefer = new Map(Object.entries(answer).map(([name, version]) => [named(name), version]));
    }
  });
});

const dartPackage = (id: string, dependencies: Ranges): Candidate =>
  plugin(id, {
    requires: Object.entries(dependencies).map(([on, range]) => needs(on, range === "any" ? "*" : range)),
  });
