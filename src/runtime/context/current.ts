import { AsyncLocalStorage } from "node:async_hooks";

import type { CallLimits, CallScope } from "../../plugin/define.ts";
import { portError, type PortError } from "../../plugin/errors.ts";
import { Cell, Home } from "./cell.ts";
import { factsWithin } from "./facts.ts";
import { hostNow, notBegun, Scope } from "./scope.ts";

/** The one store of the product: on Node 24 each further one would make every entry dearer, for ever. */
const cells = new AsyncLocalStorage<Cell>();

const HOST = new Home();

/** Runs work in a context. The one place where a boundary is entered: once for each call. */
export const enter = <T>(cell: Cell, work: () => T): T => cells.run(cell, work);

/** The cell that was entered, also where its call has ended since. */
export const enteredCell = (): Cell | undefined => cells.getStore();

/** The context of the running code. One whose call has ended is not used again, and told as a leak of its user. */
export function currentCell(user?: Home): Cell | undefined {
  const cell = cells.getStore();
  if (cell?.scope?.isReleased !== true) return cell;
  (user ?? cell.home).leaked();
  return undefined;
}

/** What bounds the running code, for a plugin: nothing, where no caller set a limit. */
export const callScopeIn = (home: Home) => (): CallScope => currentCell(home) ?? new Cell(home);

/**
 * Runs work of a plugin, or of whoever it is called in, that its caller may stop waiting for, and says what it is part of. Every port
 * call inside, through any number of plugins in whatever isolation, has the same deadline and is called off with it.
 *
 * @throws {PortError} `TIMEOUT` or `CANCELLED`, with the outcome `not-sent` where the work was not begun;
 *   `CONTRACT_VIOLATION` for facts that cannot travel.
 */
export function limitedIn(home?: Home) {
  return async <T>(limits: CallLimits, work: () => Promise<T>): Promise<T> => {
    const { ms, signal } = limits;
    const outer = currentCell(home) ?? new Cell(home ?? HOST);
    const facts = factsWithin(outer.facts, limits);
    const waiting = outer.scope;
    const own = ms === undefined ? Infinity : hostNow() + ms;
    const scope = new Scope(Math.min(waiting?.deadline ?? Infinity, own));
    const { promise: calledOff, reject } = Promise.withResolvers<never>();
    const endWithOuter = (reason: PortError): void => scope.end(reason);
    const cancel = (): void =>
      scope.end(portError("CANCELLED", "the caller gave up", { outcome: "unknown", cause: signal?.reason }));
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted === true) cancel();
    if (waiting?.ended) scope.end(waiting.ended);
    try {
      if (scope.ended) throw notBegun(scope.ended);
      waiting?.watch(endWithOuter);
      scope.watch(reject);
      const foreign = limits.traceparent === undefined ? outer.foreign : undefined;
      const cell = new Cell(home ?? outer.home, { facts, scope, foreign });
      return await Promise.race([enter(cell, work), calledOff]);
    } finally {
      signal?.removeEventListener("abort", cancel);
      waiting?.unwatch(endWithOuter);
      scope.release();
    }
  };
}

/** The same, for the host and in the name of whoever runs. */
export const limited = limitedIn();
