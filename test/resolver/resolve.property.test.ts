import { readFile } from "node:fs/promises";

import type { AnySchemaObject } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { satisfies } from "semver";
import { expect, it, vi } from "vitest";

import type { Candidate } from "../../src/domain/lock.ts";
import { targetOf, type FacetRequirement } from "../../src/domain/manifest.ts";
import { bind } from "../../src/resolver/answers/bind.ts";
import type { Fact } from "../../src/resolver/answers/conflict.ts";
import { resolve, type ResolveOutcome, type ResolveRequest } from "../../src/resolver/resolve.ts";
import { Session } from "../../src/resolver/session.ts";
import { flawsOf } from "./check-proof.ts";
import { fullInstances, instances } from "./instances.ts";
import { costsOf, fittingSets, isNewer, isSatisfiable, isSound, leastCosts } from "./oracle.ts";
import { proofOf } from "./proof.ts";
import { asks, HOST, named } from "./registry.ts";
import { FIRST_DEPLOYMENT, TRADING } from "./trading.ts";

vi.setConfig({ testTimeout: 60_000 * Number(process.env["TRADSYS_EFFORT"] ?? 1) });

/** How often each property is tried, as a multiple of what a run of all tests has time for. */
const EFFORT = Number(process.env["TRADSYS_EFFORT"] ?? 1);

it("finds a set exactly where trying every set finds one", () => {
  fc.assert(
    fc.property(instances, (request) => {
      const outcome = resolve(request);
      expect(outcome.kind).toBe(isSatisfiable(request) ? "resolved" : "conflict");
    }),
    { numRuns: 3000 * EFFORT },
  );
});

it("does so with every feature: copies, adapters, exclusive ports, policies, what was taken back", () => {
  fc.assert(
    fc.property(fullInstances, (request) => {
      const outcome = resolve(request);
      expect(outcome.kind).toBe(isSatisfiable(request) ? "resolved" : "conflict");
      if (outcome.kind !== "resolved") return;
      const chosen = outcome.plugins.map(({ candidate }) => candidate);
      expect(isSound(chosen, request)).toBe(true);
    }),
    { numRuns: 2000 * EFFORT },
  );
});

it("removes and changes the least of what is locked, then takes the fewest adapters, then the fewest copies", () => {
  fc.assert(
    fc.property(fullInstances, (request) => {
      const outcome = resolve(request);
      fc.pre(outcome.kind === "resolved");
      const chosen = outcome.plugins.map(({ candidate }) => candidate);
      expect(outcome.optimal).toBe(true);
      expect(costsOf(chosen, request)).toEqual(leastCosts(request));
    }),
    { numRuns: 150 * EFFORT },
  );
});

it("answers from the locked versions alone as it would from all of them", () => {
  fc.assert(
    fc.property(fullInstances, (request) => {
      const first = resolve(request);
      fc.pre(first.kind === "resolved");
      const versions = Map.groupBy(first.plugins, ({ candidate }) => candidate.manifest.name);
      const prefer = new Map(
        [...versions].map(([name, same]) => [name, same.map(({ candidate }) => candidate.manifest.version)]),
      );
      for (const locked of [request, { ...request, prefer }]) {
        const session = new Session(locked);
        const answer = session.solve(session.catalog.request.requirements, { left: locked.stepBudget }, true);
        if (answer.kind !== "found") throw new Error(answer.kind);
        const {
          kind: _,
          optimal,
          ...bound
        } = resolve(locked) as Extract<ResolveOutcome, { kind: "resolved" }>;
        expect(JSON.stringify(bound)).toBe(JSON.stringify(bind(session, answer)));
        expect(optimal).toBe(answer.isOptimal);
      }
    }),
    { numRuns: 1000 * EFFORT },
  );
});

