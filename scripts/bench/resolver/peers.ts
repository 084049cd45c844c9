import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import Logic from "logic-solver";
import { satisfies } from "semver";

import type { BundleManifest } from "../../../src/domain/bundle.ts";
import type { Candidate } from "../../../src/domain/lock.ts";

/** Whether each version of a store can be part of a set, and how long finding out took for all of them. */
interface Round {
  readonly verdicts: readonly boolean[];
  readonly ms: number;
}

/** A solver, made ready for a store: what that takes is not part of a round. */
export interface Peer {
  readonly name: string;
  prepare(candidates: readonly Candidate[]): Promise<() => Promise<Round>>;
}

/** A solver in this process that decides one version after the other. */
export const inProcess = (
  name: string,
  prepare: (
    candidates: readonly Candidate[],
  ) => Promise<(root: BundleManifest) => boolean | Promise<boolean>>,
): Peer => ({
  name,
  async prepare(candidates) {
    const decide = await prepare(candidates);
    return async () => {
      const verdicts: boolean[] = [];
      const began = performance.now();
      for (const { manifest } of candidates) verdicts.push(await decide(manifest));
      return { verdicts, ms: performance.now() - began };
    };
  },
});

const nameOf = ({ name, version }: BundleManifest): string => `${name} ${version}`;

/** For each requirement of a version: the versions that would do. */
function* requirementsOf(
  candidates: readonly Candidate[],
): Iterable<readonly [BundleManifest, readonly BundleManifest[]]> {
  const versionsOf = Map.groupBy(candidates, ({ manifest }) => manifest.name);
  const fitting = new Map<string, readonly BundleManifest[]>();
  for (const { manifest } of candidates) {
    for (const requirement of Object.values(manifest.facets).flatMap(({ requires }) => requires)) {
      if (!("plugin" in requirement)) continue;
      const key = `${requirement.plugin} ${requirement.range}`;
      let found = fitting.get(key);
      if (!found) {
        found = (versionsOf.get(requirement.plugin) ?? [])
          .map((candidate) => candidate.manifest)
          .filter(({ version }) => satisfies(version, requirement.range));
        fitting.set(key, found);
      }
      yield [manifest, found];
    }
  }
}

/** MiniSat 2, compiled to JavaScript. */
const logicSolver = inProcess("logic-solver", async (candidates) => {
  const solver = new Logic.Solver();
  for (const versions of Map.groupBy(candidates, ({ manifest }) => manifest.name).values()) {
    solver.require(Logic.atMostOne(...versions.map(({ manifest }) => nameOf(manifest))));
  }
  for (const [manifest, fitting] of requirementsOf(candidates)) {
    solver.require(Logic.implies(nameOf(manifest), Logic.or(...fitting.map(nameOf))));
  }
  return (root) => solver.solveAssuming(nameOf(root)) !== null;
});

/** The part of z3-solver that is used here. */
interface Z3 {
  readonly init: () => Promise<{ readonly Context: (name: string) => Z3Context }>;
}
interface Z3Context {
  readonly Bool: { const(name: string): object };
  readonly Solver: new () => {
    add(formula: object): void;
    check(assumption: object): Promise<"sat" | "unsat" | "unknown">;
  };
  readonly Implies: (a: object, b: object) => object;
  readonly Or: (...formulas: object[]) => object;
  readonly AtMost: (formulas: readonly [object, ...object[]], count: number) => object;
}

/** Z3 in WebAssembly; an SMT solver. */
const z3 = inProcess("z3-solver", async (candidates) => {
  const { init } = (await import(z3.name)) as Z3;
  const { Context } = await init();
  const { Bool, Solver, Implies, Or, AtMost } = Context("bench");
  const solver = new Solver();
  const variables = new Map(
    candidates.map(({ manifest }) => [nameOf(manifest), Bool.const(nameOf(manifest))]),
  );
  const never = Bool.const("never");
  const of = (manifest: BundleManifest) => variables.get(nameOf(manifest)) ?? never;
  for (const versions of Map.groupBy(candidates, ({ manifest }) => manifest.name).values()) {
    const [first, ...rest] = versions.map(({ manifest }) => of(manifest));
    if (first) solver.add(AtMost([first, ...rest], 1));
  }
  solver.add(Implies(never, Or()));
  for (const [manifest, fitting] of requirementsOf(candidates))
    solver.add(Implies(of(manifest), Or(...fitting.map(of))));
  return async (root) => (await solver.check(of(root))) === "sat";
});

/** The part of elm-solve-deps-wasm that is used here. */
interface Elm {
  readonly solve_deps: (
    project: string,
    test: boolean,
    ...rest: [
      constraints: object,
      manifest: (name: string, version: string) => string,
      versions: (name: string) => string[],
    ]
  ) => string;
}

