import { byText } from "../../domain/by-text.ts";
import { closest } from "../../domain/closest.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { Target } from "../../domain/manifest.ts";
import { minimal } from "../engine/core.ts";
import { at } from "../engine/ints.ts";
import type { Term } from "../engine/model.ts";
import { splitTarget, versionsProvided, type Catalog } from "../rules/catalog.ts";
import type { Obstacle } from "../rules/obstacles.ts";
import type { Statement } from "../rules/statements.ts";
import type { Copy } from "../rules/variables.ts";
import type { Session } from "../session.ts";
import { suggest, type Asked, type Suggestion } from "./suggest.ts";

/** A version that is in range and cannot be chosen. */
export interface Rejection {
  readonly version: string;
  readonly obstacle: Obstacle;
}

/** What the store has for a statement: the ways to have nothing, or not enough. */
export type Found =
  /** Nothing in the store has that name. */
  | { readonly kind: "unknown"; readonly closest?: string }
  /** There are versions, none in range. Highest first. */
  | { readonly kind: "no-version"; readonly versions: readonly string[] }
  /** There are versions in range: all were yanked or revoked, none runs on the host, or none may be chosen for other reasons. */
  | { readonly kind: "withdrawn" | "wrong-host" | "unavailable"; readonly rejected: readonly Rejection[] }
  /** There are versions that would do, and the other facts rule them out. */
  | {
      readonly kind: "contradicted";
      readonly versions: readonly string[];
      readonly rejected: readonly Rejection[];
    };

/** Who speaks where it is no plugin: the deployment, or whoever asks what if. */
type Speaker = "deployment" | "question";

/** One line of the proof. Versions of one plugin that say the same are merged. */
export interface Fact extends Statement {
  readonly by: { readonly plugin: PluginName; readonly versions: readonly string[] } | Speaker;
  readonly found: Found;
}

/** Why no set of versions will do. */
export interface Conflict {
  /** What a single fact founders on, or `contradicted` where it takes several. */
  readonly kind: Found["kind"];
  /** They contradict each other, and no longer do if any one is taken away. */
  readonly facts: readonly Fact[];
  /** Facts that would still stand in the way, were the first ones mended. */
  readonly also: readonly Fact[];
  /** Changes to the deployment that were resolved and hold, fewest changes first. */
  readonly suggestions: readonly Suggestion[];
}

/** Says why the last question of a session has no answer, and what would change that. */
export function conflictOf(asked: Asked): Conflict {
  const { session, requirements, budget } = asked;
  const facts = factsOf(asked);
  const culprits = requirements.filter((requirement) => facts.some((fact) => states(fact, requirement)));
  const suggestions = suggest(asked, culprits);

  // What a suggestion has to change beside the culprits, it changes because of something.
  const told = new Set(facts.map(keyOf));
  const also = suggestions
    .filter(({ changes }) => changes.some(({ name }) => !culprits.some((culprit) => culprit.name === name)))
    .flatMap(({ changes }) => {
      const first = changes.find(({ name }) => culprits.some((culprit) => culprit.name === name));
      const changed = requirements.map((requirement) =>
        requirement.name === first?.name ? { ...requirement, range: first.range } : requirement,
      );
      if (session.solve(changed, budget).kind !== "none") return [];
      return factsOf({ ...asked, requirements: changed });
    })
    .filter((fact) => !told.has(keyOf(fact)) && told.add(keyOf(fact)));
  const [first, second] = facts;
  return { kind: first && !second ? first.found.kind : "contradicted", facts, also, suggestions };
}

const states = (
  { by, target, range }: Fact,
  { name, range: asked }: { name: string; range: string },
): boolean => by === "deployment" && target === `plugin:${name}` && range === asked;

/** A statement as a clause: of these versions, if it is not the deployment's. */
interface Saying {
  readonly statement: Statement;
  readonly by: { readonly copy: Copy; readonly values: readonly number[] } | Speaker;
  readonly terms: readonly Term[];
}

