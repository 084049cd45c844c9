import semverSatisfies from "semver/functions/satisfies.js";

import { byInstance, type Digest, facetId, type FacetId, instanceOf } from "../../domain/ids.ts";
import type { Facet, FacetRequirement, Manifest } from "../../domain/manifest.ts";
import type { Generation, GenerationFacet, Plan, Relaxation } from "../../domain/plan.ts";
import { checkTold } from "./check-told.ts";
import { isThere, statesOf, timelineOf, type Interval, type Presence, type Timeline } from "./timeline.ts";

/** A version of a facet, while it has the bindings of one generation. */
interface Consumer extends Interval {
  readonly presence: Presence;
  readonly bindings: GenerationFacet["ports"];
  /** Ports by facet of the generation that the bindings are of: the versions that they were made for. */
  readonly madeFor: ReadonlyMap<FacetId, Facet["provides"]>;
  /** Ports that the host of the generation provides itself. */
  readonly hosted: Facet["provides"];
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
  const bridges = plan.relaxed.filter((relaxed) => relaxed.kind === "adapter");
  const world = { plan, present, byPlugin, bridges, manifests, satisfies };
  const found = consumersOf(world, base, timeline).flatMap((consumer) =>
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
      ...checkTold(plan, base, manifests),
    ]),
  ];
}

type Satisfies = (version: string | undefined, range: string) => boolean;

function rememberedSatisfies(): Satisfies {
  const known = new Map<string, Map<string, boolean>>();
  return (version, range) => {
    if (version === undefined) return false;
    const answers = known.get(range) ?? new Map<string, boolean>();
    const answer = answers.get(version) ?? semverSatisfies(version, range);
    known.set(range, answers.set(version, answer));
    return answer;
  };
}

interface World {
  readonly satisfies: Satisfies;
  readonly plan: Plan;
  /** Where adapters stand between. */
  readonly bridges: readonly Extract<Relaxation, { readonly kind: "adapter" }>[];
  readonly present: ReadonlyMap<FacetId, readonly Presence[]>;
  readonly byPlugin: ReadonlyMap<string, readonly Presence[]>;
  readonly manifests: ReadonlyMap<Digest, Manifest>;
}

