import { canonical } from "../domain/canonical.ts";
import { sha256 } from "../domain/digest.ts";
import { parseFacetId, type Digest, type FacetId, type PluginName } from "../domain/ids.ts";
import type { Generation, GenerationFacet, Plan, Wave } from "../domain/plan.ts";

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
  const seen = new Set([base && sha256(canonical(base)), last.digest]);
  const distinct = between.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
  return [...distinct, last];
}

function stageAt(wave: number, generation: Generation): Stage {
  const text = canonical(generation);
  return { wave, generation, text, digest: sha256(text) };
}

/** Where each plugin stands: as before, or as it will be. */
class Way {
  readonly #base: Pick<Generation, "plugins" | "facets">;
  readonly #next: Generation;
  /** Plugins that stand as in the next generation. */
  readonly #moved = new Set<PluginName>();
  /** Plugins that are there twice, not there at all, or there only for a while. */
  readonly #passing = new Set<PluginName>();

  constructor(base: Generation | null, next: Generation) {
    this.#base = base ?? { plugins: [], facets: [] };
    this.#next = next;
  }

  /** The set that runs after one more wave; `undefined` where no generation can say what that is. */
  after({ groups, held }: Wave): Generation | undefined {
    for (const { action, plugin } of groups.flatMap(({ steps }) => steps)) {
      const [wasThere, willBe] = [has(this.#base, plugin), has(this.#next, plugin)];
      const isHalf = action === "start" ? wasThere || !willBe : action === "stop" && (willBe || !wasThere);
      if (isHalf && !this.#passing.delete(plugin)) this.#passing.add(plugin);
      else this.#moved.add(plugin);
    }
    return held.length > 0 || this.#passing.size > 0 ? undefined : this.#generation();
  }

  #generation(): Generation | undefined {
    const next = this.#next;
    const plugins = [
      ...this.#base.plugins.filter(({ name }) => !this.#moved.has(name)),
      ...next.plugins.filter(({ name }) => this.#moved.has(name)),
    ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const facets = inOrder(
      presentOnly([
        ...this.#base.facets.filter(({ id }) => !this.#moved.has(pluginOf(id))),
        ...next.facets.filter(({ id }) => this.#moved.has(pluginOf(id))),
      ]),
    );
    return facets && { ...next, plugins, facets };
  }
}

const has = ({ plugins }: Pick<Generation, "plugins">, plugin: PluginName): boolean =>
  plugins.some(({ name }) => name === plugin);

function pluginOf(id: FacetId): PluginName {
  const parsed = parseFacetId(id);
  if (!parsed) throw new TypeError(`${id} is not a facet id`);
  return parsed.plugin;
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
