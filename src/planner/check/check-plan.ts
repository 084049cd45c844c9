import semverSatisfies from "semver/functions/satisfies.js";

import type { Digest, FacetId } from "../../domain/ids.ts";
import type { FacetRequirement, Manifest } from "../../domain/manifest.ts";
import type { Generation, GenerationFacet, Plan } from "../../domain/plan.ts";
import { isThere, statesOf, timelineOf, type Interval, type Presence, type Timeline } from "./timeline.ts";

/** A version of a facet, while it has the bindings of one generation. */
interface Consumer extends Interval {
  readonly presence: Presence;
  readonly bindings: GenerationFacet["ports"];
  /** Contents by plugin of the generation that the bindings are of: the versions that they were made for. */
  readonly madeFor: ReadonlyMap<string, Digest>;
}

/**
 * Holds a plan against what it promises: after each wave, and between any two groups of one in any order, every
 * requirement of everything that runs is met, nothing runs beside what it refuses, and the end is the next
 * generation. Shares nothing with what makes plans, so that a mistake there shows here.
 *
 * @param manifests By content, of all versions that the plan and its base name.
 * @returns What is wrong, as sentences; empty for a sound plan.
 */
export function checkPlan(
  plan: Plan,
  base: Generation | null,
  manifests: ReadonlyMap<Digest, Manifest>,
): readonly string[] {
  const timeline = timelineOf(plan, base, manifests);
  const present = Map.groupBy(timeline.presences, ({ facet }) => facet);
  const byPlugin = Map.groupBy<string, Presence>(timeline.presences, ({ plugin }) => plugin);
  const satisfies = rememberedSatisfies();
  const world = { plan, present, byPlugin, manifests, satisfies };
  const found = consumersOf(plan, base, timeline).flatMap((consumer) =>
    requirementsOf(consumer.presence).flatMap((requirement) =>
      checkRequirement(consumer, requirement, world),
    ),
  );
  return [
    ...new Set([
      ...timeline.faults,
      ...found,
      ...checkRefusals(byPlugin, satisfies),
      ...checkStart(plan, manifests),
    ]),
  ];
}

type Satisfies = (version: string, range: string) => boolean;

function rememberedSatisfies(): Satisfies {
  const known = new Map<string, boolean>();
  return (version, range) => {
    const key = `${range} ${version}`;
    let answer = known.get(key);
    if (answer === undefined) {
      answer = semverSatisfies(version, range);
      known.set(key, answer);
    }
    return answer;
  };
}

interface World {
  readonly satisfies: Satisfies;
  readonly plan: Plan;
  readonly present: ReadonlyMap<FacetId, readonly Presence[]>;
  readonly byPlugin: ReadonlyMap<string, readonly Presence[]>;
  readonly manifests: ReadonlyMap<Digest, Manifest>;
}

function consumersOf(plan: Plan, base: Generation | null, { presences, rebinds }: Timeline): Consumer[] {
  const [before, after] = [base ? sideOf(base) : undefined, sideOf(plan.generation)];
  return presences.flatMap((presence): Consumer[] => {
    const { facet, from, until } = presence;
    const as = (side: Side, interval: Interval): Consumer => ({
      presence,
      bindings: side.ports.get(facet) ?? {},
      madeFor: side.contents,
      ...interval,
    });
    if (!before || from !== undefined) return [as(after, { from, until })];
    if (until !== undefined) return [as(before, { from, until })];
    const rebind = rebinds.get(facet);
    // Without a step that gives it others, a facet has the bindings of both generations at once: both must hold.
    return rebind === undefined
      ? [as(before, { from, until }), as(after, { from, until })]
      : [as(before, { from, until: rebind }), as(after, { from: rebind, until })];
  });
}

interface Side {
  readonly ports: ReadonlyMap<FacetId, GenerationFacet["ports"]>;
  readonly contents: ReadonlyMap<string, Digest>;
}