/** Statements up to which each one is asked whether the proof needs it, and versions: nobody reads a longer one. */
const MOST = { statements: 100, versions: 400 };

/** The statements behind the last `none`, none of them idle, in reading order. */
export function factsOf({ session, requirements, budget }: Asked): readonly Fact[] {
  const rules = session.rules(requirements);
  const core = session.core();
  const definitions = new Set([...core.rows].filter((row) => ownerOf(session, row)?.kind !== "plugin"));
  const asked = [...core.facts]
    .toSorted((a, b) => a - b)
    .flatMap((fact) => rules[fact] ?? [])
    .map((rule): Saying => ({ ...rule, by: rule.isQuestion ? "question" : "deployment" }));
  const stated = [...core.rows].toSorted((a, b) => b - a).flatMap((row) => sayingsOf(session, row));

  const contradiction = (sayings: readonly Saying[]) => {
    const clauses = sayings.map((saying) => clauseOf(session, saying));
    const used = session.contradiction(clauses, definitions, budget);
    return used && sayings.filter((_, place) => used.has(place));
  };
  const all = [...stated, ...asked];
  const needed = all.length > MOST.statements ? all : minimal(all, contradiction);
  const apart = needed.flatMap(onePerVersion);
  const exact = apart.length > MOST.versions ? needed : minimal(apart, contradiction);
  return inReadingOrder(merge(session.catalog, exact));
}

const ownerOf = ({ encoding }: Session, row: number) => encoding.meaning(at(encoding.model.owner.data, row));

/** What the versions behind a row say, told again from their manifests, and by the words they use. */
function sayingsOf(session: Session, row: number): readonly Saying[] {
  const { encoding, catalog } = session;
  const { model } = encoding;
  const meaning = ownerOf(session, row);
  if (meaning?.kind !== "plugin") return [];
  const { copy } = meaning;
  const [target, inside] = [at(model.target.data, row), at(model.inside.data, row)];
  const isMeant = ([term]: readonly Term[]): boolean =>
    term ? term.variable === target && term.set === inside : target === model.never.variable;
  const said = copy.candidates.flatMap((candidate, i) => {
    if (model.sets.has(at(model.outside.data, row), i + 1) || catalog.obstacle(candidate)) return [];
    const rule = encoding.rulesOf(copy, i + 1).find(({ terms }) => isMeant(terms));
    return rule ? [{ rule, value: i + 1 }] : [];
  });
  return [...Map.groupBy(said, ({ rule: { statement } }) => wordsOf(statement)).values()].flatMap((same) =>
    same[0] ? [{ ...same[0].rule, by: { copy, values: same.map(({ value }) => value) } }] : [],
  );
}

function clauseOf({ encoding: { model } }: Session, { by, terms }: Saying): readonly Term[] {
  if (typeof by === "string") return terms;
  const { variable } = by.copy;
  return [{ variable, set: model.complement(variable, model.setOf(variable, by.values)) }, ...terms];
}

function onePerVersion(saying: Saying): readonly Saying[] {
  const { by } = saying;
  return typeof by === "string"
    ? [saying]
    : by.values.map((value) => ({ ...saying, by: { ...by, values: [value] } }));
}

/** Versions of a plugin that say the same are told together. */
function merge(catalog: Catalog, sayings: readonly Saying[]): readonly Fact[] {
  const groups = Map.groupBy(sayings, ({ by, statement }) =>
    [typeof by === "string" ? by : by.copy.listing.name, wordsOf(statement)].join(" "),
  );
  return [...groups.values()].flatMap((same): Fact[] => {
    const [first] = same;
    if (!first) return [];
    const found = find(catalog, first.statement);
    if (typeof first.by === "string") return [{ ...first.statement, by: first.by, found }];
    const { listing } = first.by.copy;
    const candidates = new Set(
      same.flatMap(({ by }) =>
        typeof by === "string" ? [] : by.values.map((value) => by.copy.candidates[value - 1]),
      ),
    );
    const versions = listing.candidates.filter((candidate) => candidates.has(candidate)).toReversed();
    const by = { plugin: listing.name, versions: versions.map(({ manifest }) => manifest.version) };
    return [{ ...first.statement, by, found }];
  });
}

