import { decimal, isFinal, type Execution, type OrderIntent, type RiskFacts } from "tradsys/plugin";

import type { Accounts } from "./accounts.ts";
import { venueOf, type Flow } from "./flow.ts";
import type { Holdings } from "./holdings.ts";
import type { Market } from "./market.ts";
import type { Phases } from "./phases.ts";

interface Parts {
  readonly market: Market;
  readonly holdings: Holdings;
  readonly accounts: Accounts;
  readonly flow: Flow;
  readonly phases: Phases;
}

/** An order that was allowed, or is being decided on, and has not ended; amounts in units of 10^-18. */
interface Pending {
  readonly intent: OrderIntent;
  readonly quantity: bigint;
  /** Null for a market order: it does not rest. */
  readonly price: bigint | null;
  filled: bigint;
  isAllowed: boolean;
}

const { fromScaled, toScaled } = decimal;

/** All that decisions are made by. Nothing here waits: what is not known by now is not known. */
export class Book {
  readonly #parts: Parts;
  readonly #pending = new Map<string, Pending>();
  /** The same orders by what they would trade with. */
  readonly #resting = new Map<string, Set<Pending>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  *pending(): Generator<OrderIntent> {
    for (const { intent } of this.#pending.values()) yield intent;
  }

  /** Whether an order of this id goes out already, and is the same. */
  answered({ clientOrderId, instrument, side, quantity }: OrderIntent): "no" | "same" | "other" {
    const known = this.#pending.get(clientOrderId);
    if (known?.isAllowed !== true) return "no";
    const { intent } = known;
    const isSame = intent.instrument === instrument && intent.side === side && intent.quantity === quantity;
    return isSame ? "same" : "other";
  }

  /**
   * What rules judge an order by that was taken.
   *
   * @throws {PortError} `RISK_STALE` where the market was not seen since then.
   */
  facts(
    intent: OrderIntent,
    nowUs: number,
    limits: { seenSinceUs: number; statedSinceUs: number },
  ): RiskFacts {
    const { accounts, flow, holdings, market, phases } = this.#parts;
    const { account = "", instrument, side } = intent;
    const marked = market.fresh(instrument, limits.seenSinceUs);
    const free = accounts.free(intent, limits.statedSinceUs);
    const loss = accounts.dayLoss(nowUs);
    const buys = side === "buy";
    const { quote } = marked;
    return {
      intent,
      nowUs,
      referencePrice: marked.reference,
      market: {
        quoteAgeUs: Math.max(0, nowUs - quote.tsHostUs),
        best: buys
          ? { price: quote.ask, quantity: quote.askQuantity }
          : { price: quote.bid, quantity: quote.bidQuantity },
        phase: phases.now(venueOf(instrument), nowUs),
        volatilityBps: marked.volatilityBps,
      },
      book: { ownBestOpposite: this.#ownBestOpposite(intent) },
      account: {
        position: fromScaled(holdings.position(account, instrument, side) - this.#signedRest(intent)),
        free: free === null ? null : fromScaled(free),
        grossExposure: fromScaled(holdings.grossExposure(account)),
        groupExposure: fromScaled(holdings.groupExposure(account, instrument)),
        dayLoss: loss === null ? null : fromScaled(loss),
      },
      flow: flow.note(intent, nowUs),
    };
  }

  /** From now on the order counts as open, also while it is decided on: two cannot pass on the same grounds. */
  take(intent: OrderIntent): void {
    const { clientOrderId, instrument } = intent;
    if (this.#pending.has(clientOrderId)) return;
    const order: Pending = {
      intent,
      quantity: toScaled(intent.quantity),
      price: intent.type === "limit" ? toScaled(intent.price) : null,
      filled: 0n,
      isAllowed: false,
    };
    this.#pending.set(clientOrderId, order);
    this.#parts.holdings.open(intent, order.quantity);
    if (order.price === null) return;
    const resting = this.#resting.get(instrument) ?? new Set();
    this.#resting.set(instrument, resting.add(order));
  }

  /** The order goes out: it is spent and remembered. */
  allow(intent: OrderIntent, nowUs: number): void {
    const { accounts, flow, market } = this.#parts;
    const order = this.#pending.get(intent.clientOrderId);
    if (!order) return;
    order.isAllowed = true;
    flow.allowed(intent, nowUs);
    const price = order.price ?? market.last(intent.instrument)?.middle ?? 0n;
    const amount =
      intent.side === "buy" ? decimal.timesScaled(price, order.quantity, "ceil") : order.quantity;
    accounts.spend(intent, amount);
  }

  /** What was filled moves from open to held. Hearing it twice changes nothing. */
  apply({ clientOrderId, filledQuantity, state }: Execution): void {
    const order = this.#pending.get(clientOrderId);
    if (!order) return;
    const { account = "", instrument, side } = order.intent;
    const filled = toScaled(filledQuantity);
    const added = (filled < order.quantity ? filled : order.quantity) - order.filled;
    if (added > 0n) {
      order.filled += added;
      this.#parts.holdings.open(order.intent, -added);
      const price = this.#parts.market.last(instrument)?.middle;
      this.#parts.holdings.add({ account, instrument }, side === "buy" ? added : -added, price);
    }
    if (isFinal(state)) this.drop(clientOrderId);
  }

  drop(clientOrderId: string): void {
    const order = this.#pending.get(clientOrderId);
    if (!order) return;
    this.#pending.delete(clientOrderId);
    this.#parts.holdings.open(order.intent, order.filled - order.quantity);
    const { instrument } = order.intent;
    const resting = this.#resting.get(instrument);
    resting?.delete(order);
    if (resting?.size === 0) this.#resting.delete(instrument);
  }

  /** What the order itself adds to the position. */
  #signedRest({ clientOrderId, side }: OrderIntent): bigint {
    const order = this.#pending.get(clientOrderId);
    const rest = order ? order.quantity - order.filled : 0n;
    return side === "buy" ? rest : -rest;
  }

  /** The own price that an order on this side would meet first. */
  #ownBestOpposite({ clientOrderId, instrument, side }: OrderIntent): decimal.Decimal | null {
    let best: bigint | null = null;
    for (const { intent, price } of this.#resting.get(instrument) ?? []) {
      if (intent.side === side || price === null || intent.clientOrderId === clientOrderId) continue;
      if (best === null || (side === "buy" ? price < best : price > best)) best = price;
    }
    return best === null ? null : fromScaled(best);
  }
}
