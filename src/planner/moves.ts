import { type FacetId, type InstanceName, instanceOf } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Wire, WiredSet } from "./wiring.ts";

/** Something that happens once on the way from one set to another. */
export type Move =
  | { readonly kind: "start" | "stop" | "rebind"; readonly plugin: InstanceName; readonly facet: FacetId }
  /** A plugin's successor starts, and its predecessor stops: one move, unless both may run side by side. */
  | { readonly kind: "replace" | "arrive" | "leave"; readonly plugin: InstanceName; readonly facet?: never };

/** All moves between two sets, and by facet the moves that matter to it, as indices. */
export interface Moves {
  readonly list: readonly Move[];
  /** When its version of the base stops to be there. */
  readonly leaves: ReadonlyMap<FacetId, number>;
  /** When its version of the next set begins to be there. */
  readonly arrives: ReadonlyMap<FacetId, number>;
  /** When a facet that stays is given its next providers. */
  readonly rebinds: ReadonlyMap<FacetId, number>;
  /** The two moves of each plugin whose versions may run side by side. */
  readonly overlaps: ReadonlyMap<InstanceName, { readonly arrive: number; readonly leave: number }>;
}

export interface MovesInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  /** Plugins of both sets that are not the same in both: in content or configuration. */
  readonly replaced: ReadonlySet<InstanceName>;
  /** Whether two versions of a plugin that allow it may run side by side for a while. */
  readonly mayOverlap: boolean;
}

/** What has to happen between two sets, in no order yet. */
export function movesBetween({ base, next, replaced, mayOverlap }: MovesInput): Moves {
  const list: Move[] = [];
  const add = (move: Move): number => list.push(move) - 1;
  const leaves = new Map<FacetId, number>();
  const arrives = new Map<FacetId, number>();
  const rebinds = new Map<FacetId, number>();
  const overlaps = new Map<InstanceName, { arrive: number; leave: number }>();

  for (const name of replaced) {
    const [old, successor] = [base.plugins.get(name), next.plugins.get(name)];
    if (!old || !successor) continue;
    const isTwo = mayOverlap && canOverlap(old.candidate) && canOverlap(successor.candidate);
    const arrive = add({ kind: isTwo ? "arrive" : "replace", plugin: name });
    const leave = isTwo ? add({ kind: "leave", plugin: name }) : arrive;
    if (isTwo) overlaps.set(name, { arrive, leave });
    for (const { id } of old.facets) leaves.set(id, leave);
    for (const { id } of successor.facets) arrives.set(id, arrive);
  }
  for (const { id: facet, wires } of next.facets.values()) {
    const plugin = instanceOf(facet);
    if (!base.plugins.has(plugin)) {
      arrives.set(facet, add({ kind: "start", plugin, facet }));
    } else if (!replaced.has(plugin) && isRebound(base.facets.get(facet)?.wires ?? [], wires)) {
      rebinds.set(facet, add({ kind: "rebind", plugin, facet }));
    }
  }
  for (const facet of base.facets.keys()) {
    const plugin = instanceOf(facet);
    if (!next.plugins.has(plugin)) leaves.set(facet, add({ kind: "stop", plugin, facet }));
  }
  return { list, leaves, arrives, rebinds, overlaps };
}

/** Two instances of a plugin that keeps state would each go their own way with it. */
export const canOverlap = ({ manifest }: Candidate): boolean =>
  manifest.multiVersion && manifest.singleton === "none" && manifest.state === undefined;

/** A plugin that is needed by name is whoever runs as it; only the providers of ports are bound one by one. */
const isRebound = (before: readonly Wire[], after: readonly Wire[]): boolean =>
  before.some(({ requirement, providers }, i) => {
    const now = after[i]?.providers ?? [];
    return "port" in requirement
      ? now.length !== providers.length || now.some((provider, place) => provider !== providers[place])
      : instancesIn(now) !== instancesIn(providers);
  });

const instancesIn = (ids: readonly FacetId[]): string => [...new Set(ids.map(instanceOf))].join(" ");
