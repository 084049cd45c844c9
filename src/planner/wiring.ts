import Range from "semver/classes/range.js";

import { byText } from "../domain/by-text.ts";
import { TradsysError } from "../domain/errors.ts";
import { byInstance, facetId, type FacetId, type InstanceName, instanceOf } from "../domain/ids.ts";
import type { Candidate, Lock } from "../domain/lock.ts";
import { targetOf, type Facet, type FacetRequirement } from "../domain/manifest.ts";
import type { Generation, Given } from "../domain/plan.ts";

/** A requirement and who meets it. */
export interface Wire {
  readonly kind: "wire";
  readonly requirement: FacetRequirement;
  readonly providers: readonly FacetId[];
  /** The facet that states it: not always the facet that waits, since all facets of a plugin load together. */
  readonly statedBy: FacetId;
  /** JSON pointer of the requirement in the manifest of the plugin. */
  readonly pointer: string;
}

export interface WiredPlugin {
  readonly candidate: Candidate;
  readonly given: Given;
  readonly facets: readonly WiredFacet[];
}

/** A facet, and all that it waits for. */
export interface WiredFacet {
  readonly id: FacetId;
  readonly candidate: Candidate;
  readonly facet: Facet;
  readonly wires: readonly Wire[];
}

/** Plugins, in name and version order, that are bound to one another. */
export interface WiredSet {
  readonly plugins: ReadonlyMap<InstanceName, WiredPlugin>;
  readonly facets: ReadonlyMap<FacetId, WiredFacet>;
}

export const NOTHING: WiredSet = { plugins: new Map(), facets: new Map() };

interface Member {
  readonly instance: InstanceName;
  readonly candidate: Candidate;
  readonly given: Given;
}

/** The set that a lock describes. @throws {TradsysError} `LOCK_STALE` where the lock and the candidates disagree. */
export function wireLock(
  lock: Lock,
  candidates: readonly Candidate[],
  givens: ReadonlyMap<InstanceName, Given>,
): WiredSet {
  const byContent = new Map(candidates.map((candidate) => [candidate.content, candidate]));
  const members = [...byInstance(lock.plugins)].map(([instance, { name, version, content }]): Member => {
    const [candidate, given] = [byContent.get(content), givens.get(instance)];
    if (candidate?.manifest.name !== name || candidate.manifest.version !== version) {
      throw stale(`${name} ${version} is not the bundle that was locked`);
    }
    if (!given) throw new TypeError(`nothing was given for ${instance}`);
    return { instance, candidate, given };
  });
  const ids = new Set(members.flatMap((member) => facetsById(member).map(([id]) => id)));
  const bindingsOf = Map.groupBy(lock.bindings, ({ facet }) => facet);
  return wire(members, (facet, requirement) => {
    const target = targetOf(requirement);
    const binding = bindingsOf
      .get(facet)
      ?.find((each) => each.requirement === target && each.range === requirement.range);
    if (binding?.providers.every((provider) => ids.has(provider))) return binding.providers;
    throw stale(`the lock does not say who meets ${target} ${requirement.range} of ${facet}`);
  });
}

const givenOf = ({ config, isolation, idleUnloadMs }: Given): Given => ({
  config,
  ...(isolation && { isolation }),
  ...(idleUnloadMs !== undefined && { idleUnloadMs }),
});

/**
 * The set that a generation describes, with the manifests of its plugins.
 *
 * @throws {TradsysError} `BLOB_MISSING` where one of them was not given.
 */
