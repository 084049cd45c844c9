import { byText } from "../../domain/by-text.ts";
import { isSameJson } from "../../domain/canonical.ts";
import { TradsysError } from "../../domain/errors.ts";
import { type Digest, type PluginName, pluginOf } from "../../domain/ids.ts";
import type { Evidence, Manifest } from "../../domain/manifest.ts";
import type { AcceptedEvidence, Generation, PlanPolicy, Wave } from "../../domain/plan.ts";
import type { DeploymentPolicy } from "../../domain/policy.ts";
import { err, ok, type Result } from "../../domain/result.ts";
import type { MissingEvidence, Refusal } from "../refusal.ts";
import { calendarsOf } from "./calendars.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { oversizedGroup } from "./group-limit.ts";
import { strictestApprovals, strictestCanary } from "./strictest.ts";
import { windowAt, type LegalWindow, type WindowRules } from "./window.ts";

/** A change that is to be judged: all of it read from the two generations, so that nobody can tell it otherwise. */
export interface Proposal {
  readonly base: Generation | null;
  readonly next: Generation;
  /** By content, of the plugins of both. */
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  /** Policies that are in force, beside those of both generations. Each has to be satisfied. */
  readonly inForce: readonly DeploymentPolicy[];
  /** How it is to be applied. */
  readonly waves: readonly Wave[];
  /** When it is to be applied. */
  readonly at: Date;
  /** Why the window is to be disregarded. */
  readonly emergency?: string | undefined;
  readonly accepted?: readonly AcceptedEvidence[] | undefined;
}

/**
 * Holds a change against every policy that has a say: that of what is active, so that a plan can lower nothing that
 * it is itself judged by, and that of what is to come.
 *
 * @returns What must hold when it is applied, or the first reason why it must not be.
 * @throws {TradsysError} `CALENDAR_INVALID`
 */
export function judge(proposal: Proposal): Result<PlanPolicy, Refusal> {
  const { base, next, manifests, emergency, accepted = [], waves, at } = proposal;
  const policies = policiesOn(proposal);
  const tooLarge = oversizedGroup(waves, policies);
  if (tooLarge) return err(tooLarge);

  const differences = differencesOf(base, next);
  const rules = base ? RULES.filter((rule) => !isSameJson(base[rule], next[rule])) : [];
  const isChange = differences.length > 0 || rules.length > 0;

  const material = differences.filter((each) => isMaterial(each, manifests));
  const missing = material.flatMap((each) => missingEvidence(each, { policies, manifests, accepted }));
  if (missing.length > 0) return err({ kind: "evidence", missing });

  const hasSessions = policies.some(({ sessions }) => sessions !== undefined);
  const markets = isChange && hasSessions ? marketsOf(affectedBy(differences, proposal), proposal) : [];
  const durationMs = waves.reduce((sum, { estimateMs }) => sum + estimateMs, 0);
  const verdict = windowAt(at.getTime(), { policies, markets, durationMs });
  if (isChange && verdict.kind === "frozen" && emergency === undefined) return err(verdict);

  const isMaterialAtAll = material.length > 0 || rules.length > 0;
  const approvals = isMaterialAtAll ? strictestApprovals(policies) : [];
  const canary = isChange ? strictestCanary(policies) : undefined;
  const window = verdict.kind === "open" && emergency === undefined ? verdict.window : UNBOUNDED;
  return ok({
    window: boundsOf(window, durationMs),
    ...(emergency !== undefined && { emergency }),
    material: material.map(({ plugin }) => plugin),
    ...(rules.length > 0 && { rules }),
    ...(accepted.length > 0 && { accepted }),
    approvals,
    approvers: approversFor(
      approvals.reduce((sum, { count }) => sum + count, 0),
      { emergency, accepted },
    ),
    ...(canary && { canary }),
  });
}

/** Every policy that a change has to satisfy. */
const policiesOn = ({ base, next, inForce }: Pick<Proposal, "base" | "next" | "inForce">) =>
  [...inForce, base?.policy, next.policy].filter((policy) => policy !== undefined);

/** What decides, beside plugins, what may run and who may change it. */
const RULES = ["trust", "policy", "memory"] as const;

/**
 * How many people must agree, where roles ask for so many. Each is somebody's word against a rule: an emergency takes
 * one person more and never fewer than two, and no author does without evidence alone.
 */
function approversFor(
  byRoles: number,
  { emergency, accepted }: { readonly emergency: string | undefined; readonly accepted: readonly unknown[] },
): number {
  if (emergency !== undefined) return Math.max(2, byRoles + 1);
  return accepted.length > 0 ? Math.max(1, byRoles) : byRoles;
}

const UNBOUNDED: LegalWindow = { start: null, end: null };

const boundsOf = ({ start, end }: LegalWindow, durationMs: number): PlanPolicy["window"] => ({
  notBefore: iso(start),
  startBy: iso(end === null ? null : end - durationMs),
  doneBy: iso(end),
});

const iso = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString();

