import { messageOf } from "../../domain/errors.ts";
import type { FacetId } from "../../domain/ids.ts";
import { labelOf } from "../../domain/ids.ts";
import type { Generation, GenerationFacet, GenerationPlugin } from "../../domain/plan.ts";
import { configChanges } from "../config/config-changes.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";
import type { EventChannel } from "../supervision/events.ts";

/** What really runs. */
export interface Running {
  readonly plugins: readonly Pick<GenerationPlugin, "name" | "version" | "content" | "config">[];
  readonly facets: readonly Pick<GenerationFacet, "id" | "ports">[];
  readonly states: ReadonlyMap<FacetId, FacetState>;
}

/** One way in which what runs is not what was applied. */
export interface Drift {
  readonly kind: "missing" | "unwanted" | "content" | "config" | "binding" | "state";
  readonly message: string;
}

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
  const unwanted = running.plugins.map(labelOf).filter((label) => !labels.has(label));
  return [
    ...plugins.flatMap((expected) => driftOfPlugin(expected, found.get(labelOf(expected)))),
    ...unwanted.map((label): Drift => ({ kind: "unwanted", message: `${label} runs and was not applied` })),
    ...facets.flatMap((expected) => {
      const real = wired.get(expected.id);
      return real ? [...driftOfPorts(expected, real), ...driftOfState(expected.id, running.states)] : [];
    }),
  ];
}

function driftOfPlugin(
  expected: GenerationPlugin,
  real: Running["plugins"][number] | undefined,
): readonly Drift[] {
  const label = labelOf(expected);
  if (!real) return [{ kind: "missing", message: `${label} was applied and does not run` }];
  const changes = configChanges(expected.config, real.config);
  const content = `${label} runs with the content ${real.content}; ${expected.content} was applied`;
  const config = `${label} runs with another configuration at ${changes.map(({ pointer }) => pointer).join(", ")}`;
  return [
    ...(real.content === expected.content ? [] : [{ kind: "content" as const, message: content }]),
    ...(changes.length === 0 ? [] : [{ kind: "config" as const, message: config }]),
  ];
}

function driftOfPorts(
  { id, ports }: Running["facets"][number],
  real: Running["facets"][number],
): readonly Drift[] {
  const names = [...new Set([...Object.keys(ports), ...Object.keys(real.ports)])].toSorted();
  return names.flatMap((port): readonly Drift[] => {
    const [expected, bound] = [list(ports[port]), list(real.ports[port])];
    if (expected === bound) return [];
    return [{ kind: "binding", message: `${id} uses ${port} of ${bound}; ${expected} was applied` }];
  });
}

function driftOfState(id: FacetId, states: Running["states"]): readonly Drift[] {
  const { state } = states.get(id) ?? { state: "stopped" };
  return SOUND.has(state) ? [] : [{ kind: "state", message: `${id} is ${state}` }];
}

const list = (facets: readonly FacetId[] = []): string =>
  facets.length === 0 ? "nobody" : facets.join(", ");

/** Looks for drift whenever a plugin has recovered, and tells what there is of it. */
export function tellOfDrift(events: EventChannel, drift: () => Promise<readonly Drift[]>): void {
  const validate = async (plugin: string): Promise<void> => {
    const found = await drift().catch((error: unknown) => [{ message: messageOf(error) }]);
    events.tell({ event: "validated", plugin, drift: found.map(({ message }) => message) });
  };
  events.listen((event) => {
    if (event.event === "recovered") void validate(event.plugin);
  });
}
