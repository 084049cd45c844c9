import { TradsysError } from "../../domain/errors.ts";
import { amountsOf, RESOURCES, vectorOf, type Amounts, type Vector } from "./amounts.ts";

interface OwnerOptions {
  /** Most that it and those inside it may hold. Defaults to no limit of its own. */
  readonly limits?: Amounts;
  /** What nobody outside can keep it from. Defaults to nothing. */
  readonly guaranteed?: Amounts;
  /** The lower is served first, and may take what is idle from the higher. Defaults to that of whatever it is in. */
  readonly priority?: number;
}

/** So much for one owner. */
export interface Part {
  readonly owner: Owner;
  readonly need: Vector;
}

/** One resource of one owner. */
export interface Spot {
  readonly owner: Owner;
  readonly at: number;
}

/** What is taken now, or the least that is ever taken: what is claimed while nobody holds anything. */
type Sums = "taken" | "least";

/**
 * Whoever can hold something: the platform, a system inside it, a plugin inside that.
 *
 * An owner *claims* what it has taken, or its guaranteed minimum where that is more, and what those inside claim is
 * taken from it. So a minimum needs no rule of its own: it is a claim that was counted before anybody held anything.
 */
export class Owner {
  readonly name: string;
  /** Itself, then what it is inside of, up to the platform. */
  readonly path: readonly Owner[];
  readonly priority: number;
  readonly limits: Vector;
  readonly #guaranteed: Vector;
  readonly #sums: Readonly<Record<Sums, number[]>> = {
    taken: RESOURCES.map(() => 0),
    least: RESOURCES.map(() => 0),
  };
  readonly #pins = new Map<string, number>();

  private constructor(name: string, parent: Owner | undefined, options: OwnerOptions) {
    const { limits = {}, guaranteed = {}, priority = parent?.priority ?? 50 } = options;
    this.name = name;
    this.path = [this, ...(parent?.path ?? [])];
    this.priority = priority;
    this.limits = vectorOf(limits, Infinity);
    this.#guaranteed = vectorOf(guaranteed);
  }

  static platform(limits: Amounts = {}): Owner {
    return new Owner("the platform", undefined, { limits });
  }

  /**
   * An owner inside this one.
   *
   * @throws {TradsysError} `RESOURCES_EXCEEDED` if its minimum is not there to be guaranteed.
   */
  within(name: string, options: OwnerOptions = {}): Owner {
    const owner = new Owner(name, this, options);
    const over = owner.#guaranteed.findIndex((amount, at) => amount > (owner.limits[at] ?? 0));
    if (over !== -1) throw exceeded(owner, owner, over);
    for (const [at, amount] of owner.#guaranteed.entries()) {
      const short = this.#claimed(at, amount);
      if (!short) continue;
      for (let undone = 0; undone <= at; undone++) this.#claimed(undone, -(owner.#guaranteed[undone] ?? 0));
      throw exceeded(owner, short, at);
    }
    return owner;
  }

  /** Gives up its minimum, once it holds nothing. It must not be used afterwards. */
  leave(): void {
    const [, parent] = this.path;
    if (parent) for (const [at, amount] of this.#guaranteed.entries()) parent.#claimed(at, -amount);
  }

  /** What it holds, and what those inside claim of it. */
  get taken(): Amounts {
    return amountsOf(this.#sums.taken);
  }

  /** True while something speaks against taking anything from it. */
  get isPinned(): boolean {
    return this.#pins.size > 0;
  }

  /** Why nothing may be taken from it, sorted. */
  get pins(): readonly string[] {
    return [...this.#pins.keys()].toSorted();
  }

  /** @returns Takes the pin out again, once. */
  pin(reason: string): () => void {
    this.#pins.set(reason, (this.#pins.get(reason) ?? 0) + 1);
    let isOut = false;
    return () => {
      if (isOut) return;
      isOut = true;
      const left = (this.#pins.get(reason) ?? 0) - 1;
      if (left > 0) this.#pins.set(reason, left);
      else this.#pins.delete(reason);
    };
  }

  /**
   * Takes more of a resource, or gives back with a negative amount.
   *
   * @returns By how much that changes what it claims of its parent.
   */
  charge(at: number, amount: number, sums: Sums = "taken"): number {
    const taken = this.#sums[sums];
    const guaranteed = this.#guaranteed[at] ?? 0;
    const before = taken[at] ?? 0;
    const after = before + amount;
    taken[at] = after;
    return Math.max(guaranteed, after) - Math.max(guaranteed, before);
  }

  isOver(at: number, sums: Sums = "taken"): boolean {
    return (this.#sums[sums][at] ?? 0) > (this.limits[at] ?? 0);
  }

  /** What somebody inside claims from the beginning. @returns Whoever has not that much. */
  #claimed(at: number, amount: number): Owner | undefined {
    let short: Owner | undefined;
    let [taken, least] = [amount, amount];
    for (const owner of this.path) {
      taken = owner.charge(at, taken);
      least = owner.charge(at, least, "least");
      if (owner.isOver(at)) short ??= owner;
    }
    return short;
  }
}

/** Where these are too much together, though nobody held anything. */
export function neverEnough(parts: readonly Part[]): Spot | undefined {
  let spot: Spot | undefined;
  for (const direction of [1, -1]) {
    for (const { owner, need } of parts) {
      for (const [at, amount] of need.entries()) {
        let more = direction * amount;
        for (const each of owner.path) {
          more = each.charge(at, more, "least");
          if (each.isOver(at, "least")) spot ??= { owner: each, at };
        }
      }
    }
  }
  return spot;
}

function exceeded(owner: Owner, short: Owner, at: number): TradsysError {
  return new TradsysError(
    "RESOURCES_EXCEEDED",
    `${owner.name} is to be guaranteed more ${RESOURCES[at]} than ${short.name} has left of its ${short.limits[at]}`,
    { hint: "Raise the limit, or guarantee less." },
  );
}
