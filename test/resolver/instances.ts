import * as fc from "fast-check";

import type { Candidate } from "../../src/domain/lock.ts";
import { targetOf, type FacetRequirement } from "../../src/domain/manifest.ts";
import type { ResolveRequest } from "../../src/resolver/resolve.ts";
import { HOST, named, needs, needsPort, plugin, type FacetSketch } from "./registry.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const PORTS = ["p", "q"];
const VERSIONS = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"];
const RANGES = ["*", "*", "^1 || ^2", "^1", "^1", "^1.1", ">=1.1", ">=1.1", "^2", "<2", ">=2.0.0-rc.0"];

/** Mostly `usual`; at times what is never met, so that each cause of a conflict occurs. */
const mostly = <T>(usual: fc.Arbitrary<T>, never: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: fc.constant(never) });

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

const facet: fc.Arbitrary<FacetSketch> = fc.record({
  provides: fc.dictionary(fc.constantFrom(...PORTS), fc.constantFrom(...VERSIONS), { maxKeys: 1 }),
  requires: fc.uniqueArray(requirement, {
    maxLength: 2,
    selector: (wanted) => `${targetOf(wanted)} ${wanted.range}`,
  }),
});

const candidate = (id: string): fc.Arbitrary<Candidate> =>
  fc
    .record({
      main: facet,
      side: fc.option(facet, { nil: undefined }),
      hostApi: mostly(fc.constant("^3"), "^4"),
      conflicts: fc.array(fc.record({ plugin: anyName.map(named), range }), { maxLength: 1 }),
    })
    .map(({ main, side, hostApi, conflicts }) =>
      plugin(id, { facets: side ? { main, side } : { main } }, { hostApi, conflicts }),
    );

const versionsOf = (name: string): fc.Arbitrary<readonly Candidate[]> =>
  fc
    .subarray(VERSIONS, { minLength: 2, maxLength: 3 })
    .chain((versions) => fc.tuple(...versions.map((version) => candidate(`${name} ${version}`))));

/** Small stores, in which a good part of the deployments resolve and the others fail for every cause. */
export const instances: fc.Arbitrary<ResolveRequest> = fc
  .record({
    candidates: fc.tuple(...NAMES.map(versionsOf)).map((versions) => versions.flat()),
    requirements: fc.uniqueArray(fc.record({ name: anyName.map(named), range }), {
      minLength: 1,
      maxLength: 3,
      selector: ({ name }) => name,
    }),
    prefer: fc
      .dictionary(fc.constantFrom(...NAMES), fc.constantFrom(...VERSIONS))
      .map((versions) => new Map(Object.entries(versions).map(([name, version]) => [named(name), version]))),
  })
  .map((parts) => ({ ...parts, host: HOST, stepBudget: 100_000 }));
