/** A node of a graph, and the nodes that must be settled before it. */
interface Node<Id> {
  readonly id: Id;
  readonly after: readonly Id[];
}

/**
 * Hands out the nodes of a graph, each as soon as all before it are settled: Kahn's algorithm with no barriers.
 * Among those that could be next it hands out the one with the longest path still behind it, so that the work that
 * decides how long everything takes is never kept waiting; among equals the one that was given first.
 *
 * What stands in `after` and is not a node of the graph is taken to be settled. A node on a cycle is never handed out.
 */
export class Schedule<Id> {
  readonly #nodes: readonly Node<Id>[];
  readonly #dependents: number[][];
  readonly #waitingFor: Uint32Array;
  readonly #remaining: Uint32Array;
  /** A binary heap of places in `#nodes`, the next to be handed out first. */
  readonly #ready: number[] = [];
  readonly #indexes: ReadonlyMap<Id, number>;
  #unsettled: number;

  /** @param nodes In an order that respects `after`. */
  constructor(nodes: readonly Node<Id>[]) {
    const { length } = nodes;
    this.#nodes = nodes;
    this.#unsettled = length;
    this.#indexes = new Map(nodes.map(({ id }, at) => [id, at]));
    this.#dependents = Array.from({ length }, () => []);
    this.#waitingFor = new Uint32Array(length);
    this.#remaining = new Uint32Array(length);
    for (const [at, { after }] of nodes.entries()) {
      for (const id of after) {
        const needed = this.#indexes.get(id);
        if (needed === undefined) continue;
        this.#dependents[needed]?.push(at);
        this.#waitingFor[at] = this.#count(at) + 1;
      }
    }
    for (let at = length - 1; at >= 0; at--) {
      const behind = this.#dependents[at]?.map((dependent) => this.#left(dependent)) ?? [];
      this.#remaining[at] = 1 + Math.max(0, ...behind);
    }
    for (let at = 0; at < length; at++) if (this.#count(at) === 0) this.#push(at);
  }

  /** True when every node is settled. */
  isOver(): boolean {
    return this.#unsettled === 0;
  }

  hasNext(): boolean {
    return this.#ready.length > 0;
  }

  /** The next node; `undefined` while none can be next. */
  take(): Id | undefined {
    const [first] = this.#ready;
    const last = this.#ready.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#ready.length > 0) this.#sink(last);
    return this.#nodes[first]?.id;
  }

  /** Says that a node is over, well or not. */
  settle(id: Id): void {
    const at = this.#indexes.get(id);
    this.#unsettled -= 1;
    for (const dependent of (at !== undefined && this.#dependents[at]) || []) {
      const left = this.#count(dependent) - 1;
      this.#waitingFor[dependent] = left;
      if (left === 0) this.#push(dependent);
    }
  }

  /** The longest path from a node to the end of the graph, itself first. */
  longestPathFrom(id: Id): Id[] {
    const path: Id[] = [];
    for (let at = this.#indexes.get(id); at !== undefined;) {
      const node = this.#nodes[at];
      if (node) path.push(node.id);
      const left = this.#left(at) - 1;
      at = this.#dependents[at]?.find((dependent) => this.#left(dependent) === left);
    }
    return path;
  }

  #left(at: number): number {
    return this.#remaining[at] ?? 0;
  }

  #count(at: number): number {
    return this.#waitingFor[at] ?? 0;
  }

  /** True if the node at `a` goes before the one at `b`. */
  #isBefore(a: number, b: number): boolean {
    const longer = this.#left(a) - this.#left(b);
    return longer > 0 || (longer === 0 && a < b);
  }

  #push(at: number): void {
    let hole = this.#ready.push(at) - 1;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = this.#ready[above] ?? 0;
      if (!this.#isBefore(at, parent)) break;
      this.#ready[hole] = parent;
      hole = above;
    }
    this.#ready[hole] = at;
  }

  /** Puts a node where the first one was. */
  #sink(at: number): void {
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const [a, b] = [this.#ready[left], this.#ready[left + 1]];
      if (a === undefined) break;
      const [child, place] = b !== undefined && this.#isBefore(b, a) ? [b, left + 1] : [a, left];
      if (!this.#isBefore(child, at)) break;
      this.#ready[hole] = child;
      hole = place;
    }
    this.#ready[hole] = at;
  }
}
