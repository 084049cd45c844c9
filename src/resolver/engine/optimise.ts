import { unfoundedClause } from "./founded.ts";
import { at } from "./ints.ts";
import { ABSENT, type Model, type Term, type Variable } from "./model.ts";
import type { Budget, Question, Search } from "./search.ts";
import type { Trail } from "./trail.ts";

/** What is to hold as rarely as can be: the cost of an assignment is the number of terms that do. */
export type Goal = readonly Term[];

/** An assignment: the value of each variable that is not absent. */
export interface Solution {
  readonly kind: "found";
  readonly values: ReadonlyMap<Variable, number>;
  /** In the order of the goals. */
  readonly costs: readonly number[];
  /** Whether it is proved that no assignment is better. */
  readonly isOptimal: boolean;
}

export type Answer = Solution | { readonly kind: "none" } | { readonly kind: "gave-up" };

/** Clauses that a bound may take before the goal is left as it is. */
const MAX_BOUND_CLAUSES = 20_000;

/**
 * Answers a question with the best assignment: the first goal counts most, and among equals the order of decisions.
 *
 * Searches first and improves then, each time for less than before, until there is nothing better or the budget
 * is spent: whatever was found by then stands.
 */
export function solve(
  search: Search,
  question: Question,
  { goals, budget }: { readonly goals: readonly Goal[]; readonly budget: Budget },
): Answer {
  const counters = new Set<Variable>();
  const first = search.ask(question) ? search.run(budget) : "none";
  if (first !== "found") return { kind: first };

  let best = solutionOf(search, goals);
  for (const [place, goal] of goals.entries()) {
    if (best.costs[place] === 0) continue;
    search.ask(question);
    let isBound = goals
      .slice(0, place)
      .every((other, i) => bound({ search, counters }, other, best.costs[i] ?? 0) !== "none");
    while (isBound) {
      const limit = (best.costs[place] ?? 0) - 1;
      const bounded = limit < 0 ? "none" : bound({ search, counters }, goal, limit);
      const verdict = bounded === "found" ? runFounded(search, budget, counters) : bounded;
      if (verdict === "gave-up") return { ...best, isOptimal: false };
      if (verdict === "found") best = solutionOf(search, goals);
      else isBound = false;
    }
  }
  return best;
}

/** Runs until all that is chosen is chosen for a reason: what a bound asks to keep could hold itself up. */
function runFounded(
  search: Search,
  budget: Budget,
  counters: ReadonlySet<Variable>,
): ReturnType<Search["run"]> {
  for (;;) {
    const verdict = search.run(budget);
    const clause = verdict === "found" ? unfoundedClause(search, (x) => counters.has(x)) : undefined;
    if (!clause) return verdict;
    if (!search.add(clause)) return "none";
  }
}

const solutionOf = (search: Search, goals: readonly Goal[]): Solution => ({
  kind: "found",
  values: new Map([...search.present()].map((x) => [x, search.trail.valueOf(x)])),
  costs: goals.map((goal) => goal.filter((term) => holds(search.trail, search.model, term)).length),
  isOptimal: true,
});

const holds = (trail: Trail, { sets }: Model, { variable, set }: Term): boolean =>
  sets.has(set, trail.isPresent(variable) ? trail.valueOf(variable) : ABSENT);

interface Bounded {
  readonly search: Search;
  /** Variables that bounds have added. */
  readonly counters: Set<Variable>;
}

/** Adds that at most `limit` terms of a goal hold. */
function bound({ search, counters }: Bounded, goal: Goal, limit: number): "found" | "none" | "gave-up" {
  if (goal.length <= limit) return "found";
  if (goal.length * (limit + 1) > MAX_BOUND_CLAUSES) return "gave-up";
  const { model } = search;
  const add = (terms: readonly (Term | undefined)[]) =>
    search.add(terms.filter((term) => term !== undefined));
  const [first] = goal;
  if (first && goal.every(({ variable }) => variable === first.variable)) {
    return search.add([{ variable: first.variable, set: valuesCosting(model, goal, limit) }])
      ? "found"
      : "none";
  }

  // A chain of counters, as in a sequential counter (Sinz 2005): each is at least the one before, and one more
  // where its term holds.
  let before: Variable | undefined;
  for (const { variable, set } of goal) {
    const counter = model.addVariable(limit + 1);
    counters.add(counter);
    const not = { variable, set: model.complement(variable, set) };
    for (let count = 0; count <= limit; count++) {
      const wasLess =
        before === undefined
          ? undefined
          : { variable: before, set: model.setOfIntervals(before, [[0, count]]) };
      if (before === undefined && count > 0) break;
      const isMore = { variable: counter, set: model.setOfIntervals(counter, [[count + 1, limit + 1]]) };
      const isAsMuch = { variable: counter, set: model.setOfIntervals(counter, [[count, limit + 1]]) };
      if (!add([not, wasLess, isMore])) return "none";
      if (count > 0 && !add([wasLess, isAsMuch])) return "none";
    }
    before = counter;
  }
  return "found";
}

/** The values of which at most `limit` terms speak. */
function valuesCosting(model: Model, goal: Goal, limit: number): number {
  const variable = goal[0]?.variable ?? ABSENT;
  const values = 32 * at(model.width.data, variable);
  const cheap = Array.from({ length: values }, (_, value) => value).filter(
    (value) => goal.filter(({ set }) => model.sets.has(set, value)).length <= limit,
  );
  return model.setOf(variable, cheap);
}
