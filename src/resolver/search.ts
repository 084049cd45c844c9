import type { PluginName } from "../domain/ids.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Rule } from "./rules.ts";

/** Candidates that may still be tried. Shared by searches that together must end in bounded time. */
export interface Budget {
  left: number;
}

export type SearchOutcome =
  /** A set that meets every rule. Each member was chosen because the deployment or another member needs it. */
  | { readonly kind: "found"; readonly chosen: ReadonlyMap<PluginName, Candidate> }
  /** There is no such set; the rules in `because` alone are enough to prove it. */
  | { readonly kind: "none"; readonly because: ReadonlySet<Rule> }
  | { readonly kind: "gave-up" };

type Owner = Rule["owner"];

/** A dead end: no set holds all of `together`, by the rules in `because`. */
interface Nogood {
  readonly kind: "none";
  readonly together: ReadonlySet<Owner>;
  readonly because: ReadonlySet<Rule>;
}

/** Who keeps a candidate out. There is no rule where it is another version of the same plugin. */
interface Blocker {
  readonly by: Owner;
  readonly rule?: Rule;
}

/** One node of the search tree. Never changed: going back is returning. */
interface State {
  readonly chosen: ReadonlyMap<PluginName, Candidate>;
  readonly barred: ReadonlyMap<Candidate, Blocker>;
  /** Rules of the chosen that need something, in order of discovery. */
  readonly needing: readonly Rule[];
}

/**
 * Chooses at most one version of each plugin such that every rule holds.
 *
 * Complete: depth first with conflict-directed backjumping (Prosser 1993). A dead end is remembered as the
 * choices and rules it follows from; choices that it does not name are not tried again in other versions.
 * Deterministic: equal rules in equal order give an equal answer.
 */
export function search(rules: readonly Rule[], budget: Budget): SearchOutcome {
  const rulesOf = Map.groupBy(rules, ({ owner }) => owner);
  const barsOf = Map.groupBy(
    rules.flatMap((rule) => rule.bars.map((candidate) => ({ candidate, rule }))),
    ({ candidate }) => candidate,
  );

  function choose(state: State, owner: Owner): State {
    const own = rulesOf.get(owner) ?? [];
    const barred = own.flatMap((rule) =>
      rule.bars.map((bar): [Candidate, Blocker] => [bar, { by: owner, rule }]),
    );
    const needing = [...state.needing, ...own.filter(({ needs }) => needs)];
    if (owner === "deployment") return { chosen: state.chosen, barred: new Map(barred), needing };

    const barring = (barsOf.get(owner) ?? []).flatMap(({ rule }): [Candidate, Blocker][] =>
      rule.owner === "deployment" ? [] : [[rule.owner, { by: owner, rule }]],
    );
    return {
      chosen: new Map([...state.chosen, [owner.manifest.name, owner]]),
      // The earliest reason is kept: the further back it lies, the further a dead end jumps.
      barred: new Map([...barred, ...barring, ...state.barred]),
      needing,
    };
  }

  function extend(state: State): Exclude<SearchOutcome, { kind: "none" }> | Nogood {
    const rule = nextUnmet(state);
    if (!rule) return { kind: "found", chosen: state.chosen };

    const together = new Set<Owner>([rule.owner]);
    const because = new Set([rule]);
    for (const candidate of rule.needs ?? []) {
      const blocker = blockerOf(state, candidate);
      if (blocker) {
        together.add(blocker.by);
        if (blocker.rule) because.add(blocker.rule);
        continue;
      }
      if (budget.left === 0) return { kind: "gave-up" };
      budget.left -= 1;
      const outcome = extend(choose(state, candidate));
      if (outcome.kind !== "none" || !outcome.together.has(candidate)) return outcome;

      for (const owner of outcome.together) if (owner !== candidate) together.add(owner);
      for (const used of outcome.because) because.add(used);
    }
    return { kind: "none", together, because };
  }

  return extend(choose({ chosen: new Map(), barred: new Map(), needing: [] }, "deployment"));
}

function blockerOf({ chosen, barred }: State, candidate: Candidate): Blocker | undefined {
  const rival = chosen.get(candidate.manifest.name);
  return rival && rival !== candidate ? { by: rival } : barred.get(candidate);
}

/**
 * What to decide next. Dead ends come first and forced choices second, since neither depends on taste. Then
 * what a single plugin can meet, so that a port finds its provider already chosen where it can; then discovery.
 */
function nextUnmet(state: State): Rule | undefined {
  let next: { rule: Rule; rank: number } | undefined;
  for (const rule of state.needing) {
    const needs = rule.needs ?? [];
    if (needs.some((candidate) => state.chosen.get(candidate.manifest.name) === candidate)) continue;

    const viable = needs.filter((candidate) => !blockerOf(state, candidate));
    const plugins = new Set(viable.map(({ manifest }) => manifest.name)).size;
    const rank = viable.length < 2 ? viable.length : 1 + Math.min(plugins, 2);
    if (!next || rank < next.rank) next = { rule, rank };
    if (rank === 0) break;
  }
  return next?.rule;
}
