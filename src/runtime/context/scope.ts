import { AsyncLocalStorage } from "node:async_hooks";

import type { CallLimits, CallScope } from "../../plugin/define.ts";
import { portError, type PortError } from "../../plugin/errors.ts";

/** The one store of the product: on Node 24 each further one would make every entry dearer, for ever. */
const scopes = new AsyncLocalStorage<Scope>();

/** Milliseconds on the one clock that all threads and processes of a machine share. */
const hostNow = (): number => Number(process.hrtime.bigint()) / 1e6;

type Watcher = (reason: PortError) => void;

/** How long somebody waits for a piece of work. Costs a timer and a signal only once they are asked for. */
export class Scope implements CallScope {
  /** By `hostNow`; `Infinity` where there is none. */
  readonly deadline: number;
  #watchers: Set<Watcher> | undefined;
  #timer: NodeJS.Timeout | undefined;
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
    if (!this.#ended && !this.#isReleased && this.remainingMs === 0) this.end(timedOut());
    return this.#ended;
  }

  /** True once the work has ended: what it left running in the background is nobody's to call off. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Calls back once, when the scope ends before its work does. */
  watch(watcher: Watcher): void {
    (this.#watchers ??= new Set()).add(watcher);
    if (this.#timer || this.deadline === Infinity) return;
    // Longer than a timer can hold is as good as no deadline.
    const ms = Math.min(Math.ceil(this.remainingMs), 2 ** 31 - 1);
    this.#timer = setTimeout(() => this.end(timedOut()), ms);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  end(reason: PortError): void {
    if (this.#ended || this.#isReleased) return;
    this.#ended = reason;
    clearTimeout(this.#timer);
    const watchers = this.#watchers ?? [];
    this.#watchers = undefined;
    for (const watcher of watchers) watcher(reason);
  }

  release(): void {
    this.#isReleased = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#watchers = undefined;
  }
}

const timedOut = (): PortError =>
  portError("TIMEOUT", "the caller's deadline has passed", { outcome: "unknown" });

/** The scope that bounds what runs now, if any does. */
export function currentScope(): Scope | undefined {
  const scope = scopes.getStore();
  return scope?.isReleased === true ? undefined : scope;
}

export const inScope = <T>(scope: Scope, work: () => T): T => scopes.run(scope, work);

/** What bounds the running code, for plugins: nothing, where no caller set a limit. */
export const callScope = (): CallScope => currentScope() ?? new Scope();

/**
 * Runs work that its caller may stop waiting for. Every port call inside, through any number of plugins in whatever
 * isolation, has the same deadline and is called off with it.
 *
 * @throws {PortError} `TIMEOUT` or `CANCELLED`, with the outcome `not-sent` where the work was not begun.
 */
export async function limited<T>({ ms, signal }: CallLimits, work: () => Promise<T>): Promise<T> {
  const outer = currentScope();
  const scope = new Scope(
    Math.min(outer?.deadline ?? Infinity, ms === undefined ? Infinity : hostNow() + ms),
  );
  const { promise: calledOff, reject } = Promise.withResolvers<never>();
  const endWithOuter = (reason: PortError): void => scope.end(reason);
  const cancel = (): void =>
    scope.end(portError("CANCELLED", "the caller gave up", { outcome: "unknown", cause: signal?.reason }));
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  if (outer?.ended) scope.end(outer.ended);
  try {
    if (scope.ended) throw notBegun(scope.ended);
    outer?.watch(endWithOuter);
    scope.watch(reject);
    return await Promise.race([inScope(scope, work), calledOff]);
  } finally {
    signal?.removeEventListener("abort", cancel);
    outer?.unwatch(endWithOuter);
    scope.release();
  }
}

/** The same refusal for a call that was never made. */
export const notBegun = ({ code, message }: PortError): PortError =>
  portError(code, message, { outcome: "not-sent", retryable: true });
