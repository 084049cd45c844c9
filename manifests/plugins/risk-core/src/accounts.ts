import { decimal, type Account, type Bound, type Log, type OrderIntent } from "tradsys/plugin";

import { venueOf } from "./flow.ts";
import { baseOf, quoteOf, type Holdings } from "./holdings.ts";
import type { Market } from "./market.ts";

const DAY_US = 86_400_000_000;

/** What one provider last said, amounts in units of 10^-18. */
interface Statement {
  readonly asOfUs: number;
  readonly free: ReadonlyMap<string, bigint>;
  readonly totals: ReadonlyMap<string, bigint>;
  readonly instruments: readonly string[];
}

/** Taken off by orders, by asset. */
type Spending = Map<string, bigint>;

/** What the venues say we have, read again and again; between two statements what was allowed since is taken off. */
export class Accounts {
  readonly #parts: { readonly market: Market; readonly holdings: Holdings; readonly log: Log };
  /** By venue. */
  readonly #statements = new Map<string, Statement>();
  /** Since the last statement was asked for, and since the next one was: it may or may not show them. */
  readonly #spent = new Map<string, { shown: Spending; asked: Spending }>();
  readonly #venues = new Map<string, string>();
  /** Value of all that the served instruments are made of; undefined while something that is held has no price. */
  #equity: bigint | undefined;
  #day: { readonly number: number; readonly equity: bigint } | undefined;

  constructor(parts: { readonly market: Market; readonly holdings: Holdings; readonly log: Log }) {
    this.#parts = parts;
  }

  /** Never fails: a venue that does not answer keeps its old statement, which grows stale. */
  async refresh(providers: readonly Bound<Account>[], now: () => number): Promise<void> {
    await Promise.all(
      providers.map(async (provider) => {
        try {
          await this.#read(provider, now());
        } catch (error) {
          this.#parts.log.warn("an account did not answer", {
            provider: provider.provider,
            reason: String(error),
          });
        }
      }),
    );
    this.#equity = this.#valued();
    this.dayLoss(now());
  }

  /** The free amount of what the order spends; null where no statement is as young as this. */
  free(intent: OrderIntent, since: number): bigint | null {
    const venue = venueOf(intent.instrument);
    const statement = this.#statements.get(venue);
    if (!statement || statement.asOfUs < since) return null;
    const asset = spentAsset(intent);
    return (statement.free.get(asset) ?? 0n) - (this.#spent.get(venue)?.shown.get(asset) ?? 0n);
  }

  spend(intent: OrderIntent, amount: bigint): void {
    const spent = this.#spendingOf(venueOf(intent.instrument));
    const asset = spentAsset(intent);
    for (const sums of [spent.shown, spent.asked]) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  }

  /** Lost since the day, UTC, began, as of the last statements; null while something that is held has no price. */
  dayLoss(nowUs: number): bigint | null {
    this.#equity ??= this.#valued();
    if (this.#equity === undefined) return null;
    const number = Math.floor(nowUs / DAY_US);
    if (this.#day?.number !== number) this.#day = { number, equity: this.#equity };
    return this.#equity < this.#day.equity ? this.#day.equity - this.#equity : 0n;
  }

  async #read({ provider, port }: Bound<Account>, asOfUs: number): Promise<void> {
    const before = this.#venues.get(provider);
    if (before !== undefined) this.#spendingOf(before).asked = new Map();
    const [balances, positions] = await Promise.all([port.balances(), port.positions()]);
    const venue = venueOf(positions[0]?.instrument ?? "");
    for (const { instrument, quantity } of positions) {
      const price = this.#parts.market.last(instrument)?.middle;
      this.#parts.holdings.set({ account: "", instrument }, decimal.toScaled(quantity), price);
    }
    const free = new Map<string, bigint>();
    const totals = new Map<string, bigint>();
    for (const row of balances) {
      free.set(row.asset, decimal.toScaled(row.free));
      totals.set(row.asset, decimal.toScaled(row.free) + decimal.toScaled(row.locked));
    }
    this.#statements.set(venue, {
      asOfUs,
      free,
      totals,
      instruments: positions.map(({ instrument }) => instrument),
    });
    this.#venues.set(provider, venue);
    const spent = this.#spendingOf(venue);
    spent.shown = before === undefined ? new Map() : new Map(spent.asked);
  }

  #spendingOf(venue: string) {
    const spent = this.#spent.get(venue) ?? { shown: new Map(), asked: new Map() };
    this.#spent.set(venue, spent);
    return spent;
  }

  #valued(): bigint | undefined {
    let equity = 0n;
    for (const { totals, instruments } of this.#statements.values()) {
      for (const asset of new Set(instruments.map(quoteOf))) equity += totals.get(asset) ?? 0n;
      for (const instrument of instruments) {
        const held = totals.get(baseOf(instrument)) ?? 0n;
        if (held === 0n) continue;
        const marked = this.#parts.market.last(instrument);
        if (!marked) return undefined;
        equity += decimal.timesScaled(held, marked.middle, "half-even");
      }
    }
    return equity;
  }
}

const spentAsset = ({ side, instrument }: OrderIntent): string =>
  side === "buy" ? quoteOf(instrument) : baseOf(instrument);
