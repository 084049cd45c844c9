import type SemVer from "semver/classes/semver.js";

import { byText } from "../../domain/by-text.ts";
import type { PluginName } from "../../domain/ids.ts";
import type { Candidate } from "../../domain/lock.ts";
import type { Target } from "../../domain/manifest.ts";
import { ABSENT, type Model, type Term, type Variable } from "../engine/model.ts";
import type { SetHandle } from "../engine/sets.ts";
import { isAdapterOf, versionsProvided, type Catalog, type Listing } from "./catalog.ts";
import { admitted, byPrecedence, versionList, type Interval, type VersionList } from "./ranges.ts";

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

/** The versions of a copy that provide a port, all or none of them as adapters, by the version of the port. */
interface Provider extends VersionList {
  readonly copy: Copy;
  readonly isAdapter: boolean;
  /** Values of the copy, as the versions are sorted. */
  readonly values: readonly number[];
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

/**
 * The variables of a request.
 *
 * A plugin is a variable whose values are its versions; one that may run side by side is one for each range of
 * compatible versions. What can be met in several ways gets a variable of its own, whose values are the ways.
 */
export class Variables {
  readonly #catalog: Catalog;
  readonly #model: Model;
  readonly #meanings: Meaning[] = [];
  readonly #copies = new Map<PluginName, readonly Copy[]>();
  readonly #providers = new Map<string, readonly Provider[]>();
  readonly #named = new Map<string, Variable>();

  constructor(catalog: Catalog, model: Model) {
    this.#catalog = catalog;
    this.#model = model;
  }

  /** What a variable stands for; nothing for those that others added. */
  meaning(variable: Variable): Meaning | undefined {
    return this.#meanings[variable];
  }

  /** The copies of a plugin there may be. None where the store does not know it. */
  copiesOf(name: PluginName): readonly Copy[] {
    let copies = this.#copies.get(name);
    if (!copies) {
      const listing = this.#catalog.listing(name);
      copies = listing ? this.#declareCopies(listing) : [];
      this.#copies.set(name, copies);
    }
    return copies;
  }

  /** The copy that a version in a listing belongs to, and its value there. */
  valueOf({ name }: Listing, place: number): readonly [Copy, number] {
    const copy = this.copiesOf(name).findLast(({ offset }) => offset <= place);
    if (!copy) throw new TypeError(`${name} is not in the store`);
    return [copy, 1 + place - copy.offset];
  }

