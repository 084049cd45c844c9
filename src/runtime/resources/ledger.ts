import { err, ok, type Result } from "../../domain/result.ts";
import { amountsOf, RESOURCES, vectorOf, type Amounts, type Resource, type Vector } from "./amounts.ts";
import { neverEnough, type Owner, type Part, type Spot } from "./owner.ts";

/** Something of some resources for one owner. */
interface Need {
  readonly owner: Owner;
  readonly amounts: Amounts;
}

/** Why somebody was not given what was asked for. */
export interface Shortage {
  /** `never`: it is more than there is. `late`: not in time. `ended`: whoever asked is gone. */
  readonly kind: "never" | "late" | "ended";
  /** Who had too little, and of what; absent where others came first. */
  readonly of?: { readonly owner: string; readonly resource: Resource; readonly limit: number };
}

interface Waiting {
  /** Milliseconds to wait at most; then what was asked for is not wanted any more. */
  readonly ms: number;
  /** Defaults to the first owner's. */
  readonly priority?: number | undefined;
}

/** Time for those who wait, in milliseconds. */
export interface LedgerClock {
  now(): number;
  /** @returns Calls it off. */
  after(ms: number, run: () => void): () => void;
}

const SYSTEM_CLOCK: LedgerClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds of waiting that one point of priority is worth, so that nobody waits for ever behind the important. */
const AGEING_MS = 100;

/** Somebody who waits. Holds nothing of what is asked for: it is given as a whole or not at all. */
interface Request {
  readonly parts: readonly Part[];
  readonly priority: number;
  /** The lowest is served first. */
  readonly key: number;
  /** Everywhere that it ever had too little: nobody later passes it there. */
  readonly spots: Spot[];
  /** Whether it is worth asking back what others hold idle. */
  readonly mayReclaim: boolean;
  readonly answer: (result: Result<readonly Reservation[], Shortage>) => void;
}

/** Where reservations are written down. */
interface Book {
  /** @returns False where there is no room for so much. */
  resized(reservation: Reservation, next: Vector): boolean;
  released(reservation: Reservation): void;
  /** There may be room for those who wait. */
  changed(): void;
  offered(reservation: Reservation): void;
}

/** What somebody holds. Given back once, whatever else happens. */
export class Reservation {
  readonly owner: Owner;
  readonly #book: Book;
  #need: Vector;
  #state: "reserved" | "committed" | "reclaimed" | "released" = "reserved";
  #reclaim: (() => void) | undefined;

  constructor(book: Book, { owner, need }: Part) {
    this.#book = book;
    this.owner = owner;
    this.#need = need;
  }

  /** `reclaimed`: whoever holds it was asked to release it. */
  get state(): "reserved" | "committed" | "reclaimed" | "released" {
    return this.#state;
  }

  get need(): Vector {
    return this.#need;
  }

