import { at } from "./ints.ts";
import { ABSENT, type Model, type Term, type Variable } from "./model.ts";
import type { Search } from "./search.ts";

/**
 * A clause against what is chosen for no reason: variables that need one another, and that no chain of rows ties
 * to a fact. Where a goal asks for as much as can be kept, they could hold each other up.
 *
 * @param isExempt What needs no reason.
 * @returns That one of them is absent, or somebody else needs one; nothing where all is founded.
 * @see Gebser, Kaufmann and Schaub, "Conflict-driven answer set solving" (2012), on loop nogoods.
 */
export function unfoundedClause(
  search: Search,
  isExempt: (x: Variable) => boolean,
): readonly Term[] | undefined {
  const { model, trail, facts } = search;
  const present = [...search.present()];
  const isRequired = ({ set }: Term): boolean => !model.sets.has(set, ABSENT);
  const asked = facts.filter((terms) => terms.every(isRequired)).flat();
  const founded = new Set(asked.map(({ variable }) => variable).filter((x) => trail.isPresent(x)));
  // A set also visits what is added to it on the way.
  for (const x of founded) {
    for (let row = at(model.firstRow.data, x); row >= 0; row = at(model.nextRow.data, row)) {
      const target = at(model.target.data, row);
      if (requires(model, row) && !trail.meets(x, at(model.outside.data, row))) founded.add(target);
    }
  }
  const loop = new Set(present.filter((x) => !founded.has(x) && !isExempt(x)));
  const [member] = loop;
  if (member === undefined) return undefined;

  for (let x = 0; x < model.variables; x++) model.compile(x);
  const others = new Map<Variable, Term[]>();
  for (let row = 0; row < model.rows; row++) {
    const owner = at(model.owner.data, row);
    if (!requires(model, row) || !loop.has(at(model.target.data, row)) || loop.has(owner)) continue;
    const set = model.complement(owner, at(model.outside.data, row));
    others.set(owner, [...(others.get(owner) ?? []), { variable: owner, set }]);
  }
  return [
    { variable: member, set: model.setOf(member, [ABSENT]) },
    ...[...others].map(([variable, terms]) => ({
      variable,
      set: terms.map(({ set }) => set).reduce((a, b) => model.sets.union(a, b)),
    })),
  ];
}

const requires = ({ sets, inside }: Model, row: number): boolean => !sets.has(at(inside.data, row), ABSENT);
