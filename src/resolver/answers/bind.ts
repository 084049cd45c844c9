import { byText } from "../../domain/by-text.ts";
import { facetId, type FacetId, type PluginName } from "../../domain/ids.ts";
import type { Binding, Candidate } from "../../domain/lock.ts";
import { targetOf, type Facet, type FacetRequirement } from "../../domain/manifest.ts";
import type { Solution } from "../engine/optimise.ts";
import { isAdapterOf } from "../rules/catalog.ts";
import type { Session } from "../session.ts";

/** A plugin of the answer, and who asked for it. */
export interface ChosenPlugin {
  readonly candidate: Candidate;
  /** `deployment` first, then facets in order. */
  readonly requiredBy: readonly (FacetId | "deployment")[];
  /** Where it is not for all platforms. */
  readonly platforms?: readonly string[];
}

/** What {@link bind} makes of a set of candidates. */
export interface BoundSet {
  /** In name, then version order. */
  readonly plugins: readonly ChosenPlugin[];
  /** In facet, then requirement order. */
  readonly bindings: readonly Binding[];
}

/** A facet of the set. */
interface Member {
  readonly id: FacetId;
  readonly name: string;
  readonly candidate: Candidate;
  readonly facet: Facet;
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
 * `one` takes a facet of the same plugin before any other, and then whom the search chose. A plugin that the
 * deployment prefers for the port, or that something needs by name, comes before that where it makes others
 * superfluous, none of them locked. `many` takes all in range. Plugins that no chain of bindings ties to the
 * deployment are left out.
 */
export function bind(session: Session, solution: Solution): BoundSet {
  const thrifty = bindBy(session, solution, "thrift");
  const kept = new Set(thrifty.plugins.map(({ candidate }) => candidate));
  const { prefer } = session.catalog.request;
  const isLoss = session
    .chosen(solution)
    .some((candidate) => !kept.has(candidate) && prefer.has(candidate.manifest.name));
  return isLoss ? bindBy(session, solution, "search") : thrifty;
}

function bindBy(session: Session, solution: Solution, guide: "thrift" | "search"): BoundSet {
  const { catalog } = session;
  const chosen = session.chosen(solution);
  const asked = new Set(
    catalog.request.requirements.flatMap(({ name, range }) => {
      const picked = session.supplier(solution, "deployment", { target: `plugin:${name}`, range });
      return picked ?? chosen.find(({ manifest }) => manifest.name === name) ?? [];
    }),
  );
  const all = wire({ session, solution, guide, set: chosen, asked });
  const reached = reach(all, asked);
  const members = chosen.filter((candidate) => reached.has(candidate));
  const isAll = members.length === chosen.length;
  const wires = isAll ? all : wire({ session, solution, guide, set: members, asked });

  const needed = wires.filter(({ optional }) => !optional);
  const requirers = Map.groupBy(
    needed.flatMap(({ owner, suppliers, binding: { facet } }) =>
      suppliers.filter((candidate) => candidate !== owner).map((candidate) => ({ candidate, facet })),
    ),
    ({ candidate }) => candidate,
  );
  const plugins = members.map((candidate) => ({
    candidate,
    requiredBy: [
      ...(asked.has(candidate) ? ["deployment" as const] : []),
      ...new Set(requirers.get(candidate)?.map(({ facet }) => facet)),
    ],
  }));
  return { plugins, bindings: wires.map(({ binding }) => binding) };
}

interface Wiring {
  readonly session: Session;
  readonly solution: Solution;
  readonly guide: "thrift" | "search";
  readonly set: readonly Candidate[];
  readonly asked: ReadonlySet<Candidate>;
}

function wire({ session, solution, guide, set, asked }: Wiring): readonly Wire[] {
  const { catalog } = session;
  const members = membersOf(set);
  const copiesOf = Map.groupBy(set, ({ manifest }) => manifest.name);
  const facetsOf = Map.groupBy(members, ({ candidate }) => candidate);
  const providersOf = new Map<string, Member[]>();
  for (const member of members) {
    for (const port of Object.keys(member.facet.provides)) {
      const providers = providersOf.get(port);
      if (providers) providers.push(member);
      else providersOf.set(port, [member]);
    }
  }
  const byName = new Set([
    ...[...asked].map(({ manifest }) => manifest.name),
    ...members.flatMap(({ candidate, facet }) => pluginsNeededBy(candidate, facet)),
  ]);
  const { host, policy } = catalog.request;

  function wireOne(owner: Member, requirement: FacetRequirement): Wire {
    const target = targetOf(requirement);
    const range = catalog.rangeOf(owner.candidate, requirement);
    const { suppliers, byHost } =
      "port" in requirement
        ? portSuppliers({ owner, port: requirement.port, range, isOne: requirement.cardinality === "one" })
        : { suppliers: namedSuppliers(owner, requirement.plugin, range), byHost: false };
    return {
      owner: owner.candidate,
      optional: requirement.optional,
      suppliers: suppliers.map(({ candidate }) => candidate),
      binding: {
        facet: owner.id,
        requirement: target,
        // The manifest's own text, by which the binding is found again.
        range: requirement.range,
        providers: suppliers.map(({ id }) => id).toSorted(byText),
        ...(byHost ? { byHost } : {}),
      },
    };
  }

  /** All facets of the best copy in range. */
  function namedSuppliers(owner: Member, plugin: PluginName, range: string): readonly Member[] {
    const copies = (copiesOf.get(plugin) ?? []).filter((candidate) => catalog.isInRange(candidate, range));
    const picked = () =>
      session.supplier(solution, owner.candidate, { target: `plugin:${plugin}`, range }) ?? copies.at(-1);
    const best = copies.includes(owner.candidate)
      ? owner.candidate
      : copies.length > 1
        ? picked()
        : copies[0];
    return best ? (facetsOf.get(best) ?? []).filter(({ id }) => id !== owner.id) : [];
  }

  function portSuppliers({
    owner,
    port,
    range,
    isOne,
  }: {
    owner: Member;
    port: string;
    range: string;
    isOne: boolean;
  }) {
    const fitting = (providersOf.get(port) ?? []).filter(
      ({ id, facet }) => id !== owner.id && catalog.provides(facet, port, range),
    );
    const hosted = host.ports?.[port];
    if (isOne && hosted !== undefined && catalog.admits(range, hosted))
      return { suppliers: [], byHost: true as const };
    if (!isOne || fitting.length < 2) return { suppliers: fitting, byHost: false as const };

    const declared = policy?.providers?.[port] ?? [];
    const picked = session.supplier(solution, owner.candidate, { target: `port:${port}`, range });
    const chain = isAdapterOf(owner.candidate, port) ? chainLengths(members, port) : undefined;
    const rank = ({ candidate }: Member): readonly number[] => {
      const { name } = candidate.manifest;
      return [
        Number(candidate !== owner.candidate),
        Number(guide === "search" && candidate !== picked),
        chain?.get(candidate) ?? 0,
        declared.includes(name) ? declared.indexOf(name) : declared.length,
        Number(!byName.has(name)),
        Number(candidate !== picked),
        Number(!catalog.isLocked(candidate)),
        Number(isAdapterOf(candidate, port)),
      ];
    };
    const [best] = fitting
      .map((member) => ({ member, rank: rank(member) }))
      .toSorted((a, b) => byRank(a.rank, b.rank))
      .map(({ member }) => member);
    return { suppliers: best ? [best] : [], byHost: false as const };
  }

  /** How many adapters each candidate stands on for a port. What never ends is left out. */
  function chainLengths(all: readonly Member[], port: string): ReadonlyMap<Candidate, number> {
    const lengths = new Map<Candidate, number>();
    for (const { candidate } of all) if (!isAdapterOf(candidate, port)) lengths.set(candidate, 0);
    for (let grew = true; grew;) {
      grew = false;
      for (const { candidate, facet } of all) {
        if (lengths.has(candidate)) continue;
        const below = facet.requires
          .filter((requirement) => targetOf(requirement) === `port:${port}`)
          .flatMap(({ range }) =>
            all.flatMap(({ candidate: other, facet: provider }) => {
              const length = lengths.get(other);
              return length !== undefined && catalog.provides(provider, port, range) ? [length] : [];
            }),
          );
        if (below.length === 0) continue;
        lengths.set(candidate, 1 + Math.min(...below));
        grew = true;
      }
    }
    for (const { candidate } of all) if (!lengths.has(candidate)) lengths.set(candidate, Infinity);
    return lengths;
  }

  return members.flatMap((owner) =>
    owner.facet.requires
      .map((requirement) => wireOne(owner, requirement))
      .toSorted(
        ({ binding: a }, { binding: b }) => byText(a.requirement, b.requirement) || byText(a.range, b.range),
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

/** The facets of a set. Where a plugin is there in several versions, an id says which it means. */
function membersOf(set: readonly Candidate[]): readonly Member[] {
  const copies = Map.groupBy(set, ({ manifest }) => manifest.name);
  return set.flatMap((candidate) => {
    const { name, version, facets } = candidate.manifest;
    const isAlone = copies.get(name)?.length === 1;
    return Object.entries(facets)
      .map(([facetName, facet]): Member => {
        const id = facetId(name, facetName);
        return { id: isAlone ? id : sideBySideId(id, version), name, candidate, facet };
      })
      .toSorted((a, b) => byText(a.id, b.id));
  });
}

/** `@acme/a@1.2.0#main` */
const sideBySideId = (id: FacetId, version: string): FacetId => id.replace("#", `@${version}#`) as FacetId;

const pluginsNeededBy = (candidate: Candidate, { requires }: Facet): readonly string[] =>
  requires.flatMap((requirement) =>
    "plugin" in requirement && !requirement.optional && requirement.plugin !== candidate.manifest.name
      ? [requirement.plugin]
      : [],
  );

function byRank(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - (b[i] ?? 0);
  return 0;
}
