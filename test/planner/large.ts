import type { Plan } from "../../src/domain/plan.ts";
import { needsPort, plugin } from "../resolver/registry.ts";
import { activated, planFor, planInput } from "./lock.ts";

const LAYERS = 8;

/** An upgrade of a third of many plugins with one facet each, in layers that need the ones below. */
export function largePlan(count: number): Plan {
  const size = Math.ceil(count / LAYERS);
  const store = (version: string) =>
    Array.from({ length: count }, (_, i) => {
      const [layer, place] = [Math.floor(i / size), i % size];
      const below = layer === 0 ? [] : [place, (place * 7 + layer) % size, (place * 3 + 5) % size];
      const requires = [...new Set(below)].map((other) => needsPort(`port-${layer - 1}-${other}`, "*"));
      const own = i % 3 === 0 ? version : "1.0.0";
      return plugin(`p-${layer}-${place} ${own}`, {
        provides: { [`port-${layer}-${place}`]: own },
        requires,
      });
    });
  const ranges = Object.fromEntries(
    store("1.0.0").map(({ manifest }) => [manifest.name.replace("@tradsys/", ""), "*"]),
  );
  const base = activated(planInput(store("1.0.0"), ranges));
  return planFor(planInput(store("1.1.0"), ranges, { base }));
}