const sideOf = ({ facets, plugins }: Generation): Side => ({
  ports: new Map(facets.map(({ id, ports }) => [id, ports])),
  contents: new Map<string, Digest>(plugins.map(({ name, content }) => [name, content])),
});

/** What a facet requires, and what others of its plugin require to load: they share its code. */
const requirementsOf = ({ facet, manifest }: Presence): FacetRequirement[] =>
  Object.entries(manifest.facets).flatMap(([name, { requires }]) =>
    requires.filter(({ when }) => when === "load" || facet === `${manifest.name}#${name}`),
  );

/** All that can be there at some time and meet a requirement, each a set of intervals that must hold together. */
function alternativesFor(
  { bindings, madeFor, presence: { facet } }: Consumer,
  requirement: FacetRequirement,
  { plan, present, byPlugin, manifests, satisfies }: World,
): { readonly provider: string; readonly alternatives: readonly (readonly Interval[])[] }[] {
  if ("plugin" in requirement) {
    const versions = Map.groupBy(byPlugin.get(requirement.plugin) ?? [], ({ content }) => content);
    const fitting = [...versions.values()].filter(
      ([version]) => version && satisfies(version.manifest.version, requirement.range),
    );
    const alternatives = fitting.map((parts) => parts.filter((part) => part.facet !== facet));
    return [{ provider: requirement.plugin, alternatives }];
  }
  const { port, range } = requirement;
  const offers = (manifest: Manifest | undefined, id: FacetId): boolean => {
    const version = manifest?.facets[id.slice(id.indexOf("#") + 1)]?.provides[port];
    return version !== undefined && satisfies(version, range);
  };
  // A generation lists the providers of a port once, for all ranges in which a facet requires it.
  const listed = (bindings[port] ?? []).filter((id) =>
    offers(manifests.get(madeFor.get(id.slice(0, id.indexOf("#"))) ?? ("" as Digest)), id),
  );
  // An adapter is in no generation: it stands on the provider that it stands in for.
  const bridged = plan.relaxed.flatMap((relaxed) =>
    relaxed.kind === "adapter" && relaxed.adapter === facet ? relaxed.provider : [],
  );
  const bound = new Set([...listed, ...bridged]);
  return [...bound].map((provider) => {
    const direct = (present.get(provider) ?? [])
      .filter(({ manifest }) => offers(manifest, provider))
      .map((one) => [one]);
    const indirect = plan.relaxed.flatMap((relaxed) =>
      relaxed.kind === "adapter" &&
      relaxed.facet === facet &&
      relaxed.provider === provider &&
      relaxed.requirement === `port:${port}`
        ? (present.get(relaxed.adapter) ?? [])
            .filter(({ manifest }) => offers(manifest, relaxed.adapter))
            .flatMap((adapter) =>
              carriers(adapter, provider, { present, satisfies }).map((carrier) => [adapter, carrier]),
            )
        : [],
    );
    return { provider, alternatives: [...direct, ...indirect] };
  });
}

/** The versions of a provider that an adapter can stand on. */
function carriers(
  adapter: Presence,
  provider: FacetId,
  { present, satisfies }: Pick<World, "present" | "satisfies">,
): readonly Presence[] {
  const name = provider.slice(provider.indexOf("#") + 1);
  return (present.get(provider) ?? []).filter(({ manifest }) =>
    requirementsOf(adapter).every(
      (needed) =>
        "port" in needed && satisfies(manifest.facets[name]?.provides[needed.port] ?? "", needed.range),
    ),
  );
}

function checkRequirement(consumer: Consumer, requirement: FacetRequirement, world: World): string[] {
  // What is optional need not be there, and what is there and refused is found apart.
  if (requirement.optional) return [];
  const { facet, manifest } = consumer.presence;
  const what = "port" in requirement ? requirement.port : requirement.plugin;
  const providers = alternativesFor(consumer, requirement, world);
  if (providers.length === 0) return [`nothing is bound to ${what} ${requirement.range} of ${facet}`];
  return providers.flatMap(({ provider, alternatives }) => {
    for (const state of statesOf([consumer, ...alternatives.flat()])) {
      if (!isThere(consumer, state)) continue;
      if (alternatives.some((all) => all.every((one) => isThere(one, state)))) continue;
      const isHeld = world.plan.waves[state.wave]?.held.includes(facet);
      if (requirement.when === "enable" && isHeld) continue;
      return [
        `in wave ${state.wave + 1}, ${facet} ${manifest.version} may run while ${provider} does not meet ${what} ${requirement.range}`,
      ];
    }
    return [];
  });
}

