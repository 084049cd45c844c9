import { satisfies } from "semver";

import type { Candidate } from "../../src/domain/lock.ts";
import type { Term, Variable } from "../../src/resolver/engine/model.ts";
import type { Meaning } from "../../src/resolver/rules/variables.ts";
import type { Session } from "../../src/resolver/session.ts";
import { isUsable } from "./oracle.ts";
import { proofOf, type Inference } from "./proof.ts";

/**
 * What is wrong with the last refutation of a session; nothing if every step follows and the last is false. What is
 * taken from the manifests is read from them again, and sets are plain sets of numbers. Knows requirements,
 * conflicts and hosts.
 */
export function flawsOf(
  session: Session,
  requirements: readonly { readonly name: string; readonly range: string }[],
  proof: readonly Inference[] = proofOf(session.search),
): readonly string[] {
  const { encoding, catalog } = session;
  const { model } = encoding;
  const { request } = catalog;
  const last = proof.at(-1);
  return [
    ...(last?.terms.length === 0 ? [] : ["the last step is not false"]),
    ...proof.flatMap((inference, place) =>
      follows(inference, place) ? [] : [`step ${place} does not follow`],
    ),
  ];

  function follows({ terms, from }: Inference, place: number): boolean {
    switch (from.kind) {
      case "resolvent":
        return (
          from.left < place &&
          from.right < place &&
          isResolvent(
            terms,
            [proof[from.left], proof[from.right]].map((step) => step?.terms ?? []),
            from.on,
          )
        );
      case "limit": {
        const [term] = terms;
        const meaning = encoding.meaning(from.variable);
        if (meaning?.kind !== "plugin" || term?.variable !== from.variable)
          return meaning?.kind !== "plugin" && isAllOf(term);
        return meaning.copy.candidates.every(
          (candidate, i) => valuesOf(term).has(i + 1) || !isUsable(candidate, request),
        );
      }
      case "fact":
        return requirements.some(({ name, range }) =>
          allows(
            terms,
            (candidate) => candidate.manifest.name === name && satisfies(candidate.manifest.version, range),
          ),
        );
      case "row":
        return isRowTrue(terms, from.row);
      default:
        return from satisfies never;
    }
  }

  /** Every version that the row speaks of says it, or more. */
  function isRowTrue(terms: readonly Term[], row: number): boolean {
    const owner = model.owner.data[row] ?? -1;
    const meaning = encoding.meaning(owner);
    const rest = terms.filter(({ variable }) => variable !== owner && variable !== model.never.variable);
    const spared = valuesOf(terms.find(({ variable }) => variable === owner));
    if (meaning?.kind === "choice")
      return meaning.offers.every((offer, i) => spared.has(i + 1) || isOffer(rest, offer));
    if (meaning?.kind !== "plugin") return false;
    return meaning.copy.candidates.every((candidate, i) => spared.has(i + 1) || states(candidate, rest));
  }

  function states(owner: Candidate, terms: readonly Term[]): boolean {
    const { facets, conflicts } = owner.manifest;
    return (
      conflicts.some(({ plugin, range }) =>
        forbids(
          terms,
          (candidate) => candidate.manifest.name === plugin && satisfies(candidate.manifest.version, range),
        ),
      ) ||
      Object.entries(facets).some(([facet, { requires }]) =>
        requires.some((requirement) => {
          const { range, optional } = requirement;
          if ("plugin" in requirement) {
            const isMeant = ({ manifest }: Candidate) => manifest.name === requirement.plugin;
            const fits = (candidate: Candidate) =>
              isMeant(candidate) && satisfies(candidate.manifest.version, range);
            if (requirement.plugin === owner.manifest.name) return terms.length === 0 && !fits(owner);
            return optional
              ? forbids(terms, (candidate) => isMeant(candidate) && !fits(candidate))
              : allows(terms, fits);
          }
          return (
            !optional &&
            allows(terms, (candidate) =>
              Object.entries(candidate.manifest.facets).some(
                ([name, { provides }]) =>
                  (candidate !== owner || name !== facet) &&
                  candidate.manifest.name !== owner.manifest.name &&
                  satisfies(provides[requirement.port] ?? "", range),
              ),
            )
          );
        }),
      )
    );
  }

  /** The terms hold wherever one of the fitting is there: they admit each. */
  function allows(terms: readonly Term[], fits: (candidate: Candidate) => boolean): boolean {
    return request.candidates
      .filter(fits)
      .every((candidate) => terms.some((term) => admits(term, candidate)));
  }

  /** The terms hold wherever none of the unwanted is there: of one plugin, they admit all others and its absence. */
  function forbids(terms: readonly Term[], isUnwanted: (candidate: Candidate) => boolean): boolean {
    const [term, ...others] = terms;
    const meaning = term && encoding.meaning(term.variable);
    if (others.length > 0 || meaning?.kind !== "plugin") return false;
    const values = valuesOf(term);
    return (
      values.has(0) &&
      meaning.copy.candidates.every((candidate, i) => values.has(i + 1) || isUnwanted(candidate))
    );
  }

  function admits(term: Term, candidate: Candidate): boolean {
    const meaning = encoding.meaning(term.variable);
    if (meaning?.kind === "plugin") return valuesOf(term).has(meaning.copy.candidates.indexOf(candidate) + 1);
    if (meaning?.kind !== "choice") return false;
    return meaning.offers.some(
      ({ copy, set }, i) => valuesOf(term).has(i + 1) && admits({ variable: copy.variable, set }, candidate),
    );
  }

  function isOffer(
    terms: readonly Term[],
    { copy, set }: Extract<Meaning, { kind: "choice" }>["offers"][number],
  ): boolean {
    const term = terms.find(({ variable }) => variable === copy.variable);
    return valuesOf({ variable: copy.variable, set }).isSubsetOf(valuesOf(term));
  }

  function isResolvent(terms: readonly Term[], parents: readonly (readonly Term[])[], on: Variable): boolean {
    const [left = [], right = []] = parents;
    return [...new Set([...left, ...right, ...terms].map(({ variable }) => variable))].every((variable) => {
      const [a, b] = [setIn(left, variable), setIn(right, variable)];
      return (variable === on ? a.intersection(b) : a.union(b)).isSubsetOf(setIn(terms, variable));
    });
  }

  function setIn(clause: readonly Term[], variable: Variable): ReadonlySet<number> {
    return valuesOf(clause.find((term) => term.variable === variable));
  }

  function isAllOf(term: Term | undefined): boolean {
    return term !== undefined && model.initial.data[term.variable] === term.set;
  }

  function valuesOf(term: Term | undefined): ReadonlySet<number> {
    if (!term) return new Set();
    const values = Array.from({ length: 32 * (model.width.data[term.variable] ?? 0) }, (_, value) => value);
    return new Set(values.filter((value) => model.sets.has(term.set, value)));
  }
}
