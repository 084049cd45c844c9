import { byText } from "../domain/by-text.ts";
import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import {
  byInstance,
  type Digest,
  type FacetId,
  type InstanceName,
  instanceOf,
  labelOf,
} from "../domain/ids.ts";
import type { Generation, GenerationFacet, GenerationPlugin, Plan, Wave } from "../domain/plan.ts";

/** A state that a root stands in while a plan is carried out: a whole generation, so that it can start from there. */
export interface Stage {
  /** The last wave of the plan that is done in it, counted from 1. */
  readonly wave: number;
  readonly digest: Digest;
  readonly generation: Generation;
  /** Canonical form of the generation. */
  readonly text: string;
}

/**
 * The states on the way from `base` to the plan's generation, which is the last of them. A wave has a state of its
 * own where a generation can say what runs after it; where a plugin then stands twice, an adapter fills in, or a
 * facet is held, it is done in one switch with the waves after it.
 */
export function stagesOf(plan: Plan, base: Generation | null): readonly [...Stage[], Stage] {
  const onTheWay = new Way(base, plan.generation);
  const between = plan.waves.slice(0, -1).flatMap((wave, i) => {
    const generation = onTheWay.after(wave);
    return generation ? [stageAt(i + 1, generation)] : [];
  });
  const last = stageAt(Math.max(plan.waves.length, 1), plan.generation);
  const seen = new Set([plan.base, last.digest]);
  const distinct = between.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
  return [...distinct, last];
}

function stageAt(wave: number, generation: Generation): Stage {
  const text = canonical(generation);
  return { wave, generation, text, digest: sha256(text) };
}

/** What a facet is started from: the base, or the next generation, with what it is bound to there. */
type Side = "base" | "next";

/** The facets that run, in which content of their plugin, and on which side. */
class Way {
  readonly #sides: Readonly<Record<Side, Pick<Generation, "plugins" | "facets">>>;
  readonly #members: Readonly<Record<Side, ReadonlyMap<InstanceName, GenerationPlugin>>>;
  readonly #next: Generation;
  readonly #running = new Map<FacetId, Map<Digest, Side>>();

  constructor(base: Generation | null, next: Generation) {
    this.#sides = { base: base ?? { plugins: [], facets: [] }, next };
    this.#next = next;
    this.#members = { base: byInstance(base?.plugins ?? []), next: byInstance(next.plugins) };
    const plugins = byInstance(base?.plugins ?? []);
    for (const { id } of base?.facets ?? []) {
      const plugin = plugins.get(instanceOf(id));
      if (plugin) this.#running.set(id, new Map([[plugin.content, "base"]]));
    }
  }

  /** The set that runs after one more wave; `undefined` where no generation can say what that is. */
  after({ groups, held }: Wave): Generation | undefined {
    for (const { from, to, stop, start } of groups.flatMap(({ steps }) => steps)) {
      for (const id of stop) if (from) this.#running.get(id)?.delete(from.content);
      for (const id of start) {
        const contents = this.#running.get(id) ?? new Map<Digest, Side>();
        if (to) this.#running.set(id, contents.set(to.content, "next"));
      }
    }
    return held.length > 0 ? undefined : this.#generation();
  }

  #generation(): Generation | undefined {
    const plugins = new Map<InstanceName, GenerationPlugin>();
    const facets: GenerationFacet[] = [];
    for (const [id, contents] of this.#running) {
      const [only, ...others] = contents;
      if (!only) continue;
      const [content, side] = only;
      const instance = instanceOf(id);
      const plugin = this.#members[side].get(instance);
      const facet = this.#sides[side].facets.find((each) => each.id === id);
      const beside = plugins.get(instance)?.content ?? content;
      // Two versions at once, or an adapter that only this wave has.
      if (others.length > 0 || plugin?.content !== content || !facet || beside !== content) return undefined;
      if (side === "next" || !plugins.has(instance)) plugins.set(instance, plugin);
      facets.push(facet);
    }
    const members = [...plugins.values()].toSorted((a, b) => byText(labelOf(a), labelOf(b)));
    // Where versions stand side by side, facets are named after them.
    const isNamed = byInstance(members)
      .keys()
      .every((instance) => plugins.has(instance));
    const ordered = isNamed ? inOrder(presentOnly(facets)) : undefined;
    return ordered && { ...this.#next, plugins: members, facets: ordered };
  }
}

/** Facets without what they would wait for or be bound to, had it come already or not gone yet. */
function presentOnly(facets: readonly GenerationFacet[]): readonly GenerationFacet[] {
  const present = new Set(facets.map(({ id }) => id));
  const kept = (ids: readonly FacetId[]): readonly FacetId[] => ids.filter((id) => present.has(id));
  return facets.map(({ id, after, ports }) => ({
    id,
    after: kept(after),
    ports: Object.fromEntries(Object.entries(ports).map(([port, ids]) => [port, kept(ids)])),
  }));
}

/** Facets in an order that respects `after`, as near to the given one as that allows; `undefined` for a cycle. */
function inOrder(facets: readonly GenerationFacet[]): readonly GenerationFacet[] | undefined {
  const done = new Set<FacetId>();
  const ordered: GenerationFacet[] = [];
  for (let waiting = facets; waiting.length > 0;) {
    const { ready = [], not = [] } = Object.groupBy(waiting, ({ after }) =>
      after.every((id) => done.has(id)) ? "ready" : "not",
    );
    if (ready.length === 0) return undefined;
    for (const facet of ready) done.add(facet.id);
    ordered.push(...ready);
    waiting = not;
  }
  return ordered;
}
