import type { Digest, FacetId } from "../../domain/ids.ts";
import { labelOf } from "../../domain/ids.ts";
import type { Generation, GenerationFacet, GenerationPlugin } from "../../domain/plan.ts";
import type { ConfigChange } from "../../plugin/define.ts";
import { configChanges } from "../config/config-changes.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";

/** What really runs. */
export interface Running {
  readonly plugins: readonly Pick<GenerationPlugin, "name" | "version" | "content" | "config">[];
  readonly facets: readonly Pick<GenerationFacet, "id" | "ports">[];
  readonly states: ReadonlyMap<FacetId, FacetState>;
}

/** One way in which what runs is not what was applied. */
export type Drift =
  | { readonly kind: "missing" | "unwanted"; readonly plugin: string }
  | { readonly kind: "content"; readonly plugin: string; readonly expected: Digest; readonly found: Digest }
  | { readonly kind: "config"; readonly plugin: string; readonly changes: readonly ConfigChange[] }
  | {
      readonly kind: "binding";
      readonly facet: FacetId;
      readonly port: string;
      readonly expected: readonly FacetId[];
      readonly found: readonly FacetId[];
    }
  | { readonly kind: "state"; readonly facet: FacetId; readonly state: FacetState["state"] };

/** States in which a facet serves, or is right not to. */
const SOUND: ReadonlySet<FacetState["state"]> = new Set(["ready", "degraded", "waiting"]);

/** Everything that differs between what was applied and what runs, in the order of the generation. */
export function driftFrom(
  { plugins, facets }: Pick<Generation, "plugins" | "facets">,
  running: Running,
): readonly Drift[] {
  const found = new Map(running.plugins.map((plugin) => [labelOf(plugin), plugin]));
  const wired = new Map(running.facets.map((facet) => [facet.id, facet]));
  const labels = new Set(plugins.map(labelOf));
  return [
    ...plugins.flatMap((expected): readonly Drift[] => {
      const plugin = labelOf(expected);
      const real = found.get(plugin);
      if (!real) return [{ kind: "missing", plugin }];
      const changes = configChanges(expected.config, real.config);
      return [
        ...(real.content === expected.content
          ? []
          : [{ kind: "content" as const, plugin, expected: expected.content, found: real.content }]),
        ...(changes.length === 0 ? [] : [{ kind: "config" as const, plugin, changes }]),
      ];
    }),
    ...running.plugins.flatMap((plugin): readonly Drift[] => {
      const label = labelOf(plugin);
      return labels.has(label) ? [] : [{ kind: "unwanted", plugin: label }];
    }),
    ...facets.flatMap(({ id, ports }): readonly Drift[] => {
      const real = wired.get(id);
      if (!real) return [];
      const { state } = running.states.get(id) ?? { state: "stopped" };
      const names = [...new Set([...Object.keys(ports), ...Object.keys(real.ports)])].toSorted();
      return [
        ...names.flatMap((port): readonly Drift[] => {
          const [expected, bound] = [ports[port] ?? [], real.ports[port] ?? []];
          const isSame = expected.length === bound.length && expected.every((each, at) => each === bound[at]);
          return isSame ? [] : [{ kind: "binding", facet: id, port, expected, found: bound }];
        }),
        ...(SOUND.has(state) ? [] : [{ kind: "state" as const, facet: id, state }]),
      ];
    }),
  ];
}

/** One line of a report. */
export function describeDrift(drift: Drift): string {
  switch (drift.kind) {
    case "missing":
      return `${drift.plugin} was applied and does not run`;
    case "unwanted":
      return `${drift.plugin} runs and was not applied`;
    case "content":
      return `${drift.plugin} runs with the content ${drift.found}; ${drift.expected} was applied`;
    case "config":
      return `${drift.plugin} runs with another configuration at ${drift.changes.map(({ pointer }) => pointer).join(", ")}`;
    case "binding":
      return `${drift.facet} uses ${drift.port} of ${list(drift.found)}; ${list(drift.expected)} was applied`;
    case "state":
      return `${drift.facet} is ${drift.state}`;
    default:
      return drift satisfies never;
  }
}

const list = (facets: readonly FacetId[]): string => (facets.length === 0 ? "nobody" : facets.join(", "));
