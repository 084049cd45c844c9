/** Milliseconds of one slot: an entry is called never early, and at most this much late by the wheel's own doing. */
const TICK_MS = 4;
const SLOTS = 256;

/** Time and the one timer that the wheel needs of its host. */
export interface WheelClock {
  /** Milliseconds, from any origin. */
  now(): number;
  /** Calls back once after so many milliseconds. */
  wake(ms: number, callback: () => void): WheelTimer;
}

/** What `setTimeout` returns, as far as it matters here. */
interface WheelTimer {
  /** Whether it keeps the process alive. */
  ref(): void;
  unref(): void;
  close(): void;
}

/** One time that is waited for. */
export interface WheelEntry {
  readonly due: () => void;
  readonly tick: number;
  previous: WheelEntry | undefined;
  next: WheelEntry | undefined;
  isIn: boolean;
}

/**
 * Any number of deadlines on one timer. Entering and leaving cost a link in a list; only the next slot with entries
 * wakes the process.
 *
 * @see Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987, scheme 6.
 */
export class TimerWheel {
  readonly #clock: WheelClock;
  readonly #slots: (WheelEntry | undefined)[] = Array.from({ length: SLOTS });
  #size = 0;
  /** Every slot before this tick was visited. */
  #visited = 0;
  #timer: WheelTimer | undefined;
  #wakesAt = Infinity;

  constructor(clock: WheelClock) {
    this.#clock = clock;
  }

  /** @param at By the clock of the wheel, finite. */
  add(at: number, due: () => void): WheelEntry {
    if (this.#size === 0) this.#visited = Math.floor(this.#clock.now() / TICK_MS);
    const tick = Math.max(this.#visited, Math.ceil(at / TICK_MS));
    const slot = tick % SLOTS;
    const next = this.#slots[slot];
    const entry: WheelEntry = { due, tick, previous: undefined, next, isIn: true };
    if (next) next.previous = entry;
    this.#slots[slot] = entry;
    if (this.#size++ === 0) this.#timer?.ref();
    if (tick < this.#wakesAt) this.#arm(tick);
    return entry;
  }

  /** Safe to repeat, and for an entry that was called. */
  remove(entry: WheelEntry): void {
    if (!entry.isIn) return;
    entry.isIn = false;
    if (entry.previous) entry.previous.next = entry.next;
    else this.#slots[entry.tick % SLOTS] = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    // The timer stays: who waits again soon finds it set.
    if (--this.#size === 0) this.#timer?.unref();
  }

  #arm(tick: number): void {
    this.#timer?.close();
    this.#wakesAt = tick;
    const ms = Math.max(1, Math.ceil(tick * TICK_MS - this.#clock.now()));
    this.#timer = this.#clock.wake(ms, () => this.#turn());
  }

  #turn(): void {
    this.#timer = undefined;
    this.#wakesAt = Infinity;
    const now = Math.floor(this.#clock.now() / TICK_MS);
    const first = this.#visited;
    this.#visited = now + 1;
    for (let tick = Math.max(first, now - SLOTS + 1); tick <= now; tick++) {
      for (let entry = this.#slots[tick % SLOTS]; entry; entry = entry.next) {
        // What it called may have removed the one that came next.
        if (!entry.isIn || entry.tick > now) continue;
        this.remove(entry);
        entry.due();
      }
    }
    if (this.#size > 0) this.#arm(this.#nextOccupied());
  }

  /** Its entries may be due only rounds later; then the wheel turns once in vain. */
  #nextOccupied(): number {
    let tick = this.#visited;
    while (!this.#slots[tick % SLOTS] && tick < this.#visited + SLOTS) tick++;
    return tick;
  }
}
