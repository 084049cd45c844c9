import { byText } from "../../domain/by-text.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { Facet, FacetRequirement } from "../../domain/manifest.ts";
import { ABSENT, Model, type RowSink, type Term, type Variable } from "../engine/model.ts";
import { isAdapterOf, splitTarget, versionsProvided, type Catalog } from "./catalog.ts";
import type { Rule, Statement } from "./statements.ts";
import { isMulti, Variables, type Copy, type Meaning, type Offer } from "./variables.ts";

/** Values of the agreement on who provides an exclusive port, or which copy is the only one: any number of others may. */
const SHARED = 1;

/** What there is for a target in a range, and what it takes to need it. */
interface Supply {
  readonly offers: readonly Offer[];
  readonly need: readonly [Rule];
}

/** A facet of a version that states something. */
interface Owner {
  readonly copy: Copy;
  readonly value: number;
  readonly candidate: Candidate;
  readonly facet: Facet;
  /** All of the version's. */
  readonly facets: readonly Facet[];
}

/** A request as variables and rows: from here on there are no ranges, ports, pre-releases or hosts, only sets. */
export class Encoding {
  readonly catalog: Catalog;
  readonly model: Model;
  readonly #variables: Variables;
  readonly #supplies = {
    plugin: new Map<string, Map<string, Supply>>(),
    port: new Map<string, Map<string, Supply>>(),
  };
  /** How many adapters may stand between a requirement and a provider that is none. */
  readonly #longestChain: number;

  constructor(catalog: Catalog) {
    this.catalog = catalog;
    this.model = new Model((variable, value, sink) => this.#state(variable, value, sink));
    this.#variables = new Variables(catalog, this.model);
    this.#longestChain = catalog.request.policy?.adapterChain ?? 1;
  }

  /** What a variable stands for; nothing for those that others added. */
  meaning(variable: Variable): Meaning | undefined {
    return this.#variables.meaning(variable);
  }

  /** The copies of a plugin there may be. None where the store does not know it. */
  copiesOf(name: PluginName): readonly Copy[] {
    return this.#variables.copiesOf(name);
  }

  /** What it takes to meet a requirement of the deployment, or a constraint. */
  ruleOf({ verb, target, range }: Pick<Statement, "verb" | "target" | "range">): readonly Rule[] {
    const { offers, need } = this.#supplyOf(...splitTarget(target), range);
    const statement = { verb, target, range };
    return verb === "needs" ? need : offers.map((offer) => ({ statement, terms: [this.#orAbsent(offer)] }));
  }

  /** All that a version states. */
  rulesOf(copy: Copy, value: number): readonly Rule[] {
    const candidate = copy.candidates[value - 1];
    if (!candidate) return [];
    const rules: Rule[] = [];
    for (const owner of ownersIn(copy, value)) {
      for (const requirement of owner.facet.requires) rules.push(...this.#requirement(owner, requirement));
    }
    for (const conflict of candidate.manifest.conflicts) rules.push(...this.#conflict(copy, conflict));
    rules.push(...this.#agreements(copy, candidate));
    return rules;
  }

  /** The variable by which a requirement of a version or of the deployment was met. */
  meansOf(
    owner: Candidate | "deployment",
    wanted: Pick<Statement, "target" | "range">,
  ): Variable | undefined {
    if (owner === "deployment") return this.ruleOf({ verb: "needs", ...wanted })[0]?.terms[0]?.variable;
    const listing = this.catalog.listing(owner.manifest.name);
    if (!listing) return undefined;
    return this.rulesOf(...this.#variables.valueOf(listing, this.catalog.placeOf(owner))).findLast(
      ({ statement: { verb, target, range } }) =>
        verb === "needs" && target === wanted.target && range === wanted.range,
    )?.terms[0]?.variable;
  }

  /** The adapters of the store, each with the versions of it that are adapters. */
  adapters(): readonly Term[] {
    return this.#copiesWith(isAdapter).flatMap(({ variable, candidates }) => {
      const values = candidates.flatMap((candidate, i) => (isAdapter(candidate) ? [i + 1] : []));
      return values.length > 0 ? [{ variable, set: this.model.setOf(variable, values) }] : [];
    });
  }

  /** For each copy that may run beside others: the term that it does. */
  extraCopies(): readonly Term[] {
    return this.#copiesWith(isMulti)
      .filter(({ listing }) => this.copiesOf(listing.name).length > 1)
      .map((copy) => {
        const variable = this.#rankOf(copy);
        return { variable, set: this.model.setOf(variable, [2]) };
      });
  }

  /** The copies of all plugins of which some version is as meant, in name order. */
  #copiesWith(isMeant: (candidate: Candidate) => boolean): readonly Copy[] {
    const names = new Set(
      this.catalog.request.candidates.filter(isMeant).map(({ manifest }) => manifest.name),
    );
    return [...names].toSorted(byText).flatMap((name) => this.copiesOf(name));
  }

  #state(variable: Variable, value: number, sink: RowSink): void {
    const meaning = this.meaning(variable);
    switch (meaning?.kind) {
      case "plugin":
        return this.#statePlugin(meaning.copy, value, sink);
      case "choice":
        return this.#stateChoice(variable, value, { meaning, sink });
      case "agreement":
        for (const [own, target, set] of meaning.rows) if (own === value) sink.require(value, target, set);
        return undefined;
      case undefined:
        return undefined;
      default:
        return meaning satisfies never;
    }
  }

  /** With what a version states, the neighbours that state it in the same words. */
  #statePlugin(copy: Copy, value: number, sink: RowSink): void {
    for (const rule of this.rulesOf(copy, value)) {
      const [term] = rule.terms;
      const take = (own: number) => (term ? sink.require(own, term.variable, term.set) : sink.forbid(own));
      if (!take(value)) continue;
      for (let own = value - 1; this.#says(copy, own, rule); own--) take(own);
      for (let own = value + 1; this.#says(copy, own, rule); own++) take(own);
    }
  }

  /** Whether a version has a requirement that is this very rule. */
  #says(copy: Copy, value: number, rule: Rule): boolean {
    const { target, range, verb } = rule.statement;
    if (verb !== "needs") return false;
    return ownersIn(copy, value).some((owner) =>
      owner.facet.requires.some(
        (requirement) =>
          requirement.range === range &&
          target.endsWith("plugin" in requirement ? requirement.plugin : requirement.port) &&
          this.#requirement(owner, requirement)[0] === rule,
      ),
    );
  }

  #stateChoice(
    variable: Variable,
    value: number,
    {
      meaning: { offers, chainOf },
      sink,
    }: { readonly meaning: Meaning & { kind: "choice" }; readonly sink: RowSink },
  ): void {
    const offer = offers[value - 1];
    if (!offer) return;
    sink.require(value, offer.copy.variable, offer.set);
    if (chainOf === undefined || !offer.isAdapter) return;
    const below = this.#levelOf(offer.copy);
    const others = this.model.complement(variable, this.model.setOf(variable, [value]));
    for (let level = 1; level <= this.#longestChain; level++) {
      sink.clause([
        { variable, set: others },
        this.#isWithin(below, 0, level - 1),
        this.#isWithin(chainOf, level + 1, this.#longestChain),
      ]);
    }
  }

  #requirement(owner: Owner, requirement: FacetRequirement): readonly Rule[] {
    const range = this.catalog.rangeOf(owner.candidate, requirement);
    const rules =
      "plugin" in requirement
        ? requirement.optional
          ? this.#acceptPlugin(owner, requirement.plugin, range)
          : this.#needPlugin(owner, requirement.plugin, range)
        : // An optional port never stands in the way.
          requirement.optional
          ? []
          : this.#needPort(owner, requirement.port, range);
    if (range === requirement.range) return rules;
    const replaces = requirement.range;
    return rules.map((rule) => ({ ...rule, statement: { ...rule.statement, replaces } }));
  }

  #needPlugin({ copy, value }: Owner, name: PluginName, range: string): readonly Rule[] {
    const { offers, need } = this.#supplyOf("plugin", name, range);
    if (name !== copy.listing.name) return need;
    // Of itself: a plugin is always there when it is chosen.
    if (offers.some((offer) => offer.copy === copy && this.#has(offer, value))) return [];
    return this.#needOf(
      need[0].statement,
      offers.filter((offer) => offer.copy !== copy),
    );
  }

  #acceptPlugin({ copy, value }: Owner, name: PluginName, range: string): readonly Rule[] {
    const [offer, ...copies] = this.#supplyOf("plugin", name, range).offers;
    // One that could run side by side does not stand in the way.
    if (!offer || copies.length > 0 || (offer.copy === copy && this.#has(offer, value))) return [];
    const terms = offer.copy === copy ? [] : [this.#orAbsent(offer)];
    return [{ statement: { verb: "accepts", target: `plugin:${name}`, range }, terms }];
  }

  #needPort({ copy, candidate, facet, facets }: Owner, port: string, range: string): readonly Rule[] {
    const hosted = this.catalog.request.host.ports?.[port];
    if (hosted !== undefined && this.catalog.admits(range, hosted)) return [];
    // A facet does not provide for itself, but others of its plugin may.
    for (const other of facets) {
      if (other !== facet && this.catalog.provides(other, port, range)) return [];
    }

    const { offers, need } = this.#supplyOf("port", port, range);
    const isAdapter = isAdapterOf(candidate, port);
    const fitting = offers.filter(
      (offer) => offer.copy !== copy && !(isAdapter && offer.isAdapter && this.#longestChain < 2),
    );
    if (isAdapter && this.#longestChain > 1) {
      const [{ statement }] = need;
      const level = this.#levelOf(copy);
      return [
        { statement, terms: [this.#isWithin(level, 1, this.#longestChain)] },
        { statement, terms: this.#variables.choose(statement.target, fitting, level) },
      ];
    }
    return fitting.length === offers.length ? need : this.#needOf(need[0].statement, fitting);
  }

  #supplyOf(kind: "plugin" | "port", name: string, range: string): Supply {
    let byRange = this.#supplies[kind].get(name);
    if (!byRange) this.#supplies[kind].set(name, (byRange = new Map()));
    let supply = byRange.get(range);
    if (!supply) {
      const offers =
        kind === "plugin"
          ? this.#variables.byName(name as PluginName, range)
          : this.#variables
              .byPort(name, range)
              .filter(({ isAdapter }) => !isAdapter || this.#longestChain > 0);
      const statement = { verb: "needs", target: `${kind}:${name}`, range } as const;
      supply = { offers, need: this.#needOf(statement, offers) };
      byRange.set(range, supply);
    }
    return supply;
  }

  #needOf(statement: Statement, offers: readonly Offer[]): readonly [Rule] {
    const fitting = offers.filter(({ set }) => !this.#isEmpty(set));
    return [{ statement, terms: this.#variables.choose(statement.target, fitting) }];
  }

  #conflict(copy: Copy, { plugin, range }: Candidate["manifest"]["conflicts"][number]): readonly Rule[] {
    // A conflict with one's own name means nothing.
    if (plugin === copy.listing.name) return [];
    const statement = { verb: "refuses", target: `plugin:${plugin}`, range } as const;
    return this.#supplyOf("plugin", plugin, range)
      .offers.filter(({ set }) => !this.#isEmpty(set))
      .map(({ copy: { variable }, set }) => ({
        statement,
        terms: [{ variable, set: this.model.complement(variable, set) }],
      }));
  }

  /** What a version must agree on with others: exclusive ports, and how copies of one plugin run side by side. */
  #agreements(copy: Copy, candidate: Candidate): readonly Rule[] {
    const { name } = copy.listing;
    const copies = this.copiesOf(name);
    const { exclusivePorts } = this.catalog;
    if (copies.length < 2 && exclusivePorts.size === 0) return [];
    const ports = portsOf(candidate);
    const claims = ports
      .filter((port) => exclusivePorts.has(port))
      .map((port) => this.#claim(copy, candidate, port));
    if (copies.length < 2) return claims;

    const target = `plugin:${name}` as const;
    const only = this.#agreement(`only ${target}`, copies.length + 1);
    const own = SHARED + 1 + copies.indexOf(copy);
    const rank = this.#rankOf(copy);
    const agreed = ports.map((port): Rule => {
      const versions = this.#versionsOf(copy, port);
      const range = providedVersions(candidate, port);
      const version = this.#agreement(`versions of ${port} by ${name}`, versions.length);
      const terms = [{ variable: version, set: this.model.setOf(version, [1 + versions.indexOf(range)]) }];
      return { statement: { verb: "agrees", target: `port:${port}`, range }, terms };
    });
    return [
      ...claims,
      {
        statement: { verb: isMulti(candidate) ? "shares" : "is-single", target, range: "*" },
        terms: [{ variable: only, set: this.model.setOf(only, isMulti(candidate) ? [SHARED, own] : [own]) }],
      },
      { statement: { verb: "shares", target, range: "*" }, terms: [this.#isWithin(rank, 1, 2)] },
      ...agreed,
    ];
  }

  #claim(copy: Copy, { manifest }: Candidate, port: string): Rule {
    const holders = [...new Set(this.#variables.providersOf(port).map((provider) => provider.copy))];
    const variable = this.#agreement(`holder of ${port}`, holders.length + 1);
    const own = SHARED + 1 + holders.indexOf(copy);
    const isExclusive = Object.values(manifest.facets).some(({ exclusive }) => exclusive?.includes(port));
    return {
      statement: { verb: "claims", target: `port:${port}`, range: "*" },
      terms: [{ variable, set: this.model.setOf(variable, isExclusive ? [own] : [SHARED, own]) }],
    };
  }

  /** Whether a copy is the first of its plugin, or an extra one: at most one is the first. */
  #rankOf(copy: Copy): Variable {
    const { name } = copy.listing;
    const copies = this.copiesOf(name);
    const first = this.#agreement(`first of ${name}`, copies.length);
    return this.#variables.declare(`rank of ${copy.variable}`, 2, () => ({
      kind: "agreement",
      rows: [[1, first, this.model.setOf(first, [1 + copies.indexOf(copy)])]],
    }));
  }

  /** How many adapters a copy stands on, itself included. */
  #levelOf(copy: Copy): Variable {
    return this.#agreement(`level of ${copy.variable}`, this.#longestChain);
  }

  #agreement(name: string, values: number): Variable {
    return this.#variables.declare(name, values, () => ({ kind: "agreement", rows: [] }));
  }

  /** What versions of a plugin provide of a port, each in one text. */
  #versionsOf({ listing }: Copy, port: string): readonly string[] {
    return [...new Set(listing.candidates.map((candidate) => providedVersions(candidate, port)))].toSorted(
      byText,
    );
  }

  #isWithin(variable: Variable, from: number, to: number): Term {
    return { variable, set: this.model.setOfIntervals(variable, [[from, to + 1]]) };
  }

  #orAbsent({ copy: { variable }, set }: Offer): Term {
    return { variable, set: this.model.sets.union(set, this.model.setOf(variable, [ABSENT])) };
  }

  #isEmpty(set: Offer["set"]): boolean {
    return this.model.sets.first(set) === -1;
  }

  #has({ set }: Offer, value: number): boolean {
    return this.model.sets.has(set, value);
  }
}

function ownersIn(copy: Copy, value: number): readonly Owner[] {
  const candidate = copy.candidates[value - 1];
  if (!candidate) return [];
  const facets = Object.values(candidate.manifest.facets);
  return facets.map((facet) => ({ copy, value, candidate, facet, facets }));
}

const isAdapter = (candidate: Candidate): boolean =>
  candidate.manifest.kind === "adapter" && portsOf(candidate).some((port) => isAdapterOf(candidate, port));

const portsOf = ({ manifest }: Candidate): readonly string[] => [
  ...new Set(Object.values(manifest.facets).flatMap(({ provides }) => Object.keys(provides))),
];

/** `1.0.0 || 2.0.0`, of the facets of a plugin. */
const providedVersions = (candidate: Candidate, port: string): string =>
  [...new Set(versionsProvided(candidate, port))].toSorted(byText).join(" || ");
