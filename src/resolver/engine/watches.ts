import { grown } from "./ints.ts";

const NONE = -1;

/** Nodes in one doubly linked list for each key, so that moving a node from one list to another takes no search. */
export class Watches {
  #first = new Int32Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #key = new Int32Array(0);

  /** The first node of a list, or -1; the next one may be asked for before a node is moved. */
  first(key: number): number {
    return this.#first[key] as number;
  }

  next(node: number): number {
    return this.#next[node] as number;
  }

  /** The list that a node is in, or -1. */
  keyOf(node: number): number {
    return this.#key[node] as number;
  }

  /** Puts a node that is in no list at the head of one. */
  add(node: number, key: number): void {
    const head = this.first(key);
    this.#key[node] = key;
    this.#next[node] = head;
    this.#previous[node] = NONE;
    if (head !== NONE) this.#previous[head] = node;
    this.#first[key] = node;
  }

  move(node: number, key: number): void {
    const [previous, next] = [this.#previous[node] as number, this.next(node)];
    if (previous === NONE) this.#first[this.keyOf(node)] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.add(node, key);
  }

  /** Empties the list that a node is in. */
  clear(node: number): void {
    const key = this.keyOf(node);
    if (key === NONE) return;
    this.#first[key] = NONE;
    this.#key[node] = NONE;
  }

  /** Makes room for so many keys and nodes. */
  grow(keys: number, nodes: number): void {
    const known = this.#first.length;
    if (keys > known) {
      this.#first = grown(this.#first, keys);
      this.#first.fill(NONE, known);
    }
    this.#next = grown(this.#next, nodes);
    this.#previous = grown(this.#previous, nodes);
    const keyed = this.#key.length;
    this.#key = grown(this.#key, nodes);
    this.#key.fill(NONE, keyed);
  }
}
