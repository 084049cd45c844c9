import type { FacetId } from "../../domain/ids.ts";
import { parseFacetId } from "../../domain/ids.ts";
import { systemOf, type Manifest, type System } from "../../domain/manifest.ts";
import type { Generation } from "../../domain/plan.ts";
import type { VerifiedPlugin } from "../../store/verified-plugin.ts";
import type { FacetState } from "../lifecycle/facet-state.ts";

/** From the best to the worst. */
const VERDICTS = ["up", "degraded", "down"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** How a facet is, by itself and with all that it needs. */
export interface FacetHealth {
  /** Its own plugin runs. Says nothing of what it needs: who restarts what is not alive must not restart what waits. */
  readonly isAlive: boolean;
  /** Whether it can do its work. */
  readonly verdict: Verdict;
  /** What is at the bottom of it, where the verdict is not `up`. */
  readonly because?: { readonly facet: FacetId; readonly reason: string };
}

/** How everything is, rolled up along what needs what. */
export interface Health {
  readonly platform: Verdict;
  readonly systems: ReadonlyMap<System, Verdict>;
  readonly facets: ReadonlyMap<FacetId, FacetHealth>;
}

/** Providers of one thing that a facet needs. */
interface Need {
  readonly providers: readonly FacetId[];
  readonly isOptional: boolean;
}

/** A facet as health sees it. */
export interface HealthNode {
  readonly id: FacetId;
  readonly system: System;
  readonly isCritical: boolean;
  /** Starts when it is first used, so that waiting for that is no lack. */
  readonly isLazy: boolean;
  readonly needs: readonly Need[];
}

/** The facets of a generation with what their manifests say about what they need. */
export function healthNodes(
  { facets }: Pick<Generation, "facets">,
  plugins: readonly Pick<VerifiedPlugin, "name" | "bundle">[],
): readonly HealthNode[] {
  const manifests = new Map<string, Manifest>(plugins.map(({ name, bundle }) => [name, bundle.manifest]));
  return facets.flatMap(({ id, after, ports }): HealthNode[] => {
    const parsed = parseFacetId(id);
    const manifest = parsed && manifests.get(parsed.plugin);
    if (!parsed || !manifest) return [];
    const required = manifest.facets[parsed.facet]?.requires ?? [];
    const byPort = Object.entries(ports).map(([port, providers]): Need => {
      const stated = required.filter((each) => "port" in each && each.port === port);
      return { providers, isOptional: stated.length > 0 && stated.every(({ optional }) => optional) };
    });
    const bound = new Set(byPort.flatMap(({ providers }) => providers));
    const others = after.filter((needed) => !bound.has(needed));
    return [
      {
        id,
        system: systemOf(manifest.kind),
        isCritical: manifest.criticality === "critical",
        isLazy: manifest.activation === "lazy",
        needs: [...byPort, ...others.map((needed) => ({ providers: [needed], isOptional: false }))],
      },
    ];
  });
}

/** Facets that serve worse than their state says, with the reason. */
export type Impaired = ReadonlyMap<FacetId, string>;

/**
 * The health of everything. A facet is as bad as the worst of itself and what it needs: all providers of a port down
 * means down, some means degraded, and what is optional never means more than degraded. A system is down with
 * anything critical in it.
 */
export function rollUp(
  nodes: readonly HealthNode[],
  states: ReadonlyMap<FacetId, FacetState>,
  impaired: Impaired = new Map(),
): Health {
  const facets = new Map(
    nodes.map((node) => [node.id, ownHealth(node, states.get(node.id), impaired.get(node.id))]),
  );
  // Facets may use each other's ports in a circle: it goes round until nothing gets worse.
  for (let isSettled = false; !isSettled;) {
    isSettled = true;
    for (const { id, needs } of nodes) {
      const known = facets.get(id) ?? UNKNOWN;
      const health = worst([known, ...needs.map((need) => throughNeed(need, facets))]);
      if (rank(health) > rank(known)) isSettled = false;
      facets.set(id, health);
    }
  }
  const verdictOf = (group: readonly HealthNode[]): Verdict => {
    const verdicts = group.map(({ id, isCritical }) => ({ isCritical, verdict: facets.get(id)?.verdict }));
    if (verdicts.some(({ isCritical, verdict }) => isCritical && verdict === "down")) return "down";
    return verdicts.every(({ verdict }) => verdict === "up") ? "up" : "degraded";
  };
  const systems = Map.groupBy(nodes, ({ system }) => system);
  return {
    platform: verdictOf(nodes),
    systems: new Map([...systems].map(([system, group]) => [system, verdictOf(group)])),
    facets,
  };
}

const UNKNOWN: FacetHealth = { isAlive: false, verdict: "down" };

function throughNeed(
  { providers, isOptional }: Need,
  facets: ReadonlyMap<FacetId, FacetHealth>,
): FacetHealth {
  const all = providers.map((id) => facets.get(id) ?? UNKNOWN);
  const bad = worst([{ isAlive: true, verdict: "up" }, ...all]);
  const isUseless = !isOptional && all.length > 0 && all.every(({ verdict }) => verdict === "down");
  return bad.verdict === "down" && !isUseless ? { ...bad, verdict: "degraded" } : bad;
}

/** The first of the worst, alive as the first is. */
function worst([first = UNKNOWN, ...others]: readonly FacetHealth[]): FacetHealth {
  const bad = others.reduce((worse, each) => (rank(each) > rank(worse) ? each : worse), first);
  return { ...bad, isAlive: first.isAlive };
}

const rank = ({ verdict }: FacetHealth): number => VERDICTS.indexOf(verdict);

function ownHealth(
  { id: facet, isLazy }: HealthNode,
  state: FacetState | undefined,
  impaired: string | undefined,
): FacetHealth {
  const because = (reason: string) => ({ because: { facet, reason } });
  switch (state?.state) {
    case "ready":
      if (impaired === undefined) return { isAlive: true, verdict: "up" };
      return { isAlive: true, verdict: "degraded", ...because(impaired) };
    case "degraded":
      return { isAlive: true, verdict: "degraded", ...because(state.reason) };
    case "draining":
      return { isAlive: true, verdict: "degraded", ...because("it is about to be exchanged or stopped") };
    case "waiting":
      return isLazy
        ? { isAlive: true, verdict: "up" }
        : { isAlive: true, verdict: "down", ...because("it has not started yet") };
    case "starting":
      return { isAlive: true, verdict: "down", ...because("it is starting") };
    case "blocked":
      return { isAlive: true, verdict: "down", because: { facet: state.by, reason: "it is not ready" } };
    case "failed":
    case "restarting":
    case "quarantined":
      return { isAlive: false, verdict: "down", ...because(state.error.message) };
    case "stopping":
    case "stopped":
    case undefined:
      return { isAlive: false, verdict: "down", ...because("it is stopped") };
    default:
      return state satisfies never;
  }
}