it("leaves no plugin older than it could be with all others as new", () => {
  // Whom a port is taken from is decided before which version: what is said here holds among needs by name.
  const unlocked = instances.map((request) => ({
    ...request,
    candidates: request.candidates.map(withoutPorts),
    prefer: new Map(),
    policy: { preReleases: "explicit" as const },
  }));
  fc.assert(
    fc.property(unlocked, (request) => {
      const outcome = resolve(request);
      fc.pre(outcome.kind === "resolved");
      const chosen = outcome.plugins.map(({ candidate }) => candidate);
      for (const candidate of chosen) {
        for (const other of request.candidates) {
          if (other.manifest.name !== candidate.manifest.name) continue;
          const newer = chosen.map((member) => (member === candidate ? other : member));
          expect(isNewer(newer, chosen) && isSound(newer, request)).toBe(false);
        }
      }
    }),
    { numRuns: 500 * EFFORT },
  );
});

/** A session that has refuted its request, half of them with every feature. */
const refuted = fc
  .oneof(instances, fullInstances)
  .map((request) => new Session(request))
  .filter((session) => {
    const { requirements, stepBudget } = session.catalog.request;
    return session.solve(requirements, { left: stepBudget }).kind === "none";
  });

it("refutes step by step, each of which follows, from what the manifests say", () => {
  fc.assert(
    fc.property(refuted, (session) => {
      expect(flawsOf(session, session.catalog.request.requirements)).toEqual([]);
    }),
    { numRuns: 500 * EFFORT },
  );
});

it("would not pass a proof of which a step says more than follows", () => {
  fc.assert(
    fc.property(refuted, fc.nat(), (session, seed) => {
      const proof = proofOf(session.search);
      const derived = proof.flatMap(({ terms, from }, place) =>
        from.kind === "resolvent" && terms.length > 0 ? [place] : [],
      );
      fc.pre(derived.length > 0);
      const place = derived[seed % derived.length];
      const forged = proof.map((step, i) => (i === place ? { ...step, terms: step.terms.slice(1) } : step));
      expect(flawsOf(session, session.catalog.request.requirements, forged)).not.toEqual([]);
    }),
    { numRuns: 100 },
  );
});

it("would not pass one that starts from what no manifest says", () => {
  fc.assert(
    fc.property(refuted, fc.nat(), (session, seed) => {
      const { encoding, catalog } = session;
      const members = fittingSets(catalog.request).flat();
      fc.pre(members.length > 0);
      const member = members[seed % members.length];
      const copy = encoding
        .copiesOf(member?.manifest.name ?? named("a"))
        .find(({ candidates }) => candidates.some((candidate) => candidate === member));
      if (!copy) throw new Error("a version that fits is none that may be chosen");
      const { variable, candidates } = copy;
      const others = [0, ...candidates.flatMap((candidate, i) => (candidate === member ? [] : [i + 1]))];
      const claim = {
        terms: [{ variable, set: encoding.model.setOf(variable, others) }],
        from: { kind: "limit", variable },
      } as const;
      const proof = proofOf(session.search);
      const place = proof.findIndex(({ from }) => from.kind !== "resolvent");
      const forged = proof.map((step, i) => (i === place ? claim : step));
      expect(flawsOf(session, catalog.request.requirements, forged).join("\n")).toContain("not so with");
    }),
    { numRuns: 100 },
  );
});

