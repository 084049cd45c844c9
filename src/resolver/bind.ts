import type { FacetId, PluginName } from "../domain/ids.ts";
import type { Binding, Candidate } from "../domain/lock.ts";
import { targetOf, type FacetRequirement } from "../domain/manifest.ts";
import { byText, facetsOf, type CandidateIndex } from "./candidates.ts";

/** A plugin of the answer, and who asked for it. */
interface ChosenPlugin {
  readonly candidate: Candidate;
  /** `deployment` first, then facets in order. */
  readonly requiredBy: readonly (FacetId | "deployment")[];
}

/** What {@link bind} makes of a set of candidates. */
export interface BoundSet {
  /** In name order. */
  readonly plugins: readonly ChosenPlugin[];
  /** In facet, then requirement order. */
  readonly bindings: readonly Binding[];
}

/** A binding, with the candidates behind its providers. */
interface Wire {
  readonly owner: Candidate;
  readonly optional: boolean;
  readonly suppliers: readonly Candidate[];
  readonly binding: Binding;
}

/**
 * Decides who provides what, in a set that meets every rule.
 *
 * `one` takes a facet of the same plugin before any other; then a plugin that something needs by name, which
 * may make one superfluous that was chosen for the port alone; then the best in the order of the index. `many`
 * takes all in range. Plugins that no chain of bindings ties to the deployment are left out.
 *
 * @param asked Plugins that the deployment names.
 */
export function bind(
  index: CandidateIndex,
  chosen: ReadonlyMap<PluginName, Candidate>,
  asked: ReadonlySet<PluginName>,
): BoundSet {
  const byName = new Set([...asked, ...[...chosen.values()].flatMap(pluginsNeededBy)]);
  const reached = reach(
    wire(index, new Set(chosen.values()), byName),
    chosen.values().filter(({ manifest }) => asked.has(manifest.name)),
  );
  const wires = wire(index, reached, byName);

  const plugins = inNameOrder(reached).map((candidate) => ({
    candidate,
    requiredBy: [
      ...(asked.has(candidate.manifest.name) ? ["deployment" as const] : []),
      ...new Set(
        wires
          .filter(
            ({ owner, optional, suppliers }) =>
              !optional && owner !== candidate && suppliers.includes(candidate),
          )
          .map(({ binding }) => binding.facet),
      ),
    ],
  }));
  return { plugins, bindings: wires.map(({ binding }) => binding) };
}

function wire(
  index: CandidateIndex,
  members: ReadonlySet<Candidate>,
  byName: ReadonlySet<PluginName>,
): readonly Wire[] {
  function wireOne(owner: Candidate, facet: FacetId, requirement: FacetRequirement): Wire {
    const target = targetOf(requirement);
    const fitting = index
      .inRange(target, requirement.range)
      .filter((offer) => members.has(offer.candidate) && offer.facet !== facet);
    const one =
      fitting.find(({ candidate }) => candidate === owner) ??
      fitting.find(({ candidate }) => byName.has(candidate.manifest.name)) ??
      fitting[0];
    const single = "port" in requirement && requirement.cardinality === "one";
    const offers = single && one ? [one] : fitting;
    return {
      owner,
      optional: requirement.optional,
      suppliers: offers.map(({ candidate }) => candidate),
      binding: {
        facet,
        requirement: target,
        range: requirement.range,
        providers: offers
          .flatMap((offer) => offer.facet ?? facetsOf(offer.candidate).map(({ id }) => id))
          .filter((provider) => provider !== facet)
          .toSorted(),
      },
    };
  }

  return inNameOrder(members).flatMap((owner) =>
    facetsOf(owner).flatMap(({ id, facet }) =>
      facet.requires
        .map((requirement) => wireOne(owner, id, requirement))
        .toSorted(
          ({ binding: a }, { binding: b }) =>
            byText(a.requirement, b.requirement) || byText(a.range, b.range),
        ),
    ),
  );
}

/** What the roots need, directly or through others. Optional requirements keep nothing in. */
function reach(wires: readonly Wire[], roots: Iterable<Candidate>): ReadonlySet<Candidate> {
  const wiresOf = Map.groupBy(wires, ({ owner }) => owner);
  const reached = new Set(roots);
  // A set also visits what is added to it on the way.
  for (const candidate of reached) {
    for (const { optional, suppliers } of wiresOf.get(candidate) ?? []) {
      if (!optional) for (const supplier of suppliers) reached.add(supplier);
    }
  }
  return reached;
}

const pluginsNeededBy = (candidate: Candidate): readonly PluginName[] =>
  facetsOf(candidate).flatMap(({ facet }) =>
    facet.requires.flatMap((requirement) =>
      "plugin" in requirement && !requirement.optional && requirement.plugin !== candidate.manifest.name
        ? [requirement.plugin]
        : [],
    ),
  );

const inNameOrder = (candidates: Iterable<Candidate>): readonly Candidate[] =>
  [...candidates].toSorted((a, b) => byText(a.manifest.name, b.manifest.name));
