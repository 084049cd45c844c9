import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import { at } from "../engine/ints.ts";
import type { Variable } from "../engine/model.ts";
import type { Goal } from "../engine/optimise.ts";
import type { Trail } from "../engine/trail.ts";
import type { Encoding } from "./encoding.ts";
import { isStable } from "./ranges.ts";
import { isLockIgnored } from "./request.ts";
import type { Copy, Meaning, Offer } from "./variables.ts";

/** What is tried first, and what makes one set better than another. */
export class Preference {
  readonly #encoding: Encoding;
  /** By variable: where each value stands in the order of trial, from value 1. */
  readonly #ranks = new Map<Variable, Int32Array>();
  readonly #direct: ReadonlySet<PluginName>;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
    this.#direct = new Set(encoding.catalog.request.requirements.map(({ name }) => name));
  }

  /** The best of the values that a variable has left. */
  readonly pick = (variable: Variable, trail: Trail): number => {
    const meaning = this.#encoding.meaning(variable);
    if (meaning?.kind === "choice") return this.#pickOffer(variable, meaning, trail);
    if (meaning?.kind !== "plugin") return trail.valueOf(variable);
    const ranks = this.#ranksOf(meaning.copy);
    let best = trail.valueOf(variable);
    for (let value = best + 1; value <= ranks.length; value++) {
      if (trail.has(variable, value) && at(ranks, value - 1) < at(ranks, best - 1)) best = value;
    }
    return best;
  };

  /** Plugins that are asked for by name are settled before it is asked who provides a port. */
  readonly isLate = (variable: Variable): boolean => this.#encoding.meaning(variable)?.kind !== "plugin";

  /**
   * What is minimised, the most important first: how old the plugins to upgrade are, then locked plugins that go,
   * locked plugins that change, adapters, copies.
   */
  goals(): readonly Goal[] {
    const { catalog } = this.#encoding;
    const { request } = catalog;
    const upgrades = [...(request.upgrade ?? [])].toSorted().flatMap((name) => this.#encoding.copiesOf(name));
    const locked = this.#isLockIgnored
      ? []
      : [...request.prefer.keys()]
          .toSorted()
          .filter((name) => !request.upgrade?.has(name))
          .flatMap((name) => this.#encoding.copiesOf(name))
          .filter(({ candidates }) => candidates.some((candidate) => catalog.isLocked(candidate)));
    return [
      ...upgrades.map((copy) => this.#ageOf(copy)),
      locked.map((copy) => ({ variable: copy.variable, set: this.#setOf(copy, [0]) })),
      locked.map((copy) => ({ variable: copy.variable, set: this.#setOf(copy, this.#changed(copy)) })),
      this.#encoding.adapters(),
      this.#encoding.extraCopies(),
    ].filter((goal) => goal.length > 0);
  }

  /** Lock, declared preference, already there for another reason, then the order of the offers. */
  #pickOffer(variable: Variable, { offers }: Meaning & { kind: "choice" }, trail: Trail): number {
    const possible = offers
      .map((offer, i) => ({ offer, value: i + 1 }))
      .filter(({ value }) => trail.has(variable, value));
    const best =
      possible.find(({ offer }) => this.#isLocked(offer, trail)) ??
      possible.find(({ offer }) => this.#isDeclared(offer, variable)) ??
      possible.find(({ offer }) => isMet(offer, trail)) ??
      possible[0];
    return best?.value ?? trail.valueOf(variable);
  }

  #isLocked({ copy, set }: Offer, trail: Trail): boolean {
    if (this.#isLockIgnored) return false;
    const { catalog, model } = this.#encoding;
    return copy.candidates.some(
      (candidate, i) =>
        catalog.isLocked(candidate) && model.sets.has(set, i + 1) && trail.has(copy.variable, i + 1),
    );
  }

  #isDeclared({ copy }: Offer, choice: Variable): boolean {
    const meaning = this.#encoding.meaning(choice);
    const port = meaning?.kind === "choice" ? meaning.target.slice("port:".length) : "";
    return this.#encoding.catalog.request.policy?.providers?.[port]?.includes(copy.listing.name) ?? false;
  }

  get #isLockIgnored(): boolean {
    return isLockIgnored(this.#encoding.catalog.request);
  }

  /** How old a plugin is: a term for each newer version that it is not. */
  #ageOf(copy: Copy): Goal {
    const ranks = this.#ranksOf(copy);
    const values = [...ranks.keys()].map((i) => i + 1);
    return values.map((value) => ({
      variable: copy.variable,
      set: this.#setOf(copy, [0, ...values.filter((other) => at(ranks, other - 1) > at(ranks, value - 1))]),
    }));
  }

  #changed({ candidates }: Copy): readonly number[] {
    const { catalog } = this.#encoding;
    return candidates.flatMap((candidate, i) => (catalog.isLocked(candidate) ? [] : [i + 1]));
  }

  #setOf({ variable }: Copy, values: readonly number[]): number {
    return this.#encoding.model.setOf(variable, values);
  }

  #ranksOf(copy: Copy): Int32Array {
    let ranks = this.#ranks.get(copy.variable);
    if (!ranks) this.#ranks.set(copy.variable, (ranks = this.#rank(copy)));
    return ranks;
  }

  /** What is locked, what runs on all platforms, what is stable, and then the newest: each counts more than what follows. */
  #rank({ listing, candidates, offset }: Copy): Int32Array {
    const { catalog } = this.#encoding;
    const { policy, upgrade, alsoFor = [] } = catalog.request;
    const { name, preReleases, versions } = listing;
    const isLowest =
      policy?.strategy === "lowest" || (policy?.strategy === "lowest-direct" && this.#direct.has(name));
    const keepsLock = !this.#isLockIgnored && !upgrade?.has(name);
    const isLocked = candidates.map((candidate) => keepsLock && catalog.isLocked(candidate));
    const from = policy?.strategy === "minimal-change" ? isLocked.indexOf(true) : -1;
    const byStability = preReleases === "if-necessary" || preReleases === "disallow";
    const count = candidates.length;
    return Int32Array.from(candidates, (candidate, i) => {
      const version = versions[offset + i];
      const isUnstable = byStability && version !== undefined && !isStable(version);
      const traits = 4 * Number(!isLocked[i]) + 2 * Number(!runsOn(candidate, alsoFor)) + Number(isUnstable);
      const distance = from >= 0 ? (i >= from ? i - from : count + from - i) : isLowest ? i : count - i;
      return traits * (2 * count + 1) + distance;
    });
  }
}

const runsOn = (candidate: Candidate, platforms: readonly string[]): boolean =>
  candidate.manifest.platforms.includes("any") ||
  platforms.every((platform) => candidate.manifest.platforms.includes(platform));

/** Whether a plugin is there already, in a version that would do. */
function isMet({ copy: { variable }, set }: Offer, trail: Trail): boolean {
  const { model, words } = trail;
  if (!trail.isPresent(variable)) return false;
  const start = at(model.start.data, variable);
  for (let w = 0; w < at(model.width.data, variable); w++) {
    if ((at(words, start + w) & ~at(model.sets.words, set + w)) !== 0) return false;
  }
  return true;
}