/** A change is material unless the version that it leads to says that it is not, and nothing but its code changes. */
const isMaterial = ({ versions, isOnlyCode }: Difference, manifests: Proposal["manifests"]): boolean =>
  !isOnlyCode ||
  versions.length === 0 ||
  versions.some(({ content }) => manifests.get(content)?.changeClass !== "non-material");

function missingEvidence(
  { plugin, versions }: Difference,
  {
    policies,
    manifests,
    accepted,
  }: Pick<Proposal, "manifests"> & {
    readonly policies: readonly DeploymentPolicy[];
    readonly accepted: readonly AcceptedEvidence[];
  },
): MissingEvidence[] {
  const asked = new Set(policies.flatMap(({ material }) => material?.evidence ?? []));
  const isAccepted = (type: Evidence["type"]): boolean =>
    accepted.some((each) => each.plugin === plugin && each.type === type);
  return versions.flatMap(({ version, content }) => {
    const evidence = manifests.get(content)?.evidence ?? [];
    const lacking = [...asked].flatMap((type) => {
      const why = isAccepted(type) ? undefined : whyNot(type, evidence, policies);
      return why === undefined ? [] : [{ type, why }];
    });
    return lacking.length > 0 ? [{ plugin, version, lacking }] : [];
  });
}

/** Why the evidence of a type does not suffice; `undefined` if it does. */
function whyNot(
  type: Evidence["type"],
  evidence: readonly Evidence[],
  policies: readonly DeploymentPolicy[],
): string | undefined {
  const reasons = evidence
    .filter((item) => item.type === type)
    .map((item) =>
      item.result === "passed" ? shortfallOf(item, policies) : ["it failed", counted(item)].join(""),
    );
  if (reasons.includes(undefined)) return undefined;
  return reasons.find((reason) => reason !== undefined) ?? "there is none";
}

/** What a shadow run that passed by its own measure lacks by the policies'. */
function shortfallOf(item: Evidence, policies: readonly DeploymentPolicy[]): string | undefined {
  const { type, samples = 0, disagreements = Infinity } = item;
  const asked = type === "shadow" ? policies.flatMap(({ material }) => material?.shadow ?? []) : [];
  const failed = asked.find((each) => samples < each.samples || disagreements > each.disagreements);
  return (
    failed &&
    `${failed.disagreements} of at least ${failed.samples} decisions may differ${counted(item) || ", and it does not say"}`
  );
}

const counted = ({ samples, disagreements }: Evidence): string =>
  samples === undefined || disagreements === undefined ? "" : `, and ${disagreements} of ${samples} did`;

/** The plugins that change, and all that need them, directly or through others. */
function affectedBy(
  differences: readonly Difference[],
  { base, next }: Pick<Proposal, "base" | "next">,
): ReadonlySet<PluginName> {
  const users = new Map<PluginName, Set<PluginName>>();
  for (const { id, after, ports } of [...(base?.facets ?? []), ...next.facets]) {
    for (const provider of [...after, ...Object.values(ports).flat()]) {
      const list = users.get(pluginOf(provider)) ?? new Set();
      users.set(pluginOf(provider), list.add(pluginOf(id)));
    }
  }
  const affected = new Set(differences.map(({ plugin }) => plugin));
  // A set also visits what is added to it on the way.
  for (const plugin of affected) for (const user of users.get(plugin) ?? []) affected.add(user);
  return affected;
}

/** The markets that plugins follow, as the calendars of both sets tell their hours. */
function marketsOf(
  plugins: ReadonlySet<PluginName>,
  { base, next, manifests }: Pick<Proposal, "base" | "next" | "manifests">,
): WindowRules["markets"] {
  const byName = Map.groupBy([...(base?.plugins ?? []), ...next.plugins], ({ name }) => name);
  const manifestsOf = (name: PluginName): Map<Digest, Manifest> =>
    new Map(
      (byName.get(name) ?? []).flatMap(({ content }) => {
        const manifest = manifests.get(content);
        return manifest ? [[content, manifest] as const] : [];
      }),
    );
  const found = new Map<string, WindowRules["markets"][number]>();
  for (const plugin of [...plugins].toSorted()) {
    for (const { calendar, name, capabilities } of manifestsOf(plugin).values()) {
      if (calendar === undefined) continue;
      const wanted = typeof capabilities["calendar"] === "string" ? capabilities["calendar"] : undefined;
      const markets = [...manifestsOf(calendar)].flatMap(([content, manifest]) =>
        [...calendarsOf(manifest)].flatMap(([market, its]) =>
          wanted === undefined || market === wanted ? [{ content, market, calendar: its }] : [],
        ),
      );
      if (markets.length === 0) throw noCalendar(name, wanted, calendar);
      for (const { content, ...market } of markets) found.set(`${market.market} ${content}`, market);
    }
  }
  return [...found].toSorted(([a], [b]) => byText(a, b)).map(([, market]) => market);
}

const noCalendar = (name: PluginName, market: string | undefined, calendar: PluginName): TradsysError =>
  new TradsysError(
    "CALENDAR_INVALID",
    `${name} follows ${market ?? "a market"} of ${calendar}, which is not deployed or has no such calendar`,
    { hint: `Deploy ${calendar} with that calendar, or name another in the manifest.` },
  );