export function wireGeneration(
  generation: Generation,
  candidates: readonly Candidate[],
  inRange: InRange,
): WiredSet {
  const byContent = new Map(candidates.map((candidate) => [candidate.content, candidate]));
  const members = [...byInstance(generation.plugins)].map(([instance, plugin]): Member => {
    const { name, version, content } = plugin;
    const candidate = byContent.get(content);
    if (candidate) return { instance, candidate, given: givenOf(plugin) };
    throw new TradsysError("BLOB_MISSING", `the store does not hold ${name} ${version}, which is active`, {
      hint: "Publish that bundle again: without its manifest nobody knows what it is compatible with.",
    });
  });
  const versionsOf = Map.groupBy(members, ({ candidate }) => candidate.manifest.name);
  const bound = new Map(generation.facets.map((facet) => [facet.id, facet]));
  const facets = new Map(members.flatMap(facetsById));
  return wire(members, (facet, requirement) => {
    const { after = [], ports = {} } = bound.get(facet) ?? {};
    const { range } = requirement;
    if ("plugin" in requirement) {
      const fitting = (versionsOf.get(requirement.plugin) ?? []).filter(
        ({ candidate }, _, all) => all.length === 1 || inRange(range, candidate.manifest.version),
      );
      // Of several that fit, a facet waits for the one that it was given.
      const provider =
        fitting.find(({ instance }) => after.some((id) => instanceOf(id) === instance)) ?? fitting.at(-1);
      return provider ? facetsById(provider).flatMap(([id]) => (id === facet ? [] : id)) : [];
    }
    // A generation lists the providers of a port once, whichever range of the facet they are for.
    const { port } = requirement;
    return (ports[port] ?? []).filter((id) => inRange(range, facets.get(id)?.provides[port]));
  });
}

function wire(
  members: readonly Member[],
  providersOf: (facet: FacetId, requirement: FacetRequirement) => readonly FacetId[],
): WiredSet {
  const plugins = new Map<InstanceName, WiredPlugin>();
  const facets = new Map<FacetId, WiredFacet>();
  for (const { instance, ...member } of members.toSorted((a, b) => byText(a.instance, b.instance))) {
    const wired = facetsById({ instance, ...member }).map(([id, facet]) => ({
      id,
      candidate: member.candidate,
      facet,
      wires: facet.requires.map((requirement, i): Wire => {
        const providers = providersOf(id, requirement);
        return {
          kind: "wire",
          requirement,
          providers: providers.length > 1 ? providers.toSorted() : providers,
          statedBy: id,
          pointer: `/facets/${id.slice(id.indexOf("#") + 1)}/requires/${i}`,
        };
      }),
    }));
    // What one facet needs to load all facets of the plugin wait for: they share its code.
    const toLoad = wired.length > 1 ? wired.flatMap(({ wires }) => wires.filter(isLoad)) : [];
    const complete = wired.map((facet): WiredFacet => {
      const inherited = toLoad.filter(({ statedBy }) => statedBy !== facet.id);
      return inherited.length > 0 ? { ...facet, wires: [...facet.wires, ...inherited] } : facet;
    });
    plugins.set(instance, { ...member, facets: complete });
    for (const facet of complete) facets.set(facet.id, facet);
  }
  return { plugins, facets };
}

const isLoad = ({ requirement }: Wire): boolean => requirement.when === "load";

const facetsById = ({
  instance,
  candidate,
}: Pick<Member, "instance" | "candidate">): (readonly [FacetId, Facet])[] =>
  Object.entries(candidate.manifest.facets).map(([name, facet]) => [facetId(instance, name), facet] as const);

/** Whether a version, if there is one, is in a range. */
export type InRange = (range: string, version: string | undefined) => boolean;

/** Remembers its answers: a deployment asks the same few questions thousands of times. */
export function rangeTester(): InRange {
  const ranges = new Map<string, { readonly range: Range; readonly answers: Map<string, boolean> }>();
  return (text, version) => {
    if (version === undefined) return false;
    let known = ranges.get(text);
    if (!known) {
      // Not `satisfies`: given a broken range, it says no instead of failing.
      known = { range: new Range(text), answers: new Map() };
      ranges.set(text, known);
    }
    let answer = known.answers.get(version);
    if (answer === undefined) {
      answer = known.range.test(version);
      known.answers.set(version, answer);
    }
    return answer;
  };
}

/** The version that a requirement is about, as a provider has it in a set; `undefined` where it is not there. */
export function offeredVersion(
  requirement: FacetRequirement,
  provider: FacetId,
  { plugins, facets }: WiredSet,
): string | undefined {
  return "port" in requirement
    ? facets.get(provider)?.facet.provides[requirement.port]
    : plugins.get(instanceOf(provider))?.candidate.manifest.version;
}

const stale = (message: string): TradsysError =>
  new TradsysError("LOCK_STALE", message, { hint: "Run `tradsys resolve` again." });
