import { byText } from "../domain/by-text.ts";
import { TradsysError } from "../domain/errors.ts";
import type { PortErrorCode } from "../plugin/errors.ts";
import type { OrderIntent } from "../plugin/ports/order-entry.ts";

/** What may be sent: everything, only what reduces a position, or nothing. Cancels and queries always pass. */
export type TradingState = "active" | "reducing" | "draining" | "reconciling" | "halted";

/** What a state holds for. */
export type TradingScope = "host" | `venue:${string}` | `account:${string}` | `strategy:${string}`;

/** A state that stays until persons agree to lift it, also when the host starts anew. */
export interface Latch {
  /** Names it and its records. */
  readonly id: string;
  readonly scope: TradingScope;
  readonly state: Exclude<TradingState, "active">;
  /** A person, or what set it by itself. */
  readonly by: string;
  readonly reason: string;
  /** Persons who agreed to lift it. */
  readonly agreed: readonly string[];
}

/** Who sets what no person did: two persons lift it, where otherwise one other than who set it is enough. */
export const AUTOMATIC = "risk";

/** Enough persons have agreed. */
export const isLifted = ({ by, agreed }: Latch): boolean =>
  new Set(agreed.filter((person) => person !== by)).size >= (by === AUTOMATIC ? 2 : 1);

/** @param atMs Milliseconds since the epoch. */
export function newLatch(what: Pick<Latch, "scope" | "state" | "by" | "reason">, atMs: number): Latch {
  const words = `${what.scope} ${what.state} ${what.by}`.replaceAll(/[^A-Za-z0-9]+/g, "-");
  return { ...what, id: `${atMs}-${words}`, agreed: [] };
}

/**
 * A person agrees that a scope trades again.
 *
 * @returns The latches that this holds for, with the agreement.
 * @throws {TradsysError} `APPROVAL_OWN` for who set all of them or has agreed before, `NOTHING_OPEN` where nothing is
 *   latched.
 */
export function agree(latches: readonly Latch[], scope: TradingScope, person: string): readonly Latch[] {
  const held = latches.filter((latch) => latch.scope === scope && !isLifted(latch));
  if (held.length === 0) throw new TradsysError("NOTHING_OPEN", `${scope} trades: there is nothing to lift`);
  const open = held.filter(({ by, agreed }) => by !== person && !agreed.includes(person));
  if (open.length > 0) return open.map((latch) => ({ ...latch, agreed: [...latch.agreed, person] }));
  throw new TradsysError("APPROVAL_OWN", `${person} cannot lift alone what holds ${scope}`, {
    hint: "Ask another person to run the command.",
  });
}

const REFUSALS: Readonly<Record<Latch["state"], PortErrorCode>> = {
  reducing: "TRADING_REDUCING",
  draining: "DRAINING",
  reconciling: "RECONCILING",
  halted: "TRADING_HALTED",
};

/** The later, the less passes. */
const STRICTNESS = ["reducing", "draining", "reconciling", "halted"];
const strictness = ({ state }: Latch): number => STRICTNESS.indexOf(state);

/** The latches that hold on a host. */
export class TradingStates {
  readonly #latches = new Map<string, Latch>();

  /** By id, which is in the order in which they were set. */
  latches(): readonly Latch[] {
    return [...this.#latches.values()]
      .filter((latch) => !isLifted(latch))
      .toSorted((a, b) => byText(a.id, b.id));
  }

  /** Takes in a latch or what was agreed about it since. Tells whether it is a new one. */
  hold(latch: Latch): boolean {
    const isNew = !this.#latches.has(latch.id);
    this.#latches.set(latch.id, latch);
    return isNew && !isLifted(latch);
  }

  /** For what was set for a while, by who set it. */
  drop({ id }: Latch): void {
    this.#latches.delete(id);
  }

  /** The strictest latch that an order may not pass. */
  against(intent: OrderIntent): Latch | undefined {
    if (this.#latches.size === 0) return undefined;
    const scopes = scopesOf(intent);
    const [strictest] = this.latches()
      .filter(({ scope }) => scopes.includes(scope))
      .toSorted((a, b) => strictness(b) - strictness(a));
    return strictest?.state === "reducing" && intent.reduceOnly ? undefined : strictest;
  }
}

export const refusalCode = ({ state }: Latch): PortErrorCode => REFUSALS[state];

/** Everything that an order belongs to. */
export function scopesOf({
  instrument,
  account,
  strategy,
}: Pick<OrderIntent, "instrument" | "account" | "strategy">): TradingScope[] {
  return [
    "host",
    `venue:${venueOf(instrument)}`,
    ...(account === undefined ? [] : [`account:${account}` as const]),
    ...(strategy === undefined ? [] : [`strategy:${strategy}` as const]),
  ];
}

export const venueOf = (instrument: string): string => instrument.slice(0, instrument.indexOf(":"));
