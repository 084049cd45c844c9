import { TradsysError } from "../domain/errors.ts";
import { followLatches, keepLatch, readLatches } from "../risk/trading-folder.ts";
import { TradingGate } from "../risk/trading-gate.ts";
import type { TradingScope } from "../risk/trading-states.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Io } from "./command.ts";

export const SCOPE_OPTIONS = {
  venue: { type: "string", value: "CODE", description: "Orders of this venue" },
  account: { type: "string", value: "ID", description: "Orders of this account" },
  strategy: { type: "string", value: "NAME", description: "Orders of this strategy" },
  all: { type: "boolean", description: "Every order of this host" },
} as const;

interface ScopeFlags {
  readonly venue?: string | undefined;
  readonly account?: string | undefined;
  readonly strategy?: string | undefined;
  readonly all?: boolean | undefined;
}

/** @throws {TradsysError} `USAGE` unless exactly one scope is named. */
export function scopeOf({ venue, account, strategy, all }: ScopeFlags): TradingScope {
  const scopes: TradingScope[] = [
    ...(venue === undefined ? [] : [`venue:${venue}` as const]),
    ...(account === undefined ? [] : [`account:${account}` as const]),
    ...(strategy === undefined ? [] : [`strategy:${strategy}` as const]),
    ...(all === true ? ["host" as const] : []),
  ];
  const [scope] = scopes;
  if (scope !== undefined && scopes.length === 1) return scope;
  throw new TradsysError("USAGE", "expected one of --venue, --account, --strategy and --all", {
    hint: "For example: `--venue BINANCE`",
  });
}

/** The gate of a host that runs from a root: it begins with what was latched there, and obeys what is latched later. */
export async function openGate(io: Io, root: string) {
  const { files } = io;
  const gate = new TradingGate({
    now: () => io.now().getTime(),
    latches: await readLatches(files, root),
    onLatch(latch) {
      io.report(`latched  ${latch.scope} is ${latch.state}: ${latch.reason}`, { event: "latched", ...latch });
      keepLatch(files, root, latch).catch((error: unknown) =>
        io.report(`warn     the latch is not kept: ${String(error)}`, { event: "latch-lost", ...latch }),
      );
    },
  });
  return {
    guard: gate.guard,
    /** Until the signal. */
    follow({ ports }: Pick<Runtime, "ports">, signal: AbortSignal): void {
      gate.connect(ports);
      followLatches(gate, { files, root, signal }).catch((error: unknown) =>
        // What cannot be followed could not be stopped from outside.
        gate.latch({ scope: "host", state: "halted", by: "the host", reason: String(error) }),
      );
    },
  };
}