  get amounts(): Amounts {
    return amountsOf(this.#need);
  }

  /** What was reserved is in use now. */
  commit(): void {
    if (this.#state === "reserved") this.#state = "committed";
  }

  /**
   * Makes it smaller, or larger where there is room at once and nobody waits for that.
   *
   * @returns False, and nothing changes, where there is not.
   */
  resize(amounts: Amounts): boolean {
    if (this.#state === "released") return false;
    const need = vectorOf(amounts);
    if (!this.#book.resized(this, need)) return false;
    this.#need = need;
    this.#book.changed();
    return true;
  }

  /** In use, and idle: `reclaim` is called, once, when somebody more important needs it, and must release it. */
  offer(reclaim: () => void): void {
    if (this.#state !== "committed") return;
    this.#reclaim = reclaim;
    this.#book.offered(this);
  }

  /** Idle no longer. One that was reclaimed meanwhile goes all the same. */
  keep(): void {
    this.#reclaim = undefined;
  }

  /** Whether it may be asked back now. */
  get isOffered(): boolean {
    return this.#reclaim !== undefined && !this.owner.isPinned;
  }

  reclaim(): void {
    const reclaim = this.#reclaim;
    this.#reclaim = undefined;
    this.#state = "reclaimed";
    reclaim?.();
  }

  /** Safe to repeat. */
  release(): void {
    if (this.#state === "released") return;
    this.#state = "released";
    this.#reclaim = undefined;
    this.#book.released(this);
  }
}

/**
 * Who holds how much of what. Everything that is held is a reservation; the sums are never more than the limits, and
 * zero when nothing is held.
 *
 * Whoever asks for several things gets all of them or waits, and holds none of them meanwhile, so that waiting for each
 * other cannot happen. The important are served first; every point of priority is worth a tenth of a second of waiting,
 * and nobody passes one who is short of what both need, so that waiting ends once those who hold it give it back.
 */
export class Ledger {
  readonly #clock: LedgerClock;
  /** In the order in which they are served. */
  readonly #waiting: Request[] = [];
  readonly #held = new Map<Owner, Set<Reservation>>();
  /** The longest idle first. */
  readonly #offered = new Set<Reservation>();
  /** Where somebody waits, so that others who come later have to. */
  readonly #closed = new Map<Owner, Set<number>>();
  readonly #book: Book = {
    resized: (reservation, next) => this.#resized(reservation, next),
    released: (reservation) => this.#released(reservation),
    changed: () => this.#serve(),
    offered: (reservation) => {
      this.#offered.delete(reservation);
      this.#offered.add(reservation);
      this.#serve();
    },
  };
  #isServing = false;
  #mustServeAgain = false;

  constructor(clock: LedgerClock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  /** What is there at once, or nothing. */
  tryReserve(owner: Owner, amounts: Amounts): Reservation | undefined {
    const part = { owner, need: vectorOf(amounts) };
    if (this.#waiting.length === 0) return this.#attempt([part])?.[0];
    let given: readonly Reservation[] = [];
    const request = this.#enqueue([part], {
      mayReclaim: false,
      answer: (result) => (given = result.ok ? result.value : []),
    });
    this.#dequeue(request);
    return given[0];
  }

  /** Reserves several things at once, one reservation for each, or none of them. */
  async reserve(
    needs: readonly Need[],
    { ms, priority }: Waiting,
  ): Promise<Result<readonly Reservation[], Shortage>> {
    const parts = needs.map(({ owner, amounts }) => ({ owner, need: vectorOf(amounts) }));
    const never = neverEnough(parts);
    if (never) return err({ kind: "never", of: told(never) });
    const { promise, resolve } = Promise.withResolvers<Result<readonly Reservation[], Shortage>>();
    const request = this.#enqueue(parts, { mayReclaim: true, answer: resolve, priority });
    const callOff = this.#clock.after(ms, () => {
      if (this.#dequeue(request)) resolve(err({ kind: "late", ...toldOf(request) }));
    });
    const result = await promise;
    callOff();
    return result;
  }

  /**
   * Keeps whatever an owner holds from being asked back: for open orders, or somebody who depends on it.
   *
   * @returns Takes the pin out again, once.
   */
  pin(owner: Owner, reason: string): () => void {
    const unpin = owner.pin(reason);
    return () => {
      unpin();
      this.#serve();
    };
  }

  /** Gives back all that an owner and those inside it hold, and refuses what they wait for: they are gone. */
  end(owner: Owner): void {
    for (const request of this.#waiting.filter(({ parts }) =>
      parts.some((part) => part.owner.path.includes(owner)),
    )) {
      this.#dequeue(request);
      request.answer(err({ kind: "ended" }));
    }
    for (const [holder, held] of this.#held) {
      if (holder.path.includes(owner)) for (const reservation of held) reservation.release();
    }
  }

  #enqueue(
    parts: readonly Part[],
    { priority: wanted, ...rest }: Pick<Request, "mayReclaim" | "answer"> & Pick<Waiting, "priority">,
  ): Request {
    const priority = wanted ?? parts[0]?.owner.priority ?? 0;
    const key = this.#clock.now() + priority * AGEING_MS;
    const request: Request = { parts, priority, key, spots: [], ...rest };
    const at = this.#waiting.findLastIndex((other) => other.key <= key) + 1;
    this.#waiting.splice(at, 0, request);
    this.#serve();
    return request;
  }

  /** @returns False where it does not wait any more. */
  #dequeue(request: Request): boolean {
    const at = this.#waiting.indexOf(request);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    this.#serve();
    return true;
  }

  #serve(): void {
    if (this.#waiting.length === 0) return this.#closed.clear();
    this.#mustServeAgain = true;
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#mustServeAgain) {
      this.#mustServeAgain = false;
      const short = this.#serveInOrder();
      for (const request of short) if (request.mayReclaim && !this.#mustServeAgain) this.#reclaimFor(request);
    }
    this.#isServing = false;
  }

  /** @returns Those who are short of something. */
  #serveInOrder(): readonly Request[] {
    this.#closed.clear();
    const left: Request[] = [];
    for (const request of this.#waiting.slice()) {
      const short: Spot[] = [];
      const given = this.#attempt(request.parts, short);
      if (given) {
        this.#waiting.splice(this.#waiting.indexOf(request), 1);
        request.answer(ok(given));
        continue;
      }
      if (short.length > 0) left.push(request);
      for (const spot of short) if (!request.spots.some(isSame(spot))) request.spots.push(spot);
      for (const { owner, at } of request.spots) {
        this.#closed.set(owner, (this.#closed.get(owner) ?? new Set()).add(at));
      }
    }
    if (this.#waiting.length === 0) this.#closed.clear();
    return left;
  }

  /** Takes all or nothing. @param short Where there is too little, for those who want to know. */
  #attempt(parts: readonly Part[], short: Spot[] = []): readonly Reservation[] | undefined {
    let isFree = true;
    for (const part of parts) if (!take(part, short, this.#closed)) isFree = false;
    if (isFree) return parts.map((part) => this.#hold(part));
    for (const part of parts) give(part);
    return undefined;
  }

  #hold(part: Part): Reservation {
    const reservation = new Reservation(this.#book, part);
    const held = this.#held.get(part.owner);
    if (held) held.add(reservation);
    else this.#held.set(part.owner, new Set([reservation]));
    return reservation;
  }

  #resized({ owner, need }: Reservation, next: Vector): boolean {
    const more = { owner, need: next.map((amount, at) => Math.max(0, amount - (need[at] ?? 0))) };
    if (!take(more, [], this.#closed)) {
      give(more);
      return false;
    }
    give({ owner, need: need.map((amount, at) => Math.max(0, amount - (next[at] ?? 0))) });
    return true;
  }

  #released(reservation: Reservation): void {
    give(reservation);
    this.#offered.delete(reservation);
    const held = this.#held.get(reservation.owner);
    held?.delete(reservation);
    if (held?.size === 0) this.#held.delete(reservation.owner);
    this.#serve();
  }

  /** Asks back what is idle and held by the less important, least important first; nothing where all is not enough. */
  #reclaimFor({ parts, priority }: Request): void {
    const isComing = ({ state }: Reservation): boolean => state === "reclaimed";
    const able = [...this.#offered]
      .filter((each) => isComing(each) || (each.isOffered && each.owner.priority > priority))
      .toSorted((a, b) => Number(isComing(b)) - Number(isComing(a)) || b.owner.priority - a.owner.priority);
    const back: Reservation[] = [];
    for (const each of able) {
      if (fits(parts)) break;
      give(each);
      back.push(each);
    }
    const isEnough = fits(parts);
    // What turns out not to be needed stays, the most important first.
    const needed = back.toReversed().filter((each) => {
      take(each, [], NOWHERE);
      if (isComing(each) || fits(parts)) return false;
      give(each);
      return true;
    });
    for (const each of needed) take(each, [], NOWHERE);
    if (isEnough) for (const each of needed.toReversed()) each.reclaim();
  }
}

type Closed = ReadonlyMap<Owner, ReadonlySet<number>>;

const NOWHERE: Closed = new Map();

/** @returns False where it is too much, or before somebody who waits. It is taken all the same. */
function take({ owner, need }: Part, short: Spot[], closed: Closed): boolean {
  let isFree = true;
  for (let at = 0; at < need.length; at++) {
    let more = need[at] ?? 0;
    for (const each of owner.path) {
      if (more === 0) break;
      more = each.charge(at, more);
      if (each.isOver(at)) short.push({ owner: each, at });
      else if (closed.size === 0 || closed.get(each)?.has(at) !== true) continue;
      isFree = false;
    }
  }
  return isFree;
}

function give({ owner, need }: Part): void {
  for (let at = 0; at < need.length; at++) {
    let less = -(need[at] ?? 0);
    for (const each of owner.path) {
      if (less === 0) break;
      less = each.charge(at, less);
    }
  }
}

function fits(parts: readonly Part[]): boolean {
  let isFree = true;
  for (const part of parts) if (!take(part, [], NOWHERE)) isFree = false;
  for (const part of parts) give(part);
  return isFree;
}

const isSame =
  ({ owner, at }: Spot) =>
  (spot: Spot): boolean =>
    spot.owner === owner && spot.at === at;

/** Where it had too little first of all. */
const toldOf = ({ spots: [spot] }: Request): Pick<Shortage, "of"> => (spot ? { of: told(spot) } : {});

function told({ owner, at }: Spot): NonNullable<Shortage["of"]> {
  return {
    owner: owner.name,
    resource: RESOURCES[at] ?? "memoryBytes",
    limit: owner.limits[at] ?? 0,
  };
}