function consumersOf(
  { plan, manifests }: Pick<World, "plan" | "manifests">,
  base: Generation | null,
  { presences, rebinds }: Timeline,
): Consumer[] {
  const [before, after] = [base ? sideOf(base, manifests) : undefined, sideOf(plan.generation, manifests)];
  return presences.flatMap((presence): Consumer[] => {
    const { facet, from, until } = presence;
    const as = (side: Side, interval: Interval): Consumer => ({
      presence,
      bindings: side.ports.get(facet) ?? {},
      madeFor: side.provides,
      hosted: side.hosted,
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
  readonly provides: ReadonlyMap<FacetId, Facet["provides"]>;
  readonly hosted: Facet["provides"];
}

function sideOf({ facets, plugins, host }: Generation, manifests: World["manifests"]): Side {
  const provides = new Map<FacetId, Facet["provides"]>();
  for (const [instance, { content }] of byInstance(plugins)) {
    for (const [facet, definition] of Object.entries(manifests.get(content)?.facets ?? {})) {
      provides.set(facetId(instance, facet), definition.provides);
    }
  }
  return { ports: new Map(facets.map(({ id, ports }) => [id, ports])), provides, hosted: host.ports ?? {} };
}

/** What a facet requires, and what others of its plugin require to load: they share its code. */
const requirementsOf = ({ definition, manifest }: Presence): readonly FacetRequirement[] => [
  ...definition.requires,
  ...Object.values(manifest.facets).flatMap((other) =>
    other === definition ? [] : other.requires.filter(({ when }) => when === "load"),
  ),
];

/** What must be there for a requirement, and all that can be it, each a set of intervals that must hold together. */
interface Supply {
  readonly provider: string;
  readonly alternatives: readonly (readonly Interval[])[];
}

function suppliesOf(consumer: Consumer, requirement: FacetRequirement, world: World): readonly Supply[] {
  const { present, byPlugin, bridges, satisfies } = world;
  const { facet } = consumer.presence;
  if ("plugin" in requirement) {
    const versions = Map.groupBy(
      byPlugin.get(requirement.plugin) ?? [],
      (presence) => `${instanceOf(presence.facet)} ${presence.content}`,
    );
    const fitting = [...versions.values()].filter(
      ([version]) => version && satisfies(version.manifest.version, requirement.range),
    );
    const alternatives = fitting.map((parts) => parts.filter((part) => part.facet !== facet));
    return [{ provider: requirement.plugin, alternatives }];
  }
  const { port, range } = requirement;
  const isOffered = (provides: Facet["provides"] | undefined): boolean => satisfies(provides?.[port], range);
  // A generation lists the providers of a port once, for all ranges in which a facet requires it.
  const listed = (consumer.bindings[port] ?? []).filter((id) => isOffered(consumer.madeFor.get(id)));
  // An adapter is in no generation: it stands on the provider that it stands in for.
  const below = bridges.flatMap(({ adapter, provider }) => (adapter === facet ? provider : []));
  return [...listed, ...new Set(below)].map((provider) => {
    const direct = (present.get(provider) ?? [])
      .filter(({ definition }) => isOffered(definition.provides))
      .map((one) => [one]);
    const bridged = bridges
      .filter(
        (bridge) =>
          bridge.facet === facet && bridge.provider === provider && bridge.requirement === `port:${port}`,
      )
      .flatMap(({ adapter }) => present.get(adapter) ?? [])
      .filter(({ definition }) => isOffered(definition.provides))
      .flatMap((adapter) => carriers(adapter, provider, world).map((carrier) => [adapter, carrier]));
    return { provider, alternatives: [...direct, ...bridged] };
  });
}

/** The versions of a provider that an adapter can stand on. */
const carriers = (adapter: Presence, provider: FacetId, { present, satisfies }: World): readonly Presence[] =>
  (present.get(provider) ?? []).filter(({ definition }) =>
    requirementsOf(adapter).every(
      (needed) => "port" in needed && satisfies(definition.provides[needed.port], needed.range),
    ),
  );

function checkRequirement(consumer: Consumer, requirement: FacetRequirement, world: World): string[] {
  // What is optional need not be there, and what is there and refused is found apart.
  if (requirement.optional) return [];
  const { facet, manifest } = consumer.presence;
  const what = "port" in requirement ? requirement.port : requirement.plugin;
  const supplies = suppliesOf(consumer, requirement, world);
  const isHosted =
    "port" in requirement && world.satisfies(consumer.hosted[requirement.port], requirement.range);
  if (supplies.length === 0 && isHosted) return [];
  if (supplies.length === 0) return [`nothing is bound to ${what} ${requirement.range} of ${facet}`];
  return supplies.flatMap(({ provider, alternatives }) => {
    if (alternatives.some((all) => all.every(isAlways))) return [];
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

const isAlways = ({ from, until }: Interval): boolean => from === undefined && until === undefined;

/** Versions that must not be there at once: of one plugin, and of plugins of which one refuses the other. */
const checkRefusals = (byPlugin: World["byPlugin"], satisfies: Satisfies): string[] =>
  [...byPlugin].flatMap(([plugin, presences]) => {
    const versions = [...Map.groupBy(presences, ({ content }) => content).values()];
    const twice = versions.some((own, i) =>
      versions.slice(i + 1).some((other) => !mayOverlap([...own, ...other]) && meet(own, other)),
    );
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

const mayOverlap = (presences: readonly Presence[]): boolean =>
  presences.every(({ manifest }) => manifest.multiVersion && manifest.singleton === "none");

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
  const plugins = byInstance(generation.plugins);
  const waveOf = new Map(start.waves.flatMap((wave, number) => wave.map((id) => [id, number] as const)));
  const facetsOf = Map.groupBy(
    generation.facets.map(({ id }) => id),
    instanceOf,
  );
  const instancesOf = Map.groupBy(facetsOf, ([instance]) => plugins.get(instance)?.name);
  const places = new Map(generation.facets.map(({ id }, place) => [id, place]));
  return generation.facets.flatMap(({ id, after, ports }) => {
    const early = after.filter(
      (needed) =>
        (places.get(needed) ?? Infinity) >= (places.get(id) ?? 0) ||
        (waveOf.get(needed) ?? Infinity) >= (waveOf.get(id) ?? -1),
    );
    const manifest = manifests.get(plugins.get(instanceOf(id))?.content ?? ("" as Digest));
    const requires = manifest?.facets[id.slice(id.indexOf("#") + 1)]?.requires ?? [];
    const unawaited = requires.flatMap((needed) => {
      if (needed.when === "enable") return [];
      // Of several versions of a plugin it waits for the one that it was given.
      const choices =
        "port" in needed
          ? [ports[needed.port] ?? []]
          : (instancesOf.get(needed.plugin) ?? []).map(([, facets]) => facets);
      const late = choices.map((providers) =>
        providers.filter((provider) => provider !== id && !after.includes(provider)),
      );
      return late.some((providers) => providers.length === 0) ? [] : late.flat();
    });
    return [
      ...early.map((needed) => `${id} starts before ${needed}`),
      ...(waveOf.has(id) ? [] : [`${id} is in no wave of the start`]),
      ...unawaited.map((provider) => `${id} does not wait for ${provider}`),
    ];
  });
}
