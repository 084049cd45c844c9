import { TradsysError } from "../domain/errors.ts";
import { facetId, type FacetId, type PluginName } from "../domain/ids.ts";
import type { Binding, Candidate, Lock } from "../domain/lock.ts";
import { targetOf, type Facet, type When } from "../domain/manifest.ts";

/** `from` waits until `to` is ready. */
export interface Edge {
  readonly from: FacetId;
  readonly to: FacetId;
  /** `port:<name>` or `plugin:<name>`. */
  readonly requirement: string;
  readonly when: When;
  /** The facet that states the requirement. It is not `from` where `from` waits because its code loads with it. */
  readonly statedBy: FacetId;
}

interface LockedFacet {
  readonly id: FacetId;
  readonly candidate: Candidate;
  readonly facet: Facet;
}

/** The facets of a lock, and who waits for whom. */
interface FacetGraph {
  readonly facets: readonly LockedFacet[];
  readonly edges: readonly Edge[];
}

/**
 * Reads the graph off a lock's bindings.
 *
 * What is needed to load is needed by every facet of the plugin, since they share its code. What is needed to
 * start, or to be enabled, is needed by the one facet.
 *
 * @throws {TradsysError} `LOCK_STALE` where the lock and the manifests disagree.
 */
export function facetGraph(lock: Lock, manifests: ReadonlyMap<PluginName, Candidate>): FacetGraph {
  const facets = lock.plugins.flatMap(({ name, version, content }) => {
    const candidate = manifests.get(name);
    if (candidate?.content !== content) throw stale(`${name} ${version} is not the bundle that was locked`);
    return Object.entries(candidate.manifest.facets).map(([facetName, facet]): LockedFacet => ({
      id: facetId(name, facetName),
      candidate,
      facet,
    }));
  });
  const ids = new Set(facets.map(({ id }) => id));
  const siblings = Map.groupBy(facets, ({ candidate }) => candidate);
  const bindings = new Map(lock.bindings.map((binding) => [bindingKey(binding), binding]));

  const edges = facets.flatMap(({ id, candidate, facet }) =>
    facet.requires.flatMap((required) => {
      const { when, range } = required;
      const requirement = targetOf(required);
      const binding = bindings.get(bindingKey({ facet: id, requirement, range }));
      if (!binding?.providers.every((provider) => ids.has(provider))) {
        throw stale(`the lock does not say who meets ${requirement} ${range} of ${id}`);
      }
      const waiting = when === "load" ? (siblings.get(candidate) ?? []) : [{ id }];
      return waiting.flatMap(({ id: from }) =>
        binding.providers.map((to): Edge => ({ from, to, requirement, when, statedBy: id })),
      );
    }),
  );
  return { facets, edges };
}

const bindingKey = ({
  facet,
  requirement,
  range,
}: Pick<Binding, "facet" | "requirement" | "range">): string => `${facet} ${requirement} ${range}`;

const stale = (message: string): TradsysError =>
  new TradsysError("LOCK_STALE", message, { hint: "Run `tradsys resolve` again." });
