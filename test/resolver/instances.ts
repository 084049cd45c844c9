import * as fc from "fast-check";

import type { Candidate } from "../../src/domain/lock.ts";
import { targetOf, type FacetRequirement } from "../../src/domain/manifest.ts";
import type { ResolveRequest } from "../../src/resolver/resolve.ts";
import { HOST, named, needs, needsPort, plugin, type FacetSketch } from "./registry.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const PORTS = ["p", "q"];
const VERSIONS = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"];
const RANGES = ["*", "*", "^1 || ^2", "^1", "^1", "^1.1", ">=1.1", ">=1.1", "^2", "<2", ">=2.0.0-rc.0"];
const TODAY = "2026-03-01";

/** Mostly `usual`; at times what is never met, so that each cause of a conflict occurs. */
const mostly = <T>(usual: fc.Arbitrary<T>, never: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(never) });

/** Nothing in most cases. */
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const range = mostly(fc.constantFrom(...RANGES), "^3");
const anyName = mostly(fc.constantFrom(...NAMES), "unknown");
const options = fc.record({
  optional: fc.boolean(),
  cardinality: fc.constantFrom("one" as const, "many" as const),
});

const requirement: fc.Arbitrary<FacetRequirement> = fc.oneof(
  fc.tuple(anyName, range, options).map(([name, text, more]) => needs(name, text, more)),
  fc
    .tuple(fc.constantFrom(...PORTS), range, options)
    .map(([port, text, more]) => needsPort(port, text, more)),
);

const facetWith = (exclusive: fc.Arbitrary<boolean>): fc.Arbitrary<FacetSketch> =>
  fc
    .record({
      provides: fc.dictionary(fc.constantFrom(...PORTS), fc.constantFrom(...VERSIONS), { maxKeys: 1 }),
      requires: fc.uniqueArray(requirement, {
        maxLength: 2,
        selector: (wanted) => `${targetOf(wanted)} ${wanted.range}`,
      }),
      isExclusive: exclusive,
    })
    .map(({ isExclusive, ...facet }) =>
      isExclusive ? { ...facet, exclusive: Object.keys(facet.provides) } : facet,
    );

interface Features {
  /** Whether manifests and requests use more than ranges, ports, conflicts and a lock. */
  readonly all: boolean;
}

const candidate = (id: string, { all }: Features): fc.Arbitrary<Candidate> => {
  const facet = facetWith(all ? fc.integer({ min: 0, max: 9 }).map((n) => n === 0) : fc.constant(false));
  return fc
    .record({
      main: facet,
      side: fc.option(facet, { nil: undefined }),
      hostApi: mostly(fc.constant("^3"), "^4"),
      conflicts: fc.array(fc.record({ plugin: anyName.map(named), range }), { maxLength: 1 }),
      kind: all ? fc.constantFrom("adapter" as const, "strategy" as const) : fc.constant("strategy" as const),
      platforms: fc
        .constantFrom(...(all ? ["any", "any", "linux-x64", "win32-x64"] : ["any"]))
        .map((only) => [only]),
      yanked: all ? mostly(fc.constant(undefined), "broken") : fc.constant(undefined),
      published: all ? fc.constantFrom("2026-01-01", "2026-02-27") : fc.constant(undefined),
    })
    .map(({ main, side, hostApi, conflicts, kind, platforms, yanked, published }) => ({
      ...plugin(id, { facets: side ? { main, side } : { main } }, { hostApi, conflicts, kind, platforms }),
      ...(yanked === undefined ? {} : { yanked }),
      ...(published === undefined ? {} : { published }),
    }));
};

const versionsOf = (name: string, features: Features): fc.Arbitrary<readonly Candidate[]> =>
  fc
    .tuple(
      fc.subarray(VERSIONS, { minLength: 2, maxLength: 3 }),
      features.all ? fc.boolean() : fc.constant(false),
    )
    .chain(([versions, multiVersion]) =>
      fc.tuple(...versions.map((version) => candidate(`${name} ${version}`, features))).map((candidates) =>
        candidates.map((each, i) => ({
          ...each,
          // The last one at times runs alone, so that copies meet a version that bears no other.
          manifest: { ...each.manifest, multiVersion: multiVersion && (i < 2 || name < "c") },
        })),
      ),
    );

const targetRange = fc.oneof(
  fc.record({ plugin: fc.constantFrom(...NAMES).map(named), range }),
  fc.record({ port: fc.constantFrom(...PORTS), range }),
);
const pluginRange = fc.record({ plugin: fc.constantFrom(...NAMES).map(named), range });
const preReleases = fc.constantFrom("if-necessary", "allow", "disallow", "explicit" as const);

const policy = fc
  .record({
    preReleases: sometimes(preReleases),
    overrides: sometimes(fc.array(targetRange, { maxLength: 1 })),
    constraints: sometimes(fc.array(pluginRange, { maxLength: 1 })),
    exclusions: sometimes(fc.array(pluginRange, { maxLength: 1 })),
    providers: sometimes(fc.constant({ p: [named("c")], q: [named("e")] })),
    minimumAgeDays: sometimes(fc.constant(7)),
    adapterChain: sometimes(fc.constantFrom(0, 1)),
    strategy: sometimes(fc.constantFrom("highest", "minimal-change" as const)),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));

const requests = (features: Features): fc.Arbitrary<ResolveRequest> =>
  fc
    .record({
      candidates: fc
        .tuple(...NAMES.map((name) => versionsOf(name, features)))
        .map((versions) => versions.flat()),
      requirements: fc.uniqueArray(fc.record({ name: anyName.map(named), range }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ name }) => name,
      }),
      prefer: fc
        .dictionary(fc.constantFrom(...NAMES), fc.constantFrom(...VERSIONS))
        .map(
          (versions) => new Map(Object.entries(versions).map(([name, version]) => [named(name), version])),
        ),
      frozen: features.all ? mostly(fc.constant(false), true) : fc.constant(false),
      revoked: features.all ? fc.nat(30) : fc.constant(99),
      host: features.all ? fc.constantFrom(HOST, { ...HOST, ports: { q: "1.0.0" } }) : fc.constant(HOST),
      policy: features.all ? policy : fc.constant({}),
    })
    .map(({ revoked, ...parts }) => ({
      ...parts,
      revoked: new Map(
        parts.candidates.slice(revoked, revoked + 1).map(({ content }) => [content, "unsafe"]),
      ),
      today: TODAY,
      stepBudget: 100_000,
    }));

/** Small stores, in which a good part of the deployments resolve and the others fail for every cause. */
export const instances = requests({ all: false });

/** The same with every feature: copies, adapters, exclusive ports, policies, what was taken back. */
export const fullInstances = requests({ all: true });
