import * as fc from "fast-check";
import satisfies from "semver/functions/satisfies.js";
import { expect, it } from "vitest";

import { stagesOf, type Stage } from "../../src/activation/stages.ts";
import { parseFacetId, type Digest } from "../../src/domain/ids.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import { isThere, timelineOf } from "../../src/planner/check/timeline.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { sketches, upgradeInput, type SketchedPlugin } from "../planner/upgrade.ts";

/** The states of a planned upgrade, beside the reading of its steps that the plan's checker makes of them. */
function travelled(sketch: readonly SketchedPlugin[]) {
  const input = upgradeInput(sketch);
  const planned = planDeployment(input);
  if (!planned.ok) throw new Error(`refused: ${JSON.stringify(planned.error)}`);
  const plan = planned.value;
  const base = input.base?.generation ?? null;
  const candidates = [...input.manifests.values(), ...(input.base?.manifests.values() ?? [])];
  const manifests = new Map<Digest, Manifest>(candidates.map(({ content, manifest }) => [content, manifest]));
  const { presences } = timelineOf(plan, base, manifests);
  return {
    plan,
    manifests,
    stages: stagesOf(plan, base),
    runningAfter: (wave: number): string[] =>
      presences
        .filter((presence) => isThere(presence, { wave, isDone: () => false }))
        .map(({ facet, content }) => `${facet} ${content}`)
        .toSorted(),
  };
}

const runningIn = ({ generation }: Stage): string[] => {
  const contents = new Map(generation.plugins.map(({ name, content }) => [name, content]));
  return generation.facets.map(({ id }) => `${id} ${contents.get(nameIn(id))}`).toSorted();
};

const nameIn = (id: string) => parseFacetId(id)?.plugin ?? fail(`${id} is not a facet`);

/** What facets of a state lack of what their manifests require; empty where every requirement is met. */
function lackingIn({ generation }: Stage, manifests: ReadonlyMap<Digest, Manifest>): string[] {
  const installed = new Map(generation.plugins.map(({ name, content }) => [name, manifests.get(content)]));
  const running = new Set(generation.facets.map(({ id }) => id));
  return generation.facets.flatMap(({ id, after, ports }, place) => {
    const earlier = new Set(generation.facets.slice(0, place).map((facet) => facet.id));
    const late = after.filter((other) => !earlier.has(other)).map((other) => `${id} starts before ${other}`);
    const { facet = "" } = parseFacetId(id) ?? {};
    const requires = installed.get(nameIn(id))?.facets[facet]?.requires ?? fail(`${id} has no manifest`);
    const unmet = requires.filter((required) => {
      if ("plugin" in required)
        return !satisfies(installed.get(required.plugin)?.version ?? "", required.range);
      const providers = ports[required.port] ?? [];
      const versions = providers.map((provider) => {
        const offer = installed.get(nameIn(provider))?.facets[parseFacetId(provider)?.facet ?? ""];
        return running.has(provider) ? (offer?.provides[required.port] ?? "") : "";
      });
      return providers.length === 0 || !versions.every((version) => satisfies(version, required.range));
    });
    return [...late, ...unmet.map((required) => `${id} lacks ${JSON.stringify(required)}`)];
  });
}

it("stands, after a wave, in exactly what its steps have started and not stopped, with nothing lacking", () => {
  let between = 0;
  fc.assert(
    fc.property(sketches({ most: 10, lenient: true }), (sketch) => {
      const { plan, stages, manifests, runningAfter } = travelled(sketch);
      expect(stages.at(-1)?.digest).toBe(plan.next);
      for (const stage of stages.slice(0, -1)) {
        between++;
        expect(runningIn(stage)).toEqual(runningAfter(stage.wave));
        expect(lackingIn(stage, manifests)).toEqual([]);
        expect(plan.waves[stage.wave - 1]?.held).toEqual([]);
      }
    }),
    { numRuns: 600 },
  );
  expect(between).toBeGreaterThan(200);
});

it("passes over a state in which two versions run side by side", () => {
  fc.assert(
    fc.property(sketches({ most: 8, lenient: true }), (sketch) => {
      const { plan, stages, runningAfter } = travelled(sketch);
      const stops = new Set(stages.map(({ wave }) => wave));
      const isDoubled = (wave: number): boolean => {
        const ids = runningAfter(wave).map((each) => each.split(" ")[0]);
        return new Set(ids).size < ids.length;
      };
      const doubled = [...plan.waves.keys()].slice(1).filter(isDoubled);
      expect(doubled.filter((wave) => stops.has(wave))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

function fail(message: string): never {
  throw new Error(message);
}
