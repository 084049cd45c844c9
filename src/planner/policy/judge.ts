import { TradsysError } from "../../domain/errors.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { Change, PlanPolicy } from "../../domain/plan.ts";
import type { DeploymentPolicy } from "../../domain/policy.ts";
import { err, ok, type Result } from "../../domain/result.ts";
import { pluginOf } from "../cycle.ts";
import type { Refusal } from "../refusal.ts";
import type { WiredSet } from "../wiring.ts";
import { calendarsOf } from "./calendars.ts";
import { windowAt, type LegalWindow, type WindowRules } from "./window.ts";

export interface JudgeInput {
  readonly base: WiredSet;
  readonly next: WiredSet;
  readonly changes: readonly Change[];
  readonly policy: DeploymentPolicy;
  /** When the plan is to be applied. */
  readonly at: Date;
  /** How long that is expected to take, in ms. */
  readonly durationMs: number;
  readonly acceptsOneWay: boolean;
  /** Why the window is to be disregarded. */
  readonly emergency: string | undefined;
}

/**
 * Holds what a plan would do against the deployment's policy.
 *
 * @returns What must hold when it is applied, or the first reason why it must not be.
 * @throws {TradsysError} `CALENDAR_INVALID`
 */
export function judge(input: JudgeInput): Result<PlanPolicy, Refusal> {
  const { next, policy, emergency, at, durationMs } = input;
  const changes = input.changes.filter(({ action }) => action !== "unchanged");
  const oneWay = changes.filter((change) => "state" in change && change.state !== undefined);
  if (oneWay.length > 0 && !input.acceptsOneWay) return err({ kind: "one-way", changes: oneWay });

  const material = changes.filter((change) => isMaterial(change, next)).map(({ plugin }) => plugin);
  const missing = material.flatMap((plugin) => {
    const manifest = next.plugins.get(plugin)?.candidate.manifest;
    const types = (policy.material?.evidence ?? []).filter(
      (type) => !manifest?.evidence?.some((item) => item.type === type && item.result === "passed"),
    );
    return manifest && types.length > 0 ? [{ plugin, version: manifest.version, types }] : [];
  });
  if (missing.length > 0) return err({ kind: "evidence", missing });

  const markets = changes.length > 0 && policy.sessions ? marketsOf(affectedBy(changes, input), input) : [];
  const verdict = windowAt(at.getTime(), { policy, markets, durationMs });
  if (changes.length > 0 && verdict.kind === "frozen" && emergency === undefined) return err(verdict);

  const approvals = material.length > 0 ? (policy.material?.approvals ?? []) : [];
  const approvers = approvals.reduce((sum, { count }) => sum + count, 0);
  return ok({
    window: boundsOf(
      verdict.kind === "open" && emergency === undefined ? verdict.window : UNBOUNDED,
      durationMs,
    ),
    ...(emergency !== undefined && { emergency }),
    material,
    approvals,
    // An emergency is somebody's word against the calendar: it takes one person more, and never fewer than two.
    approvers: emergency === undefined ? approvers : Math.max(2, approvers + 1),
    ...(policy.canary && changes.length > 0 && { canary: policy.canary }),
  });
}

const UNBOUNDED: LegalWindow = { start: null, end: null };

const boundsOf = ({ start, end }: LegalWindow, durationMs: number): PlanPolicy["window"] => ({
  notBefore: iso(start),
  startBy: iso(end === null ? null : end - durationMs),
  doneBy: iso(end),
});

const iso = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString();

/** A change is material unless the version that it leads to says that it is not. */
const isMaterial = ({ plugin, action }: Change, next: WiredSet): boolean =>
  action !== "rebind" && next.plugins.get(plugin)?.candidate.manifest.changeClass !== "non-material";

/** The plugins that change, and all that need them, directly or through others. */
function affectedBy(changes: readonly Change[], { base, next }: JudgeInput): ReadonlySet<PluginName> {
  const users = new Map<PluginName, Set<PluginName>>();
  for (const { id, wires } of [...base.facets.values(), ...next.facets.values()]) {
    for (const provider of wires.flatMap(({ providers }) => providers)) {
      const list = users.get(pluginOf(provider)) ?? new Set();
      users.set(pluginOf(provider), list.add(pluginOf(id)));
    }
  }
  const affected = new Set(changes.map(({ plugin }) => plugin));
  // A set also visits what is added to it on the way.
  for (const plugin of affected) for (const user of users.get(plugin) ?? []) affected.add(user);
  return affected;
}

/** The markets that plugins follow, as the calendars of both sets tell their hours. */
function marketsOf(plugins: ReadonlySet<PluginName>, { base, next }: JudgeInput): WindowRules["markets"] {
  const followers = [...plugins]
    .toSorted()
    .flatMap((name) => [base, next].flatMap((set) => set.plugins.get(name)?.candidate ?? []));
  const found = followers.flatMap((follower) => {
    const { calendar, name, capabilities } = follower.manifest;
    if (calendar === undefined) return [];
    const candidates = [base, next].flatMap((set) => set.plugins.get(calendar)?.candidate ?? []);
    const wanted = typeof capabilities["calendar"] === "string" ? capabilities["calendar"] : undefined;
    const markets = candidates
      .flatMap((candidate) =>
        [...calendarsOf(candidate)].map(([market, its]) => ({ market, calendar: its, candidate })),
      )
      .filter(({ market }) => wanted === undefined || market === wanted);
    if (markets.length > 0) return markets;
    throw new TradsysError(
      "CALENDAR_INVALID",
      `${name} follows ${wanted ?? "a market"} of ${calendar}, which is not deployed or has no such calendar`,
      {
        hint: `Deploy ${calendar} with that calendar, or name another in the manifest.`,
      },
    );
  });
  const unique = new Map<
    string,
    { market: string; calendar: (typeof found)[number]["calendar"]; candidate: Candidate }
  >();
  for (const each of found) unique.set(`${each.market} ${each.candidate.content}`, each);
  return [...unique]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { market, calendar }]) => ({ market, calendar }));
}
