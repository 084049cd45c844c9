import { expect, it } from "vitest";

import type { FacetId } from "../../../src/domain/ids.ts";
import type { Mode } from "../../../src/plugin/define.ts";
import type { Degradable } from "../../../src/runtime/resources/degradation.ts";
import { MEASURES } from "../../../src/runtime/resources/degradation.ts";
import { shareOf } from "../../../src/runtime/resources/measure.ts";
import { Regulator } from "../../../src/runtime/resources/regulator.ts";
import { facet } from "../../support/root.ts";

/** Facets whose use of memory depends on their mode, beside a load that grows and shrinks. */
function platform(names: readonly string[]) {
  const modes = new Map<FacetId, Mode>(names.map((name) => [facet(`${name}#main`), "full"]));
  const told: string[] = [];
  const bytes: Readonly<Record<Mode, number>> = { full: 10, reduced: 5, "read-only": 3, off: 1 };
  const world = { load: 0, trims: 0, told, modes };
  const used = (): number => modes.values().reduce((sum, mode) => sum + bytes[mode], world.load);
  const regulator = new Regulator({
    uses: () => [{ name: "the budget", usedBytes: used(), limitBytes: 100 }],
    facets: (): Degradable[] =>
      names.map((name, at) => ({
        facet: facet(`${name}#main`),
        criticality: "optional",
        priority: at,
        isPinned: name === "pinned",
      })),
    async degrade(id, mode) {
      modes.set(id, mode);
      told.push(`${id.slice("@acme/".length, -"#main".length)} ${mode}`);
    },
    trim: () => (world.trims += 1),
  });
  return { world, regulator, used };
}

const facetOf = (line: string): string | undefined => line.split(" ")[0];

it("keeps the use below the limit as the load rises, and gives everything back in reverse as it falls", async () => {
  const { world, regulator, used } = platform(["limit", "pinned", "trend", "chart"]);
  const shares: number[] = [];
  const sample = async (load: number): Promise<void> => {
    world.load = load;
    await regulator.sample();
    shares.push(used() / 100);
  };
  for (let load = 30; load <= 80; load += 10) await sample(load);
  expect(Math.max(...shares)).toBeLessThan(1);
  expect(world.modes.get(facet("pinned#main"))).toBe("full");
  const down = world.told.slice();
  expect(down.slice(0, 4)).toEqual(["chart reduced", "trend reduced", "limit reduced", "chart read-only"]);
  for (let load = 80; load >= 0; load -= 10) await sample(load);
  for (let i = 0; i < 40; i++) await sample(0);
  expect(regulator.status).toMatchObject({ level: "normal", degraded: [] });
  expect([...new Set(world.modes.values())]).toEqual(["full"]);
  expect(world.told.slice(down.length).map(facetOf)).toEqual(down.toReversed().map(facetOf));
  expect(world.trims).toBeGreaterThan(0);
});

it("tries ever more rarely to give back what brings the pressure back", async () => {
  const { world, regulator } = platform(["a", "b", "c", "d"]);
  world.load = 38;
  for (let i = 0; i < 1000; i++) await regulator.sample();
  const early = world.told.length;
  for (let i = 0; i < 1000; i++) await regulator.sample();
  expect(early).toBeGreaterThan(2);
  expect(early).toBeLessThan(60);
  expect(world.told.length - early).toBeLessThan(60);
});

it("takes no second look while a facet is still on its way into another mode", async () => {
  const told: Mode[] = [];
  const slow = Promise.withResolvers<void>();
  const regulator = new Regulator({
    uses: () => [{ name: "the heap", usedBytes: 99, limitBytes: 100 }],
    facets: () => [{ facet: facet("slow#main"), criticality: "optional", priority: 1, isPinned: false }],
    async degrade(_, mode) {
      told.push(mode);
      await slow.promise;
    },
    trim: () => undefined,
  });
  const first = regulator.sample();
  await regulator.sample();
  await regulator.sample();
  expect(told).toEqual(["reduced"]);
  slow.resolve();
  await first;
  expect(told).toEqual(["reduced", "read-only", "off"]);
});

it("forgets what it asked of a facet that begins anew", async () => {
  const { world, regulator } = platform(["chart"]);
  world.load = 70;
  await regulator.sample();
  expect(regulator.status.degraded).toHaveLength(1);
  regulator.forget(facet("chart#main"));
  expect(regulator.status.degraded).toEqual([]);
});

it("asks for more at each level, and for nothing at the first", () => {
  const levels = (["normal", "elevated", "high", "critical"] as const).map((level) => MEASURES[level]);
  expect(levels.map(({ steps }) => steps)).toEqual([0, 2, 5, 10]);
  expect(levels.map(({ mode }) => mode)).toEqual(["full", "reduced", "read-only", "off"]);
  expect(shareOf({ name: "none", usedBytes: 0, limitBytes: 0 })).toBe(1);
});