it("gives the same bytes for 1,000 shuffles of a store and a deployment", () => {
  for (const binance of ["^2.3", "^3"]) {
    const asked = asks({ ...FIRST_DEPLOYMENT, "connector-binance": binance });
    const request = {
      requirements: asked,
      candidates: TRADING,
      host: HOST,
      prefer: new Map(),
      stepBudget: 1000,
    };
    const expected = JSON.stringify(resolve(request));
    fc.assert(
      fc.property(shuffled(TRADING), shuffled(asked), (candidates, requirements) => {
        expect(JSON.stringify(resolve({ ...request, candidates, requirements }))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  }
});

it("answers with a sound set, in which a chain of requirements leads from the deployment to every plugin", () => {
  fc.assert(
    fc.property(resolved, ([request, { plugins }]) => {
      const chosen = plugins.map(({ candidate }) => candidate);
      expect(isSound(chosen, request)).toBe(true);

      const tied = new Set<Candidate>();
      const reasons = new Set<string>(["deployment"]);
      for (const _ of plugins) {
        for (const { candidate, requiredBy } of plugins) {
          if (!requiredBy.some((reason) => reasons.has(reason))) continue;
          tied.add(candidate);
          for (const facet of facetsOf(candidate)) reasons.add(facet.id);
        }
      }
      expect(tied).toEqual(new Set(chosen));
    }),
    { numRuns: 300 * EFFORT },
  );
});

it("binds one provider where one is wanted and all of them where many are, of those that were chosen", () => {
  fc.assert(
    fc.property(resolved, ([, { plugins, bindings }]) => {
      const facets = plugins.flatMap(({ candidate }) => facetsOf(candidate));
      const expected = facets.flatMap(({ id, facet }) =>
        facet.requires.map((requirement) => {
          const fitting = facets.filter((other) => other.id !== id && isProvider(other, requirement));
          const isOne = "port" in requirement && requirement.cardinality === "one";
          return { id, requirement, fitting: fitting.map((other) => other.id), isOne };
        }),
      );
      expect(bindings).toHaveLength(expected.length);
      for (const { id, requirement, fitting, isOne } of expected) {
        const providers = bindings.find(
          ({ facet, requirement: key, range }) =>
            facet === id && key === targetOf(requirement) && range === requirement.range,
        )?.providers;
        expect(new Set(fitting).isSupersetOf(new Set(providers))).toBe(true);
        expect(providers).toHaveLength(isOne ? Math.min(1, fitting.length) : fitting.length);
      }
    }),
    { numRuns: 300 * EFFORT },
  );
});

it("gives one answer for a request in any order", () => {
  fc.assert(
    fc.property(shuffledInstances(), ([request, shuffled]) => {
      expect(JSON.stringify(resolve(shuffled))).toBe(JSON.stringify(resolve(request)));
    }),
    { numRuns: 300 * EFFORT },
  );
});

it("gives up rather than give another answer when its steps run out", () => {
  fc.assert(
    fc.property(instances, fc.nat(6), (request, stepBudget) => {
      const outcome = resolve({ ...request, stepBudget });
      expect([isSatisfiable(request) ? "resolved" : "conflict", "gave-up"]).toContain(outcome.kind);
    }),
    { numRuns: 300 * EFFORT },
  );
});

it("proves a conflict with facts that contradict each other, none of them idle", () => {
  fc.assert(
    fc.property(
      conflicting,
      ([
        request,
        {
          conflict: { facts },
        },
      ]) => {
        expect(isSatisfiable(restrictTo(request, facts))).toBe(false);
        for (const fact of facts) {
          const rest = facts.filter((other) => other !== fact);
          expect(isSatisfiable(restrictTo(request, rest))).toBe(true);
        }
      },
    ),
    { numRuns: 300 * EFFORT },
  );
});

it("tells a conflict as the published schema says", async () => {
  const validate = new Ajv2020({ strict: true })
    .addSchema(await schemaOf("plugin"))
    .addSchema(await schemaOf("lock"))
    .compile(await schemaOf("conflict"));
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fullInstances, (request) => {
      const outcome = resolve(request);
      fc.pre(outcome.kind === "conflict");
      expect(validate(JSON.parse(JSON.stringify(outcome.conflict))) ? [] : validate.errors).toEqual([]);
      for (const { found } of outcome.conflict.facts) kinds.add(found.kind);
    }),
    { numRuns: 300 * EFFORT },
  );
  expect(kinds.size).toBeGreaterThanOrEqual(5);
});

it("suggests changes that hold, and none that does without one of its parts", () => {
  fc.assert(
    fc.property(
      conflicting,
      ([
        request,
        {
          conflict: { suggestions },
        },
      ]) => {
        for (const { changes } of suggestions) {
          expect(isSatisfiable(change(request, changes))).toBe(true);
          for (const part of changes) {
            expect(
              isSatisfiable(
                change(
                  request,
                  changes.filter((other) => other !== part),
                ),
              ),
            ).toBe(false);
          }
        }
      },
    ),
    { numRuns: 300 * EFFORT },
  );
});

type Answer<Kind> = readonly [ResolveRequest, Extract<ResolveOutcome, { kind: Kind }>];

const answered = instances.map((request) => [request, resolve(request)] as const);
const resolved = answered.filter((pair): pair is Answer<"resolved"> => pair[1].kind === "resolved");
const conflicting = answered.filter((pair): pair is Answer<"conflict"> => pair[1].kind === "conflict");

const facetsOf = ({ manifest }: Candidate) =>
  Object.entries(manifest.facets).map(([name, facet]) => ({
    id: `${manifest.name}#${name}`,
    manifest,
    facet,
  }));

type ManifestFacet = ReturnType<typeof facetsOf>[number];

const isProvider = ({ manifest, facet }: ManifestFacet, requirement: FacetRequirement): boolean =>
  "plugin" in requirement
    ? requirement.plugin === manifest.name && satisfies(manifest.version, requirement.range)
    : satisfies(facet.provides[requirement.port] ?? "", requirement.range);

const withoutPorts = (candidate: Candidate): Candidate => {
  const facets = Object.entries(candidate.manifest.facets).map(([name, facet]) => [
    name,
    { ...facet, requires: facet.requires.filter((requirement) => "plugin" in requirement) },
  ]);
  return { ...candidate, manifest: { ...candidate.manifest, facets: Object.fromEntries(facets) } };
};

const schemaOf = async (name: string): Promise<AnySchemaObject> =>
  JSON.parse(await readFile(new URL(`../../schemas/${name}.schema.json`, import.meta.url), "utf8"));

const shuffledInstances = () =>
  instances.chain((request) =>
    fc.tuple(
      fc.constant(request),
      fc.record({
        candidates: shuffled(request.candidates),
        requirements: shuffled(request.requirements),
        prefer: shuffled([...request.prefer]).map((entries) => new Map(entries)),
        host: fc.constant(request.host),
        stepBudget: fc.constant(request.stepBudget),
      }),
    ),
  );

const shuffled = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });

