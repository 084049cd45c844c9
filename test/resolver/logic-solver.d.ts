/** The part of the package that is used here; it brings no types. */
declare module "logic-solver" {
  type Formula = string | object;
  class Solver {
    require(formula: Formula): void;
    solveAssuming(formula: Formula): object | null;
  }
  const Logic: {
    readonly Solver: typeof Solver;
    atMostOne(...formulas: Formula[]): Formula;
    implies(premise: Formula, conclusion: Formula): Formula;
    or(...formulas: Formula[]): Formula;
  };
  export default Logic;
}
