import { closest } from "../domain/closest.ts";
import type { PluginName } from "../domain/ids.ts";
import type { Target } from "../domain/manifest.ts";
import { byText, splitTarget, type CandidateIndex, type Misfit, type Offer } from "./candidates.ts";
import type { Rule, Statement } from "./rules.ts";
import { search, type Budget } from "./search.ts";
import type { Suggestion } from "./suggest.ts";

/** A version that is in range but does not run on the host. */
export interface Rejection {
  readonly version: string;
  readonly misfit: Misfit;
}

/** What the store has for a statement: the four ways to have nothing, or not enough. */
export type Found =
  /** Nothing in the store has that name. */
  | { readonly kind: "unknown"; readonly closest?: string }
  /** There are versions, none in range. Highest first. */
  | { readonly kind: "no-version"; readonly versions: readonly string[] }
  /** There are versions in range, none for this host. */
  | { readonly kind: "wrong-host"; readonly rejected: readonly Rejection[] }
  /** There are versions that would do, and the other facts rule them out. */
  | {
      readonly kind: "contradicted";
      readonly versions: readonly string[];
      readonly rejected: readonly Rejection[];
    };

/** One line of the proof. Versions of one plugin that say the same are merged. */
export interface Fact {
  readonly by: "deployment" | { readonly plugin: PluginName; readonly versions: readonly string[] };
  readonly verb: Statement["verb"];
  readonly target: Target;
  readonly range: string;
  readonly found: Found;
}

/** Why no set of versions will do. */
export interface Conflict {
  /** What a single fact founders on, or `contradicted` where it takes several. */
  readonly kind: Found["kind"];
  /** They contradict each other, and no longer do if any one is taken away. */
  readonly facts: readonly Fact[];
  /** Changes to the deployment that were resolved and hold, fewest changes first. */
  readonly suggestions: readonly Suggestion[];
}

/**
 * Leaves out every rule that the contradiction does not need (deletion-based minimal unsatisfiable subset).
 * Where the budget runs out the rest is kept: the proof then is longer than it must be, but still a proof.
 */
export function minimise(because: ReadonlySet<Rule>, budget: Budget): ReadonlySet<Rule> {
  let core = because;
  for (const rule of because) {
    if (!core.has(rule)) continue;
    const outcome = search([...core.difference(new Set([rule]))], budget);
    if (outcome.kind === "none") core = outcome.because;
  }
  return core;
}

/** A conflict as a person reads it: from the deployment's facts to those they lead to. */
export function conflictOf(
  index: CandidateIndex,
  core: ReadonlySet<Rule>,
  suggestions: readonly Suggestion[],
): Conflict {
  const facts = factsOf(index, core);
  const [first, second] = facts;
  return { kind: first && !second ? first.found.kind : "contradicted", facts, suggestions };
}

function factsOf(index: CandidateIndex, core: ReadonlySet<Rule>): readonly Fact[] {
  const order = readingOrder(core);
  const rank = ({ owner }: Rule) => order.indexOf(nameOf(owner));
  const inOrder = [...core].toSorted((a, b) => rank(a) - rank(b) || byText(sayingOf(a), sayingOf(b)));

  return [...Map.groupBy(inOrder, sayingOf).values()].flatMap((same) => {
    const [rule] = same;
    if (!rule) return [];
    const { owner, verb, target, range } = rule;
    const owners = new Set(same.map((other) => other.owner));
    const versions = index.usable
      .filter((candidate) => owners.has(candidate))
      .map(({ manifest }) => manifest.version);
    const by = owner === "deployment" ? owner : { plugin: owner.manifest.name, versions };
    return [{ by, verb, target, range, found: find(index, rule) }];
  });
}

/** Who speaks when: the deployment, then the plugins in the order in which the facts lead to them. */
function readingOrder(core: ReadonlySet<Rule>): readonly string[] {
  const order = new Set([nameOf("deployment")]);
  // A set also visits what is added to it on the way.
  for (const name of order) {
    for (const { owner, needs = [] } of core) {
      if (nameOf(owner) === name) for (const candidate of needs) order.add(nameOf(candidate));
    }
  }
  return [...order];
}

const nameOf = (owner: Rule["owner"]): string => (owner === "deployment" ? owner : owner.manifest.name);

const sayingOf = ({ owner, verb, target, range }: Rule): string =>
  [nameOf(owner), target, verb, range].join(" ");

function find(index: CandidateIndex, { target, range, needs, verb }: Rule): Found {
  const all = index.offers.get(target) ?? [];
  if (all.length === 0) return unknown(index, target);

  const inRange = index.inRange(target, range);
  const rejected = inRange.flatMap((offer) => {
    const misfit = index.misfits.get(offer.candidate);
    return misfit ? [{ version: labelOf(offer), misfit }] : [];
  });
  const fitting = inRange.filter(({ candidate }) => needs?.includes(candidate));
  if (verb !== "needs" || fitting.length > 0) {
    return { kind: "contradicted", versions: fitting.map((offer) => labelOf(offer)), rejected };
  }
  if (rejected.length > 0) return { kind: "wrong-host", rejected };
  return { kind: "no-version", versions: all.map((offer) => labelOf(offer)) };
}

function unknown(index: CandidateIndex, target: Target): Found {
  const [kind, name] = splitTarget(target);
  const others = [...index.offers.keys()].map(splitTarget).filter(([other]) => other === kind);
  const meant = closest(
    name,
    others.map(([, other]) => other),
  );
  return meant === undefined ? { kind: "unknown" } : { kind: "unknown", closest: meant };
}

/** A version of a plugin stands for itself; one of a port is told with the plugin that provides it. */
const labelOf = ({ target, candidate, version }: Offer): string =>
  target.startsWith("plugin:")
    ? candidate.manifest.version
    : `${version.raw} by ${candidate.manifest.name} ${candidate.manifest.version}`;