const elmRange = (text: string) =>
  text.replace(/^>=(\S+) <(\S+)$/, "$1 <= v < $2").replace(/^>=(\S+)$/, "$1 <= v < 99999.0.0");

/** PubGrub (pubgrub-rs) in WebAssembly. Its ranges are single intervals: a union becomes a package of its own. */
const elm = inProcess("elm-solve-deps-wasm", async (candidates) => {
  const { solve_deps: solve } = (await import(elm.name)) as Elm;
  const packages = new Map<string, Map<string, Record<string, string>>>();
  const add = (name: string, version: string, dependencies: Record<string, string>) => {
    packages.set(name, (packages.get(name) ?? new Map()).set(version, dependencies));
  };
  for (const { manifest } of candidates) {
    const dependencies: Record<string, string> = {};
    for (const requirement of Object.values(manifest.facets).flatMap(({ requires }) => requires)) {
      if (!("plugin" in requirement)) continue;
      const on = requirement.plugin.slice(1);
      const parts = requirement.range.split(" || ");
      const [only = ""] = parts;
      if (parts.length === 1 && only !== "<0.0.0-0") {
        dependencies[on] = elmRange(only);
        continue;
      }
      const union = `union/${encodeURIComponent(`${on} ${requirement.range}`).replaceAll(/[^a-zA-Z0-9]/g, "-")}`;
      if (only !== "<0.0.0-0") {
        for (const [i, part] of parts.entries()) add(union, `${i + 1}.0.0`, { [on]: elmRange(part) });
      }
      dependencies[union] = "0.0.0 <= v < 99999.0.0";
    }
    add(manifest.name.slice(1), manifest.version, dependencies);
  }
  const written = (name: string, version: string) =>
    JSON.stringify({
      type: "package",
      name,
      summary: "",
      license: "MIT",
      version,
      "exposed-modules": [],
      "elm-version": "0.19.0 <= v < 0.20.0",
      dependencies: packages.get(name)?.get(version) ?? {},
      "test-dependencies": {},
    });
  const versionsOf = (name: string) => [...(packages.get(name)?.keys() ?? [])].toReversed();
  return ({ name, version }) => {
    const [major = 0] = version.split(".").map(Number);
    const root = { [name.slice(1)]: `${version} <= v < ${major + 1}.0.0` };
    const project = JSON.stringify({
      type: "package",
      name: "bench/root",
      summary: "",
      license: "MIT",
      version: "1.0.0",
      "exposed-modules": [],
      "elm-version": "0.19.0 <= v < 0.20.0",
      dependencies: root,
      "test-dependencies": {},
    });
    try {
      solve(project, false, {}, written, versionsOf);
      return true;
    } catch {
      return false;
    }
  };
});

const LIBSOLV = fileURLToPath(new URL("libsolv.py", import.meta.url));

/** What the openSUSE and Fedora package managers and conda solve with, in C, through Python. */
const libsolv = (python: string): Peer => ({
  name: "libsolv (python)",
  async prepare(candidates) {
    const provides = new Map<BundleManifest, string[]>();
    const requires = new Map<BundleManifest, string[]>();
    const names = new Map<readonly BundleManifest[], string>();
    for (const [manifest, fitting] of requirementsOf(candidates)) {
      let name = names.get(fitting);
      if (name === undefined) {
        names.set(fitting, (name = `range-${names.size}`));
        for (const other of fitting) provides.set(other, [...(provides.get(other) ?? []), name]);
      }
      requires.set(manifest, [...(requires.get(manifest) ?? []), name]);
    }
    const input = JSON.stringify(
      candidates.map(({ manifest }) => ({
        name: manifest.name,
        version: manifest.version,
        provides: provides.get(manifest) ?? [],
        requires: requires.get(manifest) ?? [],
      })),
    );
    return async () => JSON.parse(execFileSync(python, [LIBSOLV], { input, encoding: "utf8" })) as Round;
  },
});

/** Debian puts it into the system's Python, which need not be the one that is found first. */
const pythonWithSolv = (): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-c", "import solv"], { stdio: "ignore" }).status === 0,
  );

/** All peers that are installed; the large ones are no dependencies of this repository. */
export async function installedPeers(): Promise<readonly Peer[]> {
  const found: Peer[] = [logicSolver];
  for (const peer of [z3, elm]) {
    try {
      await import(peer.name);
      found.push(peer);
    } catch {
      console.log(`${peer.name} is not installed: \`npm install --no-save ${peer.name}\``);
    }
  }
  const python = pythonWithSolv();
  if (python === undefined) console.log("libsolv is not installed: `apt-get install python3-solv`");
  else found.push(libsolv(python));
  return found;
}
