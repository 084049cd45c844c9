import * as fc from "fast-check";
import { expect, it } from "vitest";

import { findConflicts } from "../../../src/runtime/container/conflicts.ts";
import { openContainer, type Scope } from "../../../src/runtime/container/container.ts";
import type { Place } from "../../../src/runtime/container/layout.ts";
import { LIFETIMES, type Service } from "../../../src/runtime/container/service.ts";
import { layoutOf, type Named, PLACES, service } from "./services.ts";

const PORTS = ["a", "b", "c", "d"];

/** Few ports and owners, so that most layouts have a conflict of some kind and many have none. */
const layouts: fc.Arbitrary<Service[]> = fc.uniqueArray(
  fc
    .record({
      port: fc.constantFrom(...PORTS),
      owner: fc.constantFrom("x", "y"),
      per: fc.constantFrom(...LIFETIMES),
      place: fc.constantFrom<Place>(...PLACES.slice(0, 1), ...PLACES.slice(0, 1), ...PLACES.slice(0, 4)),
      needs: fc.uniqueArray(fc.constantFrom(...PORTS), { maxLength: 1 }),
      overrides: fc.option(fc.constantFrom("x", "y"), { nil: undefined, freq: 3 }),
    })
    .map(({ port, owner, per, place, needs, overrides }) =>
      service(port, {
        owner,
        per,
        needs,
        ...(place.plugin !== undefined ? { within: { plugin: place.plugin } } : {}),
        ...(place.plugin === undefined && place.system !== undefined
          ? { within: { system: place.system } }
          : {}),
        ...(overrides !== undefined && overrides !== owner && { overrides }),
      }),
    ),
  { maxLength: 6, selector: ({ port, owner }) => `${port} ${owner}` },
);

/** The instance scope of every plugin, and those around it. */
function scopesOf(platform: Scope): Scope[] {
  return PLACES.flatMap(({ system, plugin }) => {
    const inSystem = system === undefined ? platform : platform.within(system);
    return plugin === undefined ? [inSystem] : [inSystem.within(plugin), inSystem.within(plugin).instance()];
  });
}

it("without conflicts, gives in every place whatever it says it has, and no two where there is one", () => {
  let runs = 0;
  fc.assert(
    fc.property(layouts, (services) => {
      const layout = layoutOf(services);
      fc.pre(findConflicts(layout).length === 0);
      runs += 1;
      const platform = openContainer(layout);
      const kept = new Map<string, Set<unknown>>();
      for (const scope of scopesOf(platform)) {
        for (const port of PORTS.filter((each) => scope.has(each))) {
          const made = scope.get(port) as Named;
          expect(made.port).toBe(port);
          const about = services.find((each) => each.port === port && each.owner === made.owner);
          expect(made.needs.map((need) => need.port)).toEqual(about?.needs);
          const at = `${port} ${made.owner}`;
          kept.set(at, (kept.get(at) ?? new Set()).add(made));
        }
      }
      const single = services.filter(({ per, within }) => per === "platform" && within === undefined);
      expect(single.filter(({ port, owner }) => (kept.get(`${port} ${owner}`)?.size ?? 0) > 1)).toEqual([]);
    }),
    { numRuns: 3000 },
  );
  expect(runs).toBeGreaterThan(500);
});

it("gives back each thing once, and nothing before all that was made of it", async () => {
  await fc.assert(
    fc.asyncProperty(
      layouts,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...PORTS))),
      async (services, uses) => {
        const ended: Named[] = [];
        const noted = services.map((each) => ({ ...each, dispose: (made: Named) => void ended.push(made) }));
        const layout = layoutOf(noted);
        fc.pre(findConflicts(layout).length === 0);
        const platform = openContainer(layout);
        const scopes = scopesOf(platform);
        for (const [at, port] of uses) {
          const scope = scopes[at % scopes.length];
          if (scope?.has(port) === true) scope.get(port);
        }
        expect(await platform.close()).toEqual([]);
        expect(new Set(ended).size).toBe(ended.length);
        for (const [at, made] of ended.entries()) {
          for (const need of made.needs) expect(ended.slice(0, at)).not.toContain(need);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
