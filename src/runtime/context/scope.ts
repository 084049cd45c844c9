import { AsyncLocalStorage } from "node:async_hooks";

import { portError, type PortError } from "../../plugin/errors.ts";
import { TimerWheel, type WheelEntry } from "./timer-wheel.ts";

/** Milliseconds on the one clock that all threads and processes of a machine share. */
export const hostNow = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Deadlines of all calls share a timer, which must not run in the context of whichever call set it. */
const outside = AsyncLocalStorage.snapshot();

const deadlines = new TimerWheel({
  now: hostNow,
  wake: (ms, callback) => outside(() => setTimeout(callback, ms)),
});

type Watcher = (reason: PortError) => void;

/** How long somebody waits for a piece of work. Takes its place among the deadlines only once it is watched. */
export class Scope {
  /** By `hostNow`; `Infinity` where there is none. */
  readonly deadline: number;
  #watchers: Set<Watcher> | undefined;
  #entry: WheelEntry | undefined;
  #controller: AbortController | undefined;
  #ended: PortError | undefined;
  #isReleased = false;

  constructor(deadline = Infinity) {
    this.deadline = deadline;
  }

  get remainingMs(): number {
    return Math.max(0, this.deadline - hostNow());
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.ended) controller.abort(this.ended);
    else this.watch((reason) => controller.abort(reason));
    return controller.signal;
  }

  /** Why nobody waits any longer, once that is so. */
  get ended(): PortError | undefined {
    const mayEnd = this.deadline !== Infinity && !this.#ended && !this.#isReleased;
    if (mayEnd && this.remainingMs === 0) this.end(timedOut());
    return this.#ended;
  }

  /** True once the work has ended: what it left running in the background is nobody's to call off. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Calls back once, when the scope ends before its work does. */
  watch(watcher: Watcher): void {
    (this.#watchers ??= new Set()).add(watcher);
    if (this.deadline !== Infinity) this.#entry ??= deadlines.add(this.deadline, () => this.end(timedOut()));
  }

  unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  end(reason: PortError): void {
    if (this.#ended || this.#isReleased) return;
    this.#ended = reason;
    if (this.#entry) deadlines.remove(this.#entry);
    const watchers = this.#watchers ?? [];
    this.#watchers = undefined;
    for (const watcher of watchers) watcher(reason);
  }

  release(): void {
    this.#isReleased = true;
    if (this.#entry) deadlines.remove(this.#entry);
    this.#watchers = undefined;
  }
}

const timedOut = (): PortError =>
  portError("TIMEOUT", "the caller's deadline has passed", { outcome: "unknown" });

/** The same refusal for a call that was never made. */
export const notBegun = ({ code, message }: PortError): PortError =>
  portError(code, message, { outcome: "not-sent", retryable: true });