function change(request: ResolveRequest, changes: ResolveRequest["requirements"]): ResolveRequest {
  const ranges = new Map(changes.map(({ name, range }) => [name, range]));
  const requirements = request.requirements.map(({ name, range }) => ({
    name,
    range: ranges.get(name) ?? range,
  }));
  return { ...request, requirements };
}

/** The request as if nobody had said anything but these facts. */
function restrictTo(request: ResolveRequest, facts: readonly Fact[]): ResolveRequest {
  const says = (by: Fact["by"], statement: Pick<Fact, "verb" | "target" | "range">) =>
    facts.some((fact) => {
      const isSame =
        fact.verb === statement.verb && fact.target === statement.target && fact.range === statement.range;
      if (typeof by === "string" || typeof fact.by === "string") return isSame && by === fact.by;
      return isSame && fact.by.plugin === by.plugin && fact.by.versions.includes(by.versions[0] ?? "");
    });
  const candidates = request.candidates.map((candidate): Candidate => {
    const { manifest } = candidate;
    const by = { plugin: manifest.name, versions: [manifest.version] };
    const isKept = (requirement: FacetRequirement) => {
      const { range, optional } = requirement;
      return says(by, { verb: optional ? "accepts" : "needs", target: targetOf(requirement), range });
    };
    const facets = Object.entries(manifest.facets).map(([name, facet]) => [
      name,
      { ...facet, requires: facet.requires.filter(isKept) },
    ]);
    const conflicts = manifest.conflicts.filter(({ plugin, range }) =>
      says(by, { verb: "refuses", target: `plugin:${plugin}`, range }),
    );
    return { ...candidate, manifest: { ...manifest, facets: Object.fromEntries(facets), conflicts } };
  });
  const requirements = request.requirements.filter(({ name, range }) =>
    says("deployment", { verb: "needs", target: `plugin:${name}`, range }),
  );
  return { ...request, candidates, requirements };
}
