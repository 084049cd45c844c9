import {
  byInstance,
  type Digest,
  type FacetId,
  instanceOf,
  parseFacetId,
  type PluginName,
} from "../../domain/ids.ts";
import type { Facet, Manifest } from "../../domain/manifest.ts";
import type { Generation, Plan } from "../../domain/plan.ts";

/** A moment of a plan: a group of a wave. Groups of one wave come in any order. */
interface Moment {
  readonly wave: number;
  readonly group: number;
}

/** Time in which something is there; open ends are before the first wave and after the last. */
export interface Interval {
  readonly from: Moment | undefined;
  until: Moment | undefined;
}

/** One version of a facet while it is there. */
export interface Presence extends Interval {
  readonly facet: FacetId;
  readonly plugin: PluginName;
  readonly content: Digest;
  readonly manifest: Manifest;
  /** What the manifest says of the facet. */
  readonly definition: Facet;
}

/** What facets are there when, read off the steps of a plan, and what is wrong with the steps themselves. */
export interface Timeline {
  readonly presences: readonly Presence[];
  /** When a running facet is given the bindings of the next generation. */
  readonly rebinds: ReadonlyMap<FacetId, Moment>;
  readonly faults: readonly string[];
}

/** @param manifests By content, of all versions that the plan and its base name. */
export function timelineOf(
  plan: Plan,
  base: Generation | null,
  manifests: ReadonlyMap<Digest, Manifest>,
): Timeline {
  const presences: Presence[] = [];
  const rebinds = new Map<FacetId, Moment>();
  const faults: string[] = [];
  const running = new Map<string, Presence>();

  const begin = (facet: FacetId, content: Digest, from: Moment | undefined): void => {
    const manifest = manifests.get(content);
    const { plugin, version, facet: name = "" } = parseFacetId(facet) ?? {};
    const definition = manifest?.facets[name];
    const isOfIt = plugin === manifest?.name && (version ?? manifest?.version) === manifest?.version;
    if (!manifest || !definition || !isOfIt) {
      faults.push(`${facet} is no facet of ${content}`);
      return;
    }
    if (running.has(`${facet} ${content}`)) faults.push(`${facet} is started while it runs`);
    const presence = { facet, plugin: manifest.name, content, manifest, definition, from, until: undefined };
    running.set(`${facet} ${content}`, presence);
    presences.push(presence);
  };
  const end = (facet: FacetId, content: Digest, until: Moment): void => {
    const presence = running.get(`${facet} ${content}`);
    if (presence) presence.until = until;
    else faults.push(`${facet} is stopped and does not run`);
    running.delete(`${facet} ${content}`);
  };

  const atFirst = byInstance(base?.plugins ?? []);
  for (const { id } of base?.facets ?? []) {
    const plugin = atFirst.get(instanceOf(id));
    if (plugin) begin(id, plugin.content, undefined);
  }
  for (const [wave, { groups }] of plan.waves.entries()) {
    for (const [group, { steps }] of groups.entries()) {
      const at = { wave, group };
      for (const step of steps) {
        for (const facet of step.stop) if (step.from) end(facet, step.from.content, at);
        for (const facet of step.start) {
          if (step.action === "rebind") rebinds.set(facet, at);
          else if (step.to) begin(facet, step.to.content, at);
        }
      }
    }
  }
  const left = [...running.keys()].toSorted();
  const wanted = byInstance(plan.generation.plugins);
  const expected = plan.generation.facets
    .map(({ id }) => `${id} ${wanted.get(instanceOf(id))?.content}`)
    .toSorted();
  for (const key of new Set(left).symmetricDifference(new Set(expected))) {
    faults.push(`${key} is ${left.includes(key) ? "left over" : "missing"} at the end`);
  }
  return { presences, rebinds, faults };
}

/** A state that the plan may be in: the waves before `wave` are done, and of it the groups for which `isDone`. */
export interface State {
  readonly wave: number;
  readonly isDone: (group: number) => boolean;
}

export const isThere = ({ from, until }: Interval, state: State): boolean =>
  isPast(from, state, true) && !isPast(until, state, false);

const isPast = (moment: Moment | undefined, { wave, isDone }: State, otherwise: boolean): boolean =>
  moment === undefined ? otherwise : moment.wave < wave || (moment.wave === wave && isDone(moment.group));

/** Every state in which intervals can differ from each other: each wave that one begins or ends in, its groups in any order. */
export function* statesOf(intervals: readonly Interval[]): Generator<State> {
  const groups = new Map<number, Set<number>>();
  for (const moment of intervals.flatMap(({ from, until }) => [from ?? [], until ?? []].flat())) {
    groups.set(moment.wave, (groups.get(moment.wave) ?? new Set()).add(moment.group));
  }
  if (groups.size === 0) yield { wave: 0, isDone: () => false };
  for (const [wave, involved] of groups) {
    const list = [...involved];
    for (let subset = 0; subset < 2 ** list.length; subset++) {
      yield { wave, isDone: (group) => (subset & (1 << list.indexOf(group))) !== 0 };
    }
  }
}
