import type { Candidate } from "../../src/domain/lock.ts";
import type { Variable } from "../../src/resolver/engine/model.ts";
import type { Session } from "../../src/resolver/session.ts";
import { fittingSets, has } from "./oracle.ts";
import { proofOf, type Inference } from "./proof.ts";

/** A clause over plain sets of numbers. */
type Clause = readonly (readonly [variable: Variable, values: ReadonlySet<number>])[];

/**
 * What is wrong with the last refutation of a session; nothing if every step follows and the last is false.
 *
 * A resolvent must follow from its two parents. All other steps are axioms: rows, facts, and what a variable can be at
 * most. They are held against every set of plugins that fits together by the manifests alone, as the oracle reads
 * them: the choices and agreements that the solver has added can be made such that all axioms hold in it, but for the
 * requirements that the set does not meet. So whatever meets all of them would contradict the proof.
 */
export function flawsOf(
  session: Session,
  requirements: readonly { readonly name: string; readonly range: string }[],
  proof: readonly Inference[] = proofOf(session.search),
): readonly string[] {
  const { encoding, catalog } = session;
  const { model } = encoding;
  const { request } = catalog;
  const clauses = proof.map(({ terms }) =>
    terms.map(({ variable, set }) => [variable, valuesOf(set)] as const),
  );
  const axioms = proof.flatMap(({ from }, place) => (from.kind === "resolvent" ? [] : [place]));
  return [
    ...(clauses.at(-1)?.length === 0 ? [] : ["the last step is not false"]),
    ...proof.flatMap(({ from }, place) =>
      from.kind !== "resolvent" || (Math.max(from.left, from.right) < place && isResolvent(place, from))
        ? []
        : [`step ${place} does not follow`],
    ),
    ...fittingSets(request).flatMap((set) => {
      const claims = axioms.filter((place) => counts(place, set)).map((place) => clauses[place] ?? []);
      return canHold(claims, pluginsOf(set))
        ? []
        : [`not so with ${set.map(({ manifest }) => `${manifest.name} ${manifest.version}`).join(", ")}`];
    }),
  ];

  /** A requirement of the deployment counts where it is met. */
  function counts(place: number, set: readonly Candidate[]): boolean {
    const from = proof[place]?.from;
    const wanted = from?.kind === "fact" ? requirements[from.fact] : undefined;
    return wanted === undefined || has(set, request, wanted);
  }

  /** What a set says of every variable that stands for a plugin, or for nothing. */
  function pluginsOf(set: readonly Candidate[]): ReadonlyMap<Variable, number> {
    return new Map(
      [...new Set(clauses.flat().map(([variable]) => variable))].flatMap((variable) => {
        const meaning = encoding.meaning(variable);
        if (variable === model.never.variable) return [[variable, 0] as const];
        if (meaning?.kind !== "plugin") return [];
        const chosen = meaning.copy.candidates.findIndex((candidate) => set.includes(candidate));
        return [[variable, chosen + 1] as const];
      }),
    );
  }

  function isResolvent(
    place: number,
    { left, right, on }: { readonly left: number; readonly right: number; readonly on: Variable },
  ): boolean {
    const [a = [], b = [], own = []] = [left, right, place].map((step) => clauses[step]);
    return [...new Set([...a, ...b].map(([variable]) => variable))].every((variable) => {
      const [inA, inB] = [valuesIn(a, variable), valuesIn(b, variable)];
      return (variable === on ? inA.intersection(inB) : inA.union(inB)).isSubsetOf(valuesIn(own, variable));
    });
  }

  function valuesOf(set: number): ReadonlySet<number> {
    const values = Array.from({ length: 32 * (model.sets.words[set - 1] ?? 0) }, (_, value) => value);
    return new Set(values.filter((value) => model.sets.has(set, value)));
  }
}

const valuesIn = (clause: Clause, wanted: Variable): ReadonlySet<number> =>
  clause.find(([variable]) => variable === wanted)?.[1] ?? new Set();

/** Whether all other variables can be given values such that every clause holds. */
function canHold(clauses: readonly Clause[], known: ReadonlyMap<Variable, number>): boolean {
  const open = clauses.find(
    (clause) => !clause.some(([variable, values]) => values.has(known.get(variable) ?? -1)),
  );
  if (!open) return true;
  return open.some(
    ([variable, values]) =>
      !known.has(variable) &&
      [...values].some((value) => canHold(clauses, new Map([...known, [variable, value]]))),
  );
}
