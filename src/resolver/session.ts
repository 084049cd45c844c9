import { byText } from "../domain/by-text.ts";
import type { Candidate } from "../domain/lock.ts";
import type { Core } from "./engine/core.ts";
import { coreOf } from "./engine/core.ts";
import type { Term } from "./engine/model.ts";
import { solve, type Answer, type Solution } from "./engine/optimise.ts";
import { Search, type Budget, type Question } from "./engine/search.ts";
import { Catalog } from "./rules/catalog.ts";
import { Encoding } from "./rules/encoding.ts";
import { Preference } from "./rules/preference.ts";
import type { DeploymentRequirement, ResolveRequest } from "./rules/request.ts";
import type { Rule, Statement } from "./rules/statements.ts";
import type { Copy } from "./rules/variables.ts";

/** A request with its tables. Questions that differ in the deployment's requirements share them. */
export class Session {
  readonly catalog: Catalog;
  readonly encoding: Encoding;
  readonly search: Search;
  readonly #preference: Preference;
  readonly #policy: readonly Rule[];

  constructor(request: ResolveRequest) {
    const requirements = request.requirements.toSorted(
      (a, b) => byText(a.name, b.name) || byText(a.range, b.range),
    );
    this.catalog = new Catalog({ ...request, requirements });
    this.encoding = new Encoding(this.catalog);
    this.search = new Search(this.encoding.model);
    this.#preference = new Preference(this.encoding);
    this.#policy = (request.policy?.constraints ?? []).flatMap(({ plugin, range }) =>
      this.encoding.ruleOf({ verb: "accepts", target: `plugin:${plugin}`, range }),
    );
  }

  /** What the deployment states, in the order of the facts of a question. Requirements are in name order. */
  rules(requirements: readonly DeploymentRequirement[]): readonly Rule[] {
    const asked = requirements.flatMap(({ name, range, isQuestion }) =>
      this.encoding
        .ruleOf({ verb: "needs", target: `plugin:${name}`, range })
        .map((rule) => (isQuestion ? { ...rule, isQuestion } : rule)),
    );
    return [...asked, ...this.#policy];
  }

  /** Whether there is a set, and which; the best one if `isBest`. */
  solve(requirements: readonly DeploymentRequirement[], budget: Budget, isBest = false): Answer {
    const goals = isBest ? this.#preference.goals() : [];
    return solve(this.search, this.#question(this.rules(requirements)), { goals, budget });
  }

  /** What the last `none` rests on. */
  core(): Core {
    return coreOf(this.search);
  }

  /** The places of the clauses that contradict each other, by these rows alone; nothing where they do not. */
  contradiction(
    facts: readonly (readonly Term[])[],
    rows: ReadonlySet<number>,
    budget: Budget,
  ): ReadonlySet<number> | undefined {
    const question = { ...this.#question([]), facts, rows };
    return this.search.ask(question) && this.search.run(budget) !== "none"
      ? undefined
      : coreOf(this.search).facts;
  }

  /** The versions of a solution, by plugin name and version. */
  chosen({ values }: Solution): readonly Candidate[] {
    return [...values]
      .flatMap(([variable, value]) => {
        const meaning = this.encoding.meaning(variable);
        return meaning?.kind === "plugin" ? (meaning.copy.candidates[value - 1] ?? []) : [];
      })
      .toSorted(
        (a, b) =>
          byText(a.manifest.name, b.manifest.name) || this.catalog.placeOf(a) - this.catalog.placeOf(b),
      );
  }

  /** Whom a solution chose to meet a requirement of a version or of the deployment. */
  supplier(
    { values }: Solution,
    owner: Candidate | "deployment",
    wanted: Pick<Statement, "target" | "range">,
  ): Candidate | undefined {
    const variable = this.encoding.meansOf(owner, wanted);
    const meaning = variable === undefined ? undefined : this.encoding.meaning(variable);
    const chosenFrom = (copy: Copy | undefined) => copy?.candidates[(values.get(copy.variable) ?? 0) - 1];
    if (variable === undefined || !meaning) return undefined;
    if (meaning.kind === "plugin") return chosenFrom(meaning.copy);
    if (meaning.kind === "choice") return chosenFrom(meaning.offers[(values.get(variable) ?? 0) - 1]?.copy);
    return undefined;
  }

  #question(rules: readonly Rule[]): Question {
    const facts = rules.map(({ terms }): readonly Term[] => terms);
    return { facts, pick: this.#preference.pick, isLate: this.#preference.isLate };
  }
}
