/** Nodes are `0` to `size - 1`. Edge `e` says that `from[e]` comes before `to[e]`, or at once with it. */
export interface Digraph {
  readonly size: number;
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
}

/** What lies on cycles together. */
interface Components {
  /** Component of each node. They are numbered so that every edge leads to the same number or a higher one. */
  readonly of: Int32Array;
  readonly count: number;
}

/** An index that is known to be in range. */
const at = (list: ArrayLike<number>, index: number): number => list[index] ?? 0;

/** The edges by the node they leave, in compressed sparse rows. */
function successorsOf({ size, from, to }: Digraph) {
  const first = new Int32Array(size + 1);
  for (let edge = 0; edge < from.length; edge++) {
    const row = at(from, edge) + 1;
    first[row] = at(first, row) + 1;
  }
  for (let node = 0; node < size; node++) first[node + 1] = at(first, node + 1) + at(first, node);
  const free = first.slice();
  const next = new Int32Array(from.length);
  for (let edge = 0; edge < from.length; edge++) {
    const row = at(from, edge);
    next[at(free, row)] = at(to, edge);
    free[row] = at(free, row) + 1;
  }
  return { first, next };
}

/** Strongly connected components (Tarjan 1972), without recursion: chains may be longer than the stack is deep. */
export function componentsOf(graph: Digraph): Components {
  const { size } = graph;
  const { first, next } = successorsOf(graph);
  const of = new Int32Array(size).fill(-1);
  const found = new Int32Array(size);
  const low = new Int32Array(size);
  const cursor = first.slice(0, size);
  const open = new Int32Array(size);
  const path = new Int32Array(size);
  let [openCount, time, count] = [0, 0, 0];

  for (let root = 0; root < size; root++) {
    if (at(found, root) > 0) continue;
    let depth = 0;
    path[0] = root;
    while (depth >= 0) {
      const node = at(path, depth);
      if (at(found, node) === 0) {
        time += 1;
        found[node] = time;
        low[node] = time;
        open[openCount++] = node;
      }
      const edge = at(cursor, node);
      if (edge < at(first, node + 1)) {
        cursor[node] = edge + 1;
        const other = at(next, edge);
        if (at(found, other) === 0) path[++depth] = other;
        else if (of[other] === -1) low[node] = Math.min(at(low, node), at(found, other));
        continue;
      }
      if (low[node] === found[node]) {
        for (let member = -1; member !== node;) {
          member = at(open, --openCount);
          of[member] = count;
        }
        count += 1;
      }
      depth -= 1;
      const parent = at(path, Math.max(depth, 0));
      low[parent] = Math.min(at(low, parent), at(low, node));
    }
  }
  // Tarjan's algorithm closes the last component first.
  for (let node = 0; node < size; node++) of[node] = count - 1 - at(of, node);
  return { of, count };
}

/** The first wave that each node may be in, and for the nodes that cannot be in any, -1 (Kahn 1962). */
export function levelsOf(graph: Digraph): Int32Array {
  const { size, to } = graph;
  const { first, next } = successorsOf(graph);
  const waiting = new Int32Array(size);
  for (let edge = 0; edge < to.length; edge++) waiting[at(to, edge)] = at(waiting, at(to, edge)) + 1;

  const queue = new Int32Array(size);
  const level = new Int32Array(size).fill(-1);
  let end = 0;
  for (let node = 0; node < size; node++) {
    if (at(waiting, node) > 0) continue;
    queue[end++] = node;
    level[node] = 0;
  }
  // The queue holds the nodes level by level, so that the last edge into a node comes from the level before its own.
  for (let done = 0; done < end; done++) {
    const node = at(queue, done);
    for (let edge = at(first, node); edge < at(first, node + 1); edge++) {
      const other = at(next, edge);
      const left = at(waiting, other) - 1;
      waiting[other] = left;
      if (left > 0) continue;
      level[other] = at(level, node) + 1;
      queue[end++] = other;
    }
  }
  return level;
}
