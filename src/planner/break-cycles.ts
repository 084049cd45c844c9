import { componentsOf, type Digraph } from "./digraph.ts";

/** A graph of which some edges may be given up. */
export interface BreakableGraph extends Digraph {
  /** What giving an edge up costs: 0 stays whatever happens, the others go in rising order. */
  readonly cost: ArrayLike<number>;
  /** What a node counts as: nodes with one number are one thing. */
  readonly unit: ArrayLike<number>;
}

/**
 * Chooses the edges to give up, so that what lies on cycles together becomes as small as it can.
 *
 * In each component, edges are given up from the cheapest kind on and only as far as it helps; then each is
 * taken back, the dearest first, that makes nothing larger. What is given up is therefore needed, edge by edge.
 *
 * @returns Indices of edges, in ascending order.
 */
export function breakCycles(graph: BreakableGraph): readonly number[] {
  const { of, count } = componentsOf(graph);
  const units = unitsIn(graph, { of, count });
  const inside = new Map<number, number[]>();
  for (let edge = 0; edge < graph.from.length; edge++) {
    const component = of[graph.from[edge] ?? 0] ?? 0;
    if (component !== of[graph.to[edge] ?? 0] || (units[component] ?? 0) < 2) continue;
    const list = inside.get(component);
    if (list) list.push(edge);
    else inside.set(component, [edge]);
  }
  return [...inside.values()].flatMap((edges) => breakComponent(graph, edges)).toSorted((a, b) => a - b);
}

/** How many different things each component holds. */
function unitsIn({ unit }: BreakableGraph, { of, count }: ReturnType<typeof componentsOf>): Int32Array {
  const seen = Array.from({ length: count }, () => new Set<number>());
  for (let node = 0; node < of.length; node++) seen[of[node] ?? 0]?.add(unit[node] ?? 0);
  return Int32Array.from(seen, (set) => set.size);
}

function breakComponent(graph: BreakableGraph, edges: readonly number[]): readonly number[] {
  const costOf = (edge: number): number => graph.cost[edge] ?? 0;
  const costs = [...new Set(edges.map(costOf))].filter((cost) => cost > 0).toSorted((a, b) => a - b);
  const local = localGraph(graph, edges);
  const whole = new Parts(
    local,
    edges.map(() => true),
  );

  const attempts = costs.map(
    (limit) =>
      new Parts(
        local,
        edges.map((edge) => costOf(edge) === 0 || costOf(edge) > limit),
      ),
  );
  // What goes further replaces what is before it only where it makes something smaller.
  const chosen = attempts.reduce((best, next) => (isFiner(next.sizes, best.sizes) ? next : best), whole);
  if (chosen === whole) return [];

  const given = edges.keys().filter((i) => !chosen.kept[i]);
  // The sort is stable: among equals the first in the graph is taken back first.
  const dearestFirst = [...given].toSorted((a, b) => costOf(edges[b] ?? 0) - costOf(edges[a] ?? 0));
  return dearestFirst.filter((i) => !chosen.takeBack(i)).map((i) => edges[i] ?? 0);
}

/** Whether the largest component is smaller, or among equals the next, and so on. */
function isFiner(sizes: readonly number[], than: readonly number[]): boolean {
  const different = than.findIndex((size, i) => size !== sizes[i]);
  return different !== -1 && (sizes[different] ?? 0) < (than[different] ?? 0);
}

/** The part of a graph that some edges span, its nodes numbered from 0. */
function localGraph(
  graph: BreakableGraph,
  edges: readonly number[],
): Digraph & { readonly unit: readonly number[] } {
  const numbers = new Map<number, number>();
  const unit: number[] = [];
  const number = (node: number): number => {
    let known = numbers.get(node);
    if (known === undefined) {
      known = numbers.size;
      numbers.set(node, known);
      unit.push(graph.unit[node] ?? 0);
    }
    return known;
  };
  const from = edges.map((edge) => number(graph.from[edge] ?? 0));
  const to = edges.map((edge) => number(graph.to[edge] ?? 0));
  return { size: numbers.size, from, to, unit };
}

/** A graph of which only some edges are kept, seen as its components; edges can be taken back. */
class Parts {
  readonly kept: boolean[];
  readonly #graph: Digraph;
  /** Component of each node; components that were merged lead to the one they became. */
  readonly #of: Int32Array;
  readonly #merged: number[];
  readonly #units: Set<number>[];
  readonly #next: Set<number>[];

  constructor(graph: Digraph & { readonly unit: readonly number[] }, kept: boolean[]) {
    this.kept = kept;
    this.#graph = graph;
    const edges = kept
      .keys()
      .filter((edge) => kept[edge])
      .toArray();
    const { of, count } = componentsOf({
      size: graph.size,
      from: edges.map((edge) => graph.from[edge] ?? 0),
      to: edges.map((edge) => graph.to[edge] ?? 0),
    });
    this.#of = of;
    this.#merged = Array.from({ length: count }, (_, component) => component);
    this.#units = Array.from({ length: count }, () => new Set<number>());
    this.#next = Array.from({ length: count }, () => new Set<number>());
    for (const [node, unit] of graph.unit.entries()) this.#units[of[node] ?? 0]?.add(unit);
    for (const edge of edges) this.#join(edge);
  }

  /** How many different things each component holds, the largest first. */
  get sizes(): readonly number[] {
    return this.#units.map(({ size }) => size).toSorted((a, b) => b - a);
  }

  /** Takes an edge back unless some component would then hold more things than the largest that it is made of. */
  takeBack(edge: number): boolean {
    const [from, to] = this.#ends(edge);
    const between = from === to ? [from] : this.#between(to, from);
    const union = new Set(between.flatMap((component) => [...(this.#units[component] ?? [])]));
    if (union.size > Math.max(0, ...between.map((component) => this.#units[component]?.size ?? 0)))
      return false;
    this.#merge(between, union);
    this.#join(edge);
    return true;
  }

  #ends(edge: number): readonly [from: number, to: number] {
    return [
      this.#find(this.#of[this.#graph.from[edge] ?? 0] ?? 0),
      this.#find(this.#of[this.#graph.to[edge] ?? 0] ?? 0),
    ];
  }

  #find(component: number): number {
    const parent = this.#merged[component] ?? component;
    return parent === component ? component : this.#find(parent);
  }

  #join(edge: number): void {
    const [from, to] = this.#ends(edge);
    if (from !== to) this.#next[from]?.add(to);
  }

  /** The components on paths from one to another, both included; none where there is no path. */
  #between(start: number, end: number): readonly number[] {
    const leads = new Map<number, boolean>([[end, true]]);
    const visit = (component: number): boolean => {
      const known = leads.get(component);
      if (known !== undefined) return known;
      leads.set(component, false);
      const onward = new Set([...(this.#next[component] ?? [])].map((next) => visit(this.#find(next))));
      leads.set(component, onward.has(true));
      return onward.has(true);
    };
    if (!visit(start)) return [];
    return [...leads].filter(([, does]) => does).map(([component]) => component);
  }

  #merge(components: readonly number[], units: Set<number>): void {
    const [target, ...others] = components;
    if (target === undefined) return;
    const next = new Set(components.flatMap((component) => [...(this.#next[component] ?? [])]));
    for (const other of others) {
      this.#merged[other] = target;
      this.#units[other] = new Set();
    }
    this.#units[target] = units;
    this.#next[target] = new Set(
      [...next].map((component) => this.#find(component)).filter((component) => component !== target),
    );
  }
}