/** Versions that must not be there at once: of one plugin, and of plugins of which one refuses the other. */
const checkRefusals = (byPlugin: World["byPlugin"], satisfies: Satisfies): string[] =>
  [...byPlugin].flatMap(([plugin, presences]) => {
    const versions = [...Map.groupBy(presences, ({ content }) => content).values()];
    const mayOverlap = presences.every(
      ({ manifest }) => manifest.multiVersion && manifest.singleton === "none",
    );
    const twice =
      !mayOverlap && versions.some((own, i) => versions.slice(i + 1).some((other) => meet(own, other)));
    const refused = versions.flatMap((own) =>
      own.slice(0, 1).flatMap(({ manifest }) =>
        refusedBy(manifest, satisfies).flatMap(({ name, isRefused }) => {
          const others = (byPlugin.get(name) ?? []).filter((other) => isRefused(other.manifest.version));
          if (name === plugin || others.length === 0 || !meet(own, others)) return [];
          return [`${plugin} ${manifest.version} may run beside ${name}, which it refuses`];
        }),
      ),
    );
    return twice ? [`two versions of ${plugin} may run at once`, ...refused] : refused;
  });

const meet = (a: readonly Presence[], b: readonly Presence[]): boolean =>
  statesOf([...a, ...b]).some((state) => {
    const isNow = (one: Presence): boolean => isThere(one, state);
    return a.some(isNow) && b.some(isNow);
  });

interface Refused {
  readonly name: string;
  readonly isRefused: (version: string) => boolean;
}

const refusedBy = ({ conflicts, facets }: Manifest, satisfies: Satisfies): Refused[] => [
  ...conflicts.map(({ plugin: name, range }) => ({
    name,
    isRefused: (version: string) => satisfies(version, range),
  })),
  ...Object.values(facets).flatMap(({ requires }) =>
    requires.flatMap((needed) =>
      needed.optional && "plugin" in needed
        ? [{ name: needed.plugin, isRefused: (version: string) => !satisfies(version, needed.range) }]
        : [],
    ),
  ),
];

/** Started from nothing, every facet comes after all that it waits for. */
function checkStart({ generation, start }: Plan, manifests: World["manifests"]): string[] {
  const contents = new Map<string, Digest>(generation.plugins.map(({ name, content }) => [name, content]));
  const waveOf = new Map(start.waves.flatMap((wave, number) => wave.map((id) => [id, number] as const)));
  const places = new Map(generation.facets.map(({ id }, place) => [id, place]));
  return generation.facets.flatMap(({ id, after, ports }) => {
    const early = after.filter(
      (needed) =>
        (places.get(needed) ?? Infinity) >= (places.get(id) ?? 0) ||
        (waveOf.get(needed) ?? Infinity) >= (waveOf.get(id) ?? -1),
    );
    const manifest = manifests.get(contents.get(id.slice(0, id.indexOf("#"))) ?? ("" as Digest));
    const requires = manifest?.facets[id.slice(id.indexOf("#") + 1)]?.requires ?? [];
    const unawaited = requires.flatMap((needed) =>
      needed.when === "enable" || !("port" in needed)
        ? []
        : (ports[needed.port] ?? []).filter((provider) => !after.includes(provider)),
    );
    return [
      ...early.map((needed) => `${id} starts before ${needed}`),
      ...(waveOf.has(id) ? [] : [`${id} is in no wave of the start`]),
      ...unawaited.map((provider) => `${id} does not wait for ${provider}`),
    ];
  });
}