/** Who speaks when: the deployment, then the plugins in the order in which the facts lead to them. */
function inReadingOrder(facts: readonly Fact[]): readonly Fact[] {
  const order = new Set(["question", "deployment"]);
  const sorted = facts.toSorted((a, b) => byText(keyOf(a), keyOf(b)));
  // A set also visits what is added to it on the way.
  for (const name of order) {
    for (const fact of sorted) {
      if (speakerOf(fact) !== name) continue;
      const [kind, target] = splitTarget(fact.target);
      if (kind === "plugin") order.add(target);
      else for (const other of sorted) order.add(speakerOf(other));
    }
  }
  for (const fact of sorted) order.add(speakerOf(fact));
  const place = new Map([...order].map((name, i) => [name, i]));
  return sorted.toSorted((a, b) => (place.get(speakerOf(a)) ?? 0) - (place.get(speakerOf(b)) ?? 0));
}

const speakerOf = ({ by }: Pick<Fact, "by">): string => (typeof by === "string" ? by : by.plugin);

const wordsOf = ({ target, verb, range, replaces = "" }: Statement): string =>
  [target, verb, range, replaces].join(" ");

const keyOf = (fact: Fact): string => [speakerOf(fact), wordsOf(fact)].join(" ");

/** A version of something, and the candidate that it comes with. */
interface Known {
  readonly candidate: Candidate;
  /** A version of a plugin stands for itself; one of a port is told with the plugin that provides it. */
  readonly label: string;
  readonly isInRange: boolean;
}

function find(catalog: Catalog, { target, range, verb }: Statement): Found {
  const all = knownOf(catalog, target, range);
  if (all.length === 0) return unknown(catalog, target);

  const inRange = all.filter(({ isInRange }) => isInRange);
  const rejected = inRange.flatMap(({ candidate, label }) => {
    const obstacle = catalog.obstacle(candidate);
    return obstacle ? [{ version: label, obstacle }] : [];
  });
  const fitting = inRange.filter(({ candidate }) => !catalog.obstacle(candidate)).map(({ label }) => label);
  if (verb !== "needs" || fitting.length > 0) return { kind: "contradicted", versions: fitting, rejected };
  if (rejected.length === 0) return { kind: "no-version", versions: all.map(({ label }) => label) };
  return { kind: kindOf(rejected), rejected };
}

function kindOf(rejected: readonly Rejection[]): "withdrawn" | "wrong-host" | "unavailable" {
  const kinds = new Set(rejected.map(({ obstacle }) => obstacle.kind));
  if (kinds.isSubsetOf(new Set(["host"]))) return "wrong-host";
  return kinds.isSubsetOf(new Set(["yanked", "revoked"])) ? "withdrawn" : "unavailable";
}

/** The newest first. */
function knownOf(catalog: Catalog, target: Target, range: string): readonly Known[] {
  const [kind, name] = splitTarget(target);
  if (kind === "plugin") {
    const candidates = catalog.listing(name as PluginName)?.candidates ?? [];
    return candidates
      .map((candidate) => ({
        candidate,
        label: candidate.manifest.version,
        isInRange: catalog.isInRange(candidate, range),
      }))
      .toReversed();
  }
  return catalog
    .providersOf(name)
    .flatMap((provider) => catalog.listing(provider)?.candidates.toReversed() ?? [])
    .flatMap((candidate) =>
      versionsProvided(candidate, name).map((version) => ({
        candidate,
        label: `${version} by ${candidate.manifest.name} ${candidate.manifest.version}`,
        isInRange: catalog.admits(range, version),
      })),
    );
}

function unknown(catalog: Catalog, target: Target): Found {
  const [kind, name] = splitTarget(target);
  const meant = closest(name, kind === "plugin" ? catalog.names : catalog.ports);
  return meant === undefined ? { kind: "unknown" } : { kind: "unknown", closest: meant };
}