  /** The versions of each copy that a range admits; none, also for copies without. */
  byName(name: PluginName, range: string): readonly Offer[] {
    return this.copiesOf(name).map((copy) => {
      const { variable, listing, candidates, offset } = copy;
      const intervals = admitted(this.#catalog.range(range, listing), listing).map(
        ([from, end]): Interval => [
          Math.max(from - offset, 0) + 1,
          Math.min(end - offset, candidates.length) + 1,
        ],
      );
      return { copy, set: this.#model.setOfIntervals(variable, intervals), isAdapter: false };
    });
  }

  /** What provides a port in range, best first. */
  byPort(port: string, range: string): readonly Offer[] {
    const wanted = this.#catalog.range(range);
    return this.providersOf(port).flatMap((provider) => {
      const { copy, isAdapter, values } = provider;
      const fitting = admitted(wanted, provider).flatMap(([from, end]) => values.slice(from, end));
      return fitting.length === 0
        ? []
        : [{ copy, set: this.#model.setOf(copy.variable, fitting), isAdapter }];
    });
  }

  /** Who provides a port, best first: as declared, plugins before adapters, by name, the newest copy. */
  providersOf(port: string): readonly Provider[] {
    let providers = this.#providers.get(port);
    if (!providers) {
      const declared = this.#catalog.request.policy?.providers?.[port] ?? [];
      const rankOf = ({ copy: { listing } }: Provider) =>
        declared.includes(listing.name) ? declared.indexOf(listing.name) : declared.length;
      providers = this.#catalog
        .providersOf(port)
        .flatMap((name) => this.copiesOf(name))
        .flatMap((copy) => this.#providersIn(copy, port))
        .toSorted(
          (a, b) =>
            rankOf(a) - rankOf(b) ||
            Number(a.isAdapter) - Number(b.isAdapter) ||
            byText(a.copy.listing.name, b.copy.listing.name) ||
            b.copy.offset - a.copy.offset,
        );
      this.#providers.set(port, providers);
    }
    return providers;
  }

  /** A plugin of which some versions are adapters makes two. */
  #providersIn(copy: Copy, port: string): readonly Provider[] {
    const found: { readonly value: number; readonly version: SemVer; readonly isAdapter: boolean }[] = [];
    for (const [i, candidate] of copy.candidates.entries()) {
      for (const text of versionsProvided(candidate, port)) {
        const version = this.#catalog.version(text);
        found.push({ value: i + 1, version, isAdapter: isAdapterOf(candidate, port) });
      }
    }
    return [false, true].flatMap((isAdapter) => {
      const sorted = found
        .filter((provision) => provision.isAdapter === isAdapter)
        .toSorted((a, b) => byPrecedence(a.version, b.version));
      if (sorted.length === 0) return [];
      const values = sorted.map(({ value }) => value);
      return [{ copy, isAdapter, values, ...versionList(sorted.map(({ version }) => version)) }];
    });
  }

  /** Terms of which one must hold: the only offer, or a variable that says which. */
  choose(target: Target, offers: readonly Offer[], chainOf?: Variable): readonly Term[] {
    const [first, second] = offers;
    if (!first) return [];
    if (!second && chainOf === undefined) return [{ variable: first.copy.variable, set: first.set }];
    const key = offers.map(({ copy, set }) => `${copy.variable}:${set}`).join();
    const variable = this.declare(`${chainOf ?? ""} ${key}`, offers.length, () => ({
      kind: "choice",
      target,
      offers,
      ...(chainOf === undefined ? {} : { chainOf }),
    }));
    return [{ variable, set: this.#model.setOfIntervals(variable, [[1, offers.length + 1]]) }];
  }

  /** The variable of that name, with so many values beside its absence. */
  declare(name: string, values: number, describe: () => Meaning): Variable {
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    const meaning = describe();
    const variable = this.#model.addVariable(values + 1);
    this.#meanings[variable] = meaning;
    this.#named.set(name, variable);
    return variable;
  }

  #declareCopies(listing: Listing): readonly Copy[] {
    const { candidates, versions } = listing;
    const isSplit = candidates.some(isMulti);
    const starts = versions.flatMap((version, place) => {
      const before = versions[place - 1];
      return before === undefined || (isSplit && !areCompatible(before, version)) ? [place] : [];
    });
    return starts.map((offset, i) => this.#declareCopy(listing, offset, starts[i + 1]));
  }

  #declareCopy(listing: Listing, offset: number, end: number | undefined): Copy {
    const candidates = listing.candidates.slice(offset, end);
    const variable = this.#model.addVariable(candidates.length + 1);
    const usable = candidates.flatMap((candidate, i) => (this.#catalog.obstacle(candidate) ? [] : [i + 1]));
    this.#model.limit(variable, this.#model.setOf(variable, [ABSENT, ...usable]));
    const copy = { variable, listing, candidates, offset };
    this.#meanings[variable] = { kind: "plugin", copy };
    return copy;
  }
}

/** Whether a version may run beside others of its plugin. */
export const isMulti = ({ manifest }: Candidate): boolean =>
  manifest.multiVersion && manifest.singleton === "none";

/** What `^` takes to be compatible: one major, below 1 one minor, below 0.1 one patch. */
const areCompatible = (a: SemVer, b: SemVer): boolean =>
  a.major === b.major && (a.major > 0 || (a.minor === b.minor && (a.minor > 0 || a.patch === b.patch)));
