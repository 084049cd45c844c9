import { facetId, type FacetId, type PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import { targetOf, type FacetRequirement, type Target } from "../../domain/manifest.ts";
import { ABSENT, Model, type RowSink, type Term, type Variable } from "../engine/model.ts";
import type { SetHandle } from "../engine/sets.ts";
import { byText, facetsOf, isAdapterOf, splitTarget, type Catalog, type Listing } from "./catalog.ts";
import { compatibilityOf } from "./copies.ts";
import type { Interval } from "./ranges.ts";
import type { Rule, Statement } from "./statements.ts";

/** The versions of a plugin of which at most one is chosen: all of them, or those of one compatibility range. */
export interface Copy {
  readonly variable: Variable;
  readonly listing: Listing;
  /** By value, from 1. */
  readonly candidates: readonly Candidate[];
  /** Place of the first of them in the listing. */
  readonly offset: number;
}

/** A copy and those of its versions that would do. */
export interface Offer {
  readonly copy: Copy;
  readonly set: SetHandle;
  readonly isAdapter: boolean;
}

/** A version of a port, as a value. */
interface Placed {
  readonly copy: Copy;
  readonly value: number;
  readonly isAdapter: boolean;
}

/** What the values of a variable stand for. */
export type Meaning =
  | { readonly kind: "plugin"; readonly copy: Copy }
  /** Which of several offers meets a requirement, by value from 1; `chainOf` limits what adapters stand on. */
  | {
      readonly kind: "choice";
      readonly target: Target;
      readonly offers: readonly Offer[];
      readonly chainOf?: Variable;
    }
  /** What the values of others must agree on; it follows from them. */
  | {
      readonly kind: "agreement";
      readonly rows: readonly (readonly [value: number, target: Variable, set: SetHandle])[];
    };

/** Values of the agreement on who provides an exclusive port, or which copy is the only one: any number of others may. */
const SHARED = 1;

/**
 * A request as variables and rows: from here on there are no ranges, ports, pre-releases or hosts, only sets.
 *
 * A plugin is a variable whose values are its versions; one that may run side by side is one for each range of
 * compatible versions. What can be met in several ways gets a variable of its own, whose values are the ways.
 */
export class Encoding {
  readonly catalog: Catalog;
  readonly model: Model;
  readonly #meanings: Meaning[] = [];
  readonly #copies = new Map<PluginName, readonly Copy[]>();
  readonly #offers = new Map<string, readonly Offer[]>();
  readonly #values = new Map<Candidate, readonly [Copy, number]>();
  readonly #placedBy = new Map<string, readonly Placed[]>();
  readonly #named = new Map<string, Variable>();

  constructor(catalog: Catalog) {
    this.catalog = catalog;
    this.model = new Model((variable, sink) => this.#state(variable, sink));
  }

  /** What a variable stands for; nothing for those that others added. */
  meaning(variable: Variable): Meaning | undefined {
    return this.#meanings[variable];
  }

  /** The copies of a plugin there may be. None where the store does not know it. */
  copiesOf(name: PluginName): readonly Copy[] {
    const known = this.#copies.get(name);
    if (known) return known;
    const listing = this.catalog.listing(name);
    const copies = listing ? this.#declareCopies(listing) : [];
    this.#copies.set(name, copies);
    return copies;
  }

  /** What it takes to meet a requirement of the deployment, or a constraint. */
  ruleOf(statement: Statement): readonly Rule[] {
    const [, name] = splitTarget(statement.target);
    const offers = this.#byName(name as PluginName, statement.range);
    return statement.verb === "needs"
      ? [
          {
            statement,
            terms: this.#choose(
              statement.target,
              offers.filter(({ set }) => !this.#isEmpty(set)),
            ),
          },
        ]
      : offers.map((offer) => ({ statement, terms: [this.#orAbsent(offer)] }));
  }

  /** All that a version states. */
  rulesOf(copy: Copy, candidate: Candidate): readonly Rule[] {
    return [
      ...facetsOf(candidate).flatMap(({ id, facet }) =>
        facet.requires.flatMap((requirement) =>
          this.#requirement({ copy, candidate, facet: id, requirement }),
        ),
      ),
      ...candidate.manifest.conflicts.flatMap((conflict) => this.#conflict(copy, conflict)),
      ...this.#agreements(copy, candidate),
    ];
  }

  /** The variable by which a requirement of a version or of the deployment was met. */
  meansOf(
    owner: Candidate | "deployment",
    { target, range }: Pick<Statement, "target" | "range">,
  ): Variable | undefined {
    if (owner === "deployment") return this.ruleOf({ verb: "needs", target, range })[0]?.terms[0]?.variable;
    const rules = this.rulesOf(this.#valueOf(owner)[0], owner).filter(
      ({ statement }) =>
        statement.verb === "needs" && statement.target === target && statement.range === range,
    );
    return rules.at(-1)?.terms[0]?.variable;
  }

  /** The adapters of the store, each with the versions of it that are adapters. */
  adapters(): readonly Term[] {
    const found = new Map<Copy, Set<number>>();
    for (const port of this.catalog.ports) {
      for (const { candidate, isAdapter } of this.catalog.providers(port)) {
        if (!isAdapter) continue;
        const [copy, value] = this.#valueOf(candidate);
        found.set(copy, (found.get(copy) ?? new Set()).add(value));
      }
    }
    return [...found].map(([{ variable }, values]) => ({
      variable,
      set: this.model.setOf(variable, values),
    }));
  }

  /** For each copy that may run beside others: the term that it does. */
  extraCopies(): readonly Term[] {
    const names = new Set(
      this.catalog.request.candidates.filter(isMulti).map(({ manifest }) => manifest.name),
    );
    return [...names]
      .toSorted(byText)
      .map((name) => this.copiesOf(name))
      .filter((copies) => copies.length > 1)
      .flat()
      .map((copy) => {
        const variable = this.#rankOf(copy);
        return { variable, set: this.model.setOf(variable, [2]) };
      });
  }

  #state(variable: Variable, sink: RowSink): void {
    const meaning = this.#meanings[variable];
    switch (meaning?.kind) {
      case "plugin":
        return this.#statePlugin(meaning.copy, sink);
      case "choice":
        return this.#stateChoice(variable, meaning, sink);
      case "agreement":
        for (const [value, target, set] of meaning.rows) sink.require(value, target, set);
        return undefined;
      case undefined:
        return undefined;
      default:
        return meaning satisfies never;
    }
  }

  #statePlugin(copy: Copy, sink: RowSink): void {
    for (const [i, candidate] of copy.candidates.entries()) {
      for (const { terms } of this.rulesOf(copy, candidate)) {
        const [term] = terms;
        if (term) sink.require(i + 1, term.variable, term.set);
        else sink.forbid(i + 1);
      }
    }
  }

  #stateChoice(variable: Variable, { offers, chainOf }: Meaning & { kind: "choice" }, sink: RowSink): void {
    for (const [i, { copy, set, isAdapter }] of offers.entries()) {
      sink.require(i + 1, copy.variable, set);
      if (chainOf === undefined || !isAdapter) continue;
      const below = this.#levelOf(copy);
      const others = this.model.complement(variable, this.model.setOf(variable, [i + 1]));
      for (let level = 1; level <= this.#longestChain; level++) {
        sink.clause([
          { variable, set: others },
          { variable: below, set: this.model.setOf(below, span(0, level)) },
          { variable: chainOf, set: this.model.setOf(chainOf, span(level + 1, this.#longestChain + 1)) },
        ]);
      }
    }
  }

  #requirement({
    copy,
    candidate,
    facet,
    requirement,
  }: {
    readonly copy: Copy;
    readonly candidate: Candidate;
    readonly facet: FacetId;
    readonly requirement: FacetRequirement;
  }): readonly Rule[] {
    const statement = this.#statementOf(candidate, requirement);
    const { target, range } = statement;
    if ("plugin" in requirement) {
      const offers = this.#byName(requirement.plugin, range);
      if (requirement.optional) {
        const rivals = offers.length > 1 ? [] : offers;
        return rivals.flatMap((offer) =>
          this.#unlessOwn({ copy, candidate, rule: { statement, terms: [this.#orAbsent(offer)] } }),
        );
      }
      const fitting = offers.filter(({ set }) => offers.length === 1 || !this.#isEmpty(set));
      const own = fitting.find((offer) => offer.copy === copy);
      if (own && this.#offersItself(own, candidate)) return [];
      return [
        {
          statement,
          terms: this.#choose(
            target,
            fitting.filter((offer) => offer !== own),
          ),
        },
      ];
    }
    // An optional port never stands in the way.
    if (requirement.optional || this.#isByHost(requirement.port, range)) return [];
    const isAdapter = isAdapterOf(candidate, requirement.port);
    if (this.#providesItself({ candidate, facet, port: requirement.port, range })) return [];
    const longest = this.#longestChain;
    const offers = this.#byPort(requirement.port, range).filter(
      (offer) => offer.copy !== copy && !(offer.isAdapter && (longest === 0 || (isAdapter && longest === 1))),
    );
    if (!isAdapter || longest < 2) return [{ statement, terms: this.#choose(target, offers) }];

    const level = this.#levelOf(copy);
    return [
      { statement, terms: [{ variable: level, set: this.model.setOf(level, span(1, longest + 1)) }] },
      { statement, terms: this.#choose(target, offers, level) },
    ];
  }

  #statementOf(candidate: Candidate, requirement: FacetRequirement): Statement {
    const target = targetOf(requirement);
    const verb = requirement.optional ? "accepts" : "needs";
    const range = this.catalog.rangeOf(candidate, requirement);
    return { verb, target, range, ...(range === requirement.range ? {} : { replaces: requirement.range }) };
  }

  /** About itself: a plugin is always there when it is chosen. */
  #unlessOwn({ copy, candidate, rule }: { copy: Copy; candidate: Candidate; rule: Rule }): readonly Rule[] {
    const [term] = rule.terms;
    if (term?.variable !== copy.variable) return [rule];
    const [, value] = this.#valueOf(candidate);
    return this.#has(term.set, value) ? [] : [{ ...rule, terms: [] }];
  }

  #conflict(copy: Copy, { plugin, range }: Candidate["manifest"]["conflicts"][number]): readonly Rule[] {
    // A conflict with one's own name means nothing.
    if (plugin === copy.listing.name) return [];
    const statement = { verb: "refuses", target: `plugin:${plugin}`, range } as const;
    return this.#byName(plugin, range)
      .filter(({ set }) => !this.#isEmpty(set))
      .map(({ copy: { variable }, set }) => ({
        statement,
        terms: [{ variable, set: this.model.complement(variable, set) }],
      }));
  }

  /** What a version must agree on with others: exclusive ports, and how copies of one plugin run side by side. */
  #agreements(copy: Copy, candidate: Candidate): readonly Rule[] {
    const { name } = candidate.manifest;
    const claims = portsOf(candidate).flatMap((port) => this.#claim(copy, candidate, port));
    const copies = this.copiesOf(name);
    if (copies.length < 2) return claims;

    const target = `plugin:${name}` as const;
    const only = this.#agreement(`only ${target}`, copies.length + 1);
    const own = SHARED + 1 + copies.indexOf(copy);
    const single: Rule = {
      statement: { verb: isMulti(candidate) ? "shares" : "is-single", target, range: "*" },
      terms: [{ variable: only, set: this.model.setOf(only, isMulti(candidate) ? [SHARED, own] : [own]) }],
    };
    const rank = this.#rankOf(copy);
    const ranked: Rule = {
      statement: { verb: "shares", target, range: "*" },
      terms: [{ variable: rank, set: this.model.setOf(rank, [1, 2]) }],
    };
    const agreed = portsOf(candidate).map((port): Rule => {
      const versions = this.#versionsOf(name, port);
      const provided = providedVersions(candidate, port);
      const variable = this.#agreement(`versions of ${port} by ${name}`, versions.length);
      return {
        statement: { verb: "agrees", target: `port:${port}`, range: provided },
        terms: [{ variable, set: this.model.setOf(variable, [1 + versions.indexOf(provided)]) }],
      };
    });
    return [...claims, single, ranked, ...agreed];
  }

  #claim(copy: Copy, candidate: Candidate, port: string): readonly Rule[] {
    if (!this.catalog.isExclusive(port)) return [];
    const provisions = this.catalog.providers(port);
    const holders = [...new Set(provisions.map((provision) => this.#valueOf(provision.candidate)[0]))];
    const variable = this.#agreement(`holder of ${port}`, holders.length + 1);
    const own = SHARED + 1 + holders.indexOf(copy);
    const isExclusive = provisions.some(
      (provision) => provision.candidate === candidate && provision.isExclusive,
    );
    return [
      {
        statement: { verb: "claims", target: `port:${port}`, range: "*" },
        terms: [{ variable, set: this.model.setOf(variable, isExclusive ? [own] : [SHARED, own]) }],
      },
    ];
  }

  /** Whether a copy is the first of its plugin, or an extra one: at most one is the first. */
  #rankOf(copy: Copy): Variable {
    const { name } = copy.listing;
    const copies = this.copiesOf(name);
    const first = this.#agreement(`first of ${name}`, copies.length);
    return this.#declareOnce(`rank of ${copy.variable}`, 2, () => ({
      kind: "agreement",
      rows: [[1, first, this.model.setOf(first, [1 + copies.indexOf(copy)])]],
    }));
  }

  /** How many adapters a copy stands on, itself included. */
  #levelOf(copy: Copy): Variable {
    return this.#agreement(`level of ${copy.variable}`, this.#longestChain);
  }

  get #longestChain(): number {
    return this.catalog.request.policy?.adapterChain ?? 1;
  }

  #agreement(key: string, values: number): Variable {
    return this.#declareOnce(key, values, () => ({ kind: "agreement", rows: [] }));
  }

  /** Terms of which one must hold: the only offer, or a variable that says which. */
  #choose(target: Target, offers: readonly Offer[], chainOf?: Variable): readonly Term[] {
    const [first, second] = offers;
    if (!first) return [];
    if (!second && chainOf === undefined) return [{ variable: first.copy.variable, set: first.set }];
    const key = offers.map(({ copy, set }) => `${copy.variable}:${set}`).join();
    const variable = this.#declareOnce(`${chainOf ?? ""} ${key}`, offers.length, () => ({
      kind: "choice",
      target,
      offers,
      ...(chainOf === undefined ? {} : { chainOf }),
    }));
    return [{ variable, set: this.model.setOf(variable, span(1, offers.length + 1)) }];
  }

  #byName(name: PluginName, range: string): readonly Offer[] {
    const key = `plugin:${name} ${range}`;
    const known = this.#offers.get(key);
    if (known) return known;
    const copies = this.copiesOf(name);
    const offers = copies.map((copy): Offer => {
      const { variable, listing, candidates, offset } = copy;
      const intervals = this.catalog
        .inRange(listing, range)
        .map(([from, end]): Interval => [
          Math.max(from - offset, 0) + 1,
          Math.min(end - offset, candidates.length) + 1,
        ]);
      return { copy, set: this.model.setOfIntervals(variable, intervals), isAdapter: false };
    });
    this.#offers.set(key, offers);
    return offers;
  }

  /** What provides a port, best first: as declared, plugins before adapters, by name, the newest copy. */
  #byPort(port: string, range: string): readonly Offer[] {
    const key = `port:${port} ${range}`;
    const known = this.#offers.get(key);
    if (known) return known;
    const intervals = this.catalog.provisionsIn(port, range);
    const declared = this.catalog.request.policy?.providers?.[port] ?? [];
    const rankOf = (name: PluginName) => (declared.includes(name) ? declared.indexOf(name) : declared.length);
    // A plugin of which some versions are adapters makes two offers.
    const groups = { plugin: new Map<Copy, number[]>(), adapter: new Map<Copy, number[]>() };
    const placed = this.#placed(port);
    for (const [from, end] of intervals) {
      for (let place = from; place < end; place++) {
        const provision = placed[place];
        if (!provision) continue;
        const { copy, value, isAdapter } = provision;
        const group = isAdapter ? groups.adapter : groups.plugin;
        const values = group.get(copy);
        if (values) values.push(value);
        else group.set(copy, [value]);
      }
    }
    const offersOf = (group: ReadonlyMap<Copy, readonly number[]>, isAdapter: boolean): readonly Offer[] =>
      [...group].map(([copy, values]) => ({ copy, set: this.model.setOf(copy.variable, values), isAdapter }));
    const offers = [...offersOf(groups.plugin, false), ...offersOf(groups.adapter, true)].toSorted(
      (a, b) =>
        rankOf(a.copy.listing.name) - rankOf(b.copy.listing.name) ||
        Number(a.isAdapter) - Number(b.isAdapter) ||
        byText(a.copy.listing.name, b.copy.listing.name) ||
        this.copiesOf(a.copy.listing.name).indexOf(b.copy) -
          this.copiesOf(a.copy.listing.name).indexOf(a.copy),
    );
    this.#offers.set(key, offers);
    return offers;
  }

  /** The provisions of a port as values of variables. */
  #placed(port: string): readonly Placed[] {
    let placed = this.#placedBy.get(port);
    if (!placed) {
      placed = this.catalog.providers(port).map(({ candidate, isAdapter }): Placed => {
        const [copy, value] = this.#valueOf(candidate);
        return { copy, value, isAdapter };
      });
      this.#placedBy.set(port, placed);
    }
    return placed;
  }

  #declareCopies(listing: Listing): readonly Copy[] {
    const isSplit = listing.candidates.some(isMulti);
    const groups = Map.groupBy(listing.candidates.entries(), ([place]) =>
      isSplit ? compatibilityOf(listing.versions[place]) : "",
    );
    return [...groups.values()].map((entries) => {
      const candidates = entries.map(([, candidate]) => candidate);
      const variable = this.model.addVariable(candidates.length + 1);
      const usable = candidates.flatMap((candidate, i) => (this.catalog.obstacle(candidate) ? [] : [i + 1]));
      this.model.limit(variable, this.model.setOf(variable, [ABSENT, ...usable]));
      const copy = { variable, listing, candidates, offset: entries[0]?.[0] ?? 0 };
      this.#meanings[variable] = { kind: "plugin", copy };
      for (const [i, candidate] of candidates.entries()) this.#values.set(candidate, [copy, i + 1]);
      return copy;
    });
  }

  #declareOnce(key: string, values: number, describe: () => Meaning): Variable {
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    const meaning = describe();
    const variable = this.model.addVariable(values + 1);
    this.#meanings[variable] = meaning;
    this.#named.set(key, variable);
    return variable;
  }

  /** What versions of a plugin provide of a port, each in one text. */
  #versionsOf(name: PluginName, port: string): readonly string[] {
    const candidates = this.catalog.listing(name)?.candidates ?? [];
    return [...new Set(candidates.map((candidate) => providedVersions(candidate, port)))].toSorted(byText);
  }

  /** A facet does not provide for itself, but others of its plugin may. */
  #providesItself({
    candidate,
    facet,
    port,
    range,
  }: {
    readonly candidate: Candidate;
    readonly facet: FacetId;
    readonly port: string;
    readonly range: string;
  }): boolean {
    const { name, facets } = candidate.manifest;
    return Object.entries(facets).some(([other, { provides }]) => {
      const version = provides[port];
      return version !== undefined && facetId(name, other) !== facet && this.catalog.admits(range, version);
    });
  }

  #isByHost(port: string, range: string): boolean {
    const version = this.catalog.request.host.ports?.[port];
    return version !== undefined && this.catalog.admits(range, version);
  }

  #valueOf(candidate: Candidate): readonly [Copy, number] {
    this.copiesOf(candidate.manifest.name);
    const found = this.#values.get(candidate);
    if (found) return found;
    throw new TypeError(`${candidate.manifest.name} ${candidate.manifest.version} is not in the store`);
  }

  #offersItself({ copy, set }: Offer, candidate: Candidate): boolean {
    const [own, value] = this.#valueOf(candidate);
    return own === copy && this.#has(set, value);
  }

  #orAbsent({ copy: { variable }, set }: Offer): Term {
    return { variable, set: this.model.union(variable, set, this.model.setOf(variable, [ABSENT])) };
  }

  #isEmpty(set: SetHandle): boolean {
    return this.model.sets.first(set) === -1;
  }

  #has(set: SetHandle, value: number): boolean {
    return this.model.sets.has(set, value);
  }
}

const isMulti = ({ manifest }: Candidate): boolean => manifest.multiVersion && manifest.singleton === "none";

const portsOf = ({ manifest }: Candidate): readonly string[] => [
  ...new Set(Object.values(manifest.facets).flatMap(({ provides }) => Object.keys(provides))),
];

/** `1.0.0 || 2.0.0`, of the facets of a plugin. */
const providedVersions = ({ manifest }: Candidate, port: string): string =>
  [...new Set(Object.values(manifest.facets).flatMap(({ provides }) => provides[port] ?? []))]
    .toSorted(byText)
    .join(" || ");

const span = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
