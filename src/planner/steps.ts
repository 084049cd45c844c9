import { byText } from "../domain/by-text.ts";
import type { FacetId, InstanceName } from "../domain/ids.ts";
import type { Change, Step, StepVersion } from "../domain/plan.ts";
import type { DrainPolicy } from "../domain/policy.ts";
import type { AdapterFacet } from "./constraints.ts";
import type { Move } from "./moves.ts";
import type { WiredPlugin, WiredSet } from "./wiring.ts";

export interface StepsInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  readonly changes: readonly Change[];
  /** Facets in start order: of the base as it was started, and of the next set. */
  readonly baseOrder: readonly FacetId[];
  readonly nextOrder: readonly FacetId[];
  /** By plugin. */
  readonly drain: Readonly<Record<string, DrainPolicy>>;
}

/** Makes the steps of moves that come at once: one for each plugin and kind of move. */
export function stepMaker(input: StepsInput): (moves: readonly Move[]) => readonly Step[] {
  const { base, next, changes, drain } = input;
  const started = byPlace(input.baseOrder);
  const starts = byPlace(input.nextOrder);
  const lossy = new Set(
    changes.flatMap((change) => ("state" in change && change.state ? [change.plugin] : [])),
  );

  const step = (action: Step["action"], plugin: InstanceName, facets: Pick<Step, "stop" | "start">): Step => {
    const [old, successor] = [base.plugins.get(plugin), next.plugins.get(plugin)];
    const [from, to] = [
      action === "start" || action === "rebind" ? undefined : old,
      action === "stop" ? undefined : successor,
    ];
    return {
      action,
      plugin,
      ...(from && { from: versionOf(from) }),
      ...(to && { to: versionOf(to) }),
      stop: facets.stop.toSorted(started).toReversed(),
      start: facets.start.toSorted(starts),
      ...(from && { drain: drain[from.candidate.manifest.name] ?? drainOf(from) }),
      ...(to && lossy.has(plugin) && { oneWay: true as const }),
    };
  };

  return (moves) => {
    const [first, ...others] = moves;
    if (first && others.length === 0) return [stepOf(first.kind, [first])];
    const together = Map.groupBy(moves, ({ plugin }) => plugin);
    return [...together.values()]
      .flatMap((own) => {
        const kinds = Map.groupBy(own, ({ kind }) => kind);
        // A successor that comes when its predecessor goes replaces it.
        if (kinds.has("arrive") && kinds.has("leave")) return [stepOf("replace", own)];
        return [...kinds].map(([kind, list]) => stepOf(kind, list));
      })
      .toSorted((a, b) => byText(a.plugin, b.plugin));
  };

  function stepOf(kind: Move["kind"], moves: readonly Move[]): Step {
    const plugin = moves[0]?.plugin ?? ("" as InstanceName);
    const facets = moves.flatMap(({ facet }) => facet ?? []);
    switch (kind) {
      case "start":
      case "rebind":
        return step(kind, plugin, { stop: [], start: facets });
      case "stop":
        return step("stop", plugin, { stop: facets, start: [] });
      case "arrive":
        return step("start", plugin, { stop: [], start: facetsOf(next, plugin) });
      case "leave":
        return step("stop", plugin, { stop: facetsOf(base, plugin), start: [] });
      case "replace":
        return step("replace", plugin, { stop: facetsOf(base, plugin), start: facetsOf(next, plugin) });
      default:
        return kind satisfies never;
    }
  }
}

/** An adapter comes with the provider that it stands on, and goes when nobody needs it. */
export function adapterStep(action: "start" | "stop", { candidate, facet }: AdapterFacet): Step {
  const { name: plugin } = candidate.manifest;
  const version = versionOf({ candidate });
  return action === "start"
    ? { action, plugin, to: version, stop: [], start: [facet] }
    : { action, plugin, from: version, stop: [facet], start: [] };
}

/** Compares facets by their place in an order. */
export function byPlace(order: readonly FacetId[]): (a: FacetId, b: FacetId) => number {
  const places = new Map(order.map((id, place) => [id, place]));
  return (a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0);
}

const facetsOf = ({ plugins }: WiredSet, plugin: InstanceName): FacetId[] =>
  plugins.get(plugin)?.facets.map(({ id }) => id) ?? [];

const versionOf = ({ candidate: { manifest, content } }: Pick<WiredPlugin, "candidate">): StepVersion => ({
  version: manifest.version,
  content,
});

/** Orders stay, and what is in flight has the time that the manifest asks for. */
const drainOf = ({ candidate: { manifest } }: WiredPlugin): DrainPolicy => ({
  orders: "keep",
  maxWaitMs: manifest.resources.drainTimeoutMs,
  onTimeout: "abort",
});
