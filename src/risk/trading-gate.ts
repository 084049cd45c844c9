import { setTimeout as delay } from "node:timers/promises";

import { byText } from "../domain/by-text.ts";
import { isCode, messageOf } from "../domain/errors.ts";
import type { Bound, PortAccess } from "../plugin/define.ts";
import { isPortError, portError } from "../plugin/errors.ts";
import type { PortTypes } from "../plugin/ports.ts";
import type { Account } from "../plugin/ports/account.ts";
import {
  isFinal,
  type Order,
  type OrderEntry,
  type OrderIntent,
  type OrderRef,
  type OrderState,
} from "../plugin/ports/order-entry.ts";
import { within } from "../plugin/within.ts";
import { limited } from "../runtime/context/current.ts";
import type { PortGuard } from "../runtime/ports.ts";
import {
  AUTOMATIC,
  newLatch,
  refusalCode,
  scopesOf,
  TradingStates,
  venueOf,
  type Latch,
  type TradingScope,
} from "./trading-states.ts";

export interface GateOptions {
  /** Latches of an earlier run. */
  readonly latches?: readonly Latch[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of a latch that was set here, to keep it. */
  readonly onLatch?: (latch: Latch) => void;
  /** Longest wait for one answer of a connector, in milliseconds. Defaults to 2 seconds. */
  readonly answerMs?: number;
  /** Wait before a venue is asked again for an order that it does not know, in milliseconds. Defaults to 500. */
  readonly pauseMs?: number;
}

/** What became of an order that a kill found. */
export interface OrderFate {
  readonly clientOrderId: string;
  readonly instrument: string;
  /** `unknown` where the connector did not tell: the order may still be there. */
  readonly fate: OrderState;
  /** Why the fate is unknown. */
  readonly reason?: string;
}

export interface KillReport {
  readonly scope: TradingScope;
  readonly dryRun: boolean;
  /** Submits that were called off while they were under way. */
  readonly calledOff: readonly string[];
  /** By client order id. In a dry run what would be cancelled, as it is. */
  readonly orders: readonly OrderFate[];
}

/** An order that went through the gate and has not ended, or was found at a venue. */
interface Flight {
  readonly order: OrderRef & Pick<OrderIntent, "account" | "strategy">;
  readonly orders: OrderEntry;
  readonly state: OrderState;
  /** Calls the submit off; absent once it has been answered. */
  readonly underWay?: AbortController;
  /** The submit itself, which goes on after it was called off; absent once the venue has told of the order. */
  sending?: Promise<Order> | undefined;
}

const ANSWER_MS = 2000;
const PAUSE_MS = 500;

/** How often in a row a venue must not know an order of unknown fate before it counts as never placed. */
const ABSENCES = 3;

/**
 * Stands between everybody and every connector's order entry, in the host: no plugin can go around it, and it waits
 * for none. It holds the trading states, knows every order that has not ended, and kills.
 */
export class TradingGate {
  readonly #states = new TradingStates();
  readonly #options: GateOptions;
  readonly #flights = new Map<string, Flight>();
  /** Venues whose orders are not accounted for. */
  readonly #reconciling = new Map<string, Latch>();
  #ports: PortAccess | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    for (const latch of options.latches ?? []) this.#states.hold(latch);
  }

  /** For the runtime's option of that name. */
  readonly guard: PortGuard = (offered, { port }) =>
    port === "order-entry" ? this.#guarded(offered as OrderEntry) : offered;

  /** The host's own ports: where a kill finds orders that did not come through here. */
  connect(ports: PortAccess): void {
    this.#ports = ports;
  }

  latches = (): readonly Latch[] => this.#states.latches();

  /** Orders that have not ended as far as anybody knows, by client order id. */
  openOrders(): readonly OrderRef[] {
    return [...this.#flights.values()].map(({ order }) => order).toSorted(byId);
  }

  /** Takes in a latch that was set or agreed about elsewhere. Tells whether it is a new one. */
  hold = (latch: Latch): boolean => this.#states.hold(latch);

  /** Sets a latch that stays. */
  latch(what: Pick<Latch, "scope" | "state" | "by" | "reason">): Latch {
    const latch = newLatch(what, this.#options.now());
    if (this.#states.hold(latch)) this.#options.onLatch?.(latch);
    return latch;
  }

  /**
   * Halts at once, before anything is waited for; then cancels what is open, all at the same time, and asks what became
   * of each. A connector that does not answer costs its time-out and nothing else.
   */
  async kill(what: Pick<Latch, "scope" | "by" | "reason">): Promise<KillReport> {
    this.latch({ ...what, state: "halted" });
    return this.cancelAll(what.scope);
  }

  /** Calls off what is under way and cancels what is open. A dry run only tells what that would be. */
  async cancelAll(scope: TradingScope, { dryRun = false } = {}): Promise<KillReport> {
    const calledOff: string[] = [];
    for (const { order, underWay } of this.#flights.values()) {
      if (!underWay || !scopesOf(order).includes(scope)) continue;
      calledOff.push(order.clientOrderId);
      if (!dryRun) underWay.abort();
    }
    await this.#findOrders(scope);
    const found = [...this.#flights.values()].filter(({ order }) => scopesOf(order).includes(scope));
    const orders = await Promise.all(
      found.map(async (flight) => (dryRun ? fateOf(flight) : this.#end(flight))),
    );
    return { scope, dryRun, calledOff: calledOff.toSorted(), orders: orders.toSorted(byId) };
  }

  /** Keeps orders away from a venue while something is done about its connector. Cancels and queries pass. */
  async whileDraining<T>(venue: string, work: () => Promise<T>): Promise<T> {
    const latch = newLatch(
      { scope: `venue:${venue}`, state: "draining", by: "the host", reason: "its connector is replaced" },
      this.#options.now(),
    );
    this.#states.hold(latch);
    try {
      return await work();
    } finally {
      this.#states.drop(latch);
    }
  }

  /**
   * After a connector started or was replaced: nothing opens at its venue until every order is accounted for. Orders
   * that nobody here sent are taken in. What the venue does not tell stays unknown, and the venue stays held.
   */
  async reconcile(venue: string): Promise<readonly OrderFate[]> {
    const scope: TradingScope = `venue:${venue}`;
    const what = {
      scope,
      state: "reconciling",
      by: "the host",
      reason: "orders are being accounted for",
    } as const;
    const latch = this.#reconciling.get(venue) ?? newLatch(what, this.#options.now());
    this.#reconciling.set(venue, latch);
    this.#states.hold(latch);
    await this.#findOrders(scope);
    const flights = [...this.#flights.values()].filter(({ order }) => venueOf(order.instrument) === venue);
    const fates = await Promise.all(flights.map((flight) => this.#account(flight)));
    if (fates.every(({ fate }) => fate !== "unknown")) {
      this.#reconciling.delete(venue);
      this.#states.drop(latch);
    }
    return fates.toSorted(byId);
  }

  #guarded(offered: OrderEntry): OrderEntry {
    return {
      submit: (intent) => this.#submit(offered, intent),
      cancel: async (ref) => this.#heard(offered, await offered.cancel(ref)),
      query: async (ref) => this.#heard(offered, await offered.query(ref)),
    };
  }

  async #submit(orders: OrderEntry, intent: OrderIntent): Promise<Order> {
    const { clientOrderId } = intent;
    const against = this.#states.against(intent);
    if (against) {
      const { scope, state, by, reason } = against;
      throw portError(refusalCode(against), `${scope} is ${state}: ${reason} (${by})`, {
        outcome: "not-sent",
      });
    }
    const known = this.#flights.get(clientOrderId);
    const underWay = new AbortController();
    const flight: Flight = { order: intent, orders, state: "unknown", underWay };
    // An order that is open already is answered by the connector; it stays as it is.
    if (!known) this.#flights.set(clientOrderId, flight);
    try {
      const order = await limited(
        { signal: underWay.signal },
        () => (flight.sending = orders.submit(intent)),
      );
      return this.#heard(orders, order, intent);
    } catch (error) {
      const isUnknown = !isPortError(error) || error.outcome === "unknown";
      const { sending } = flight;
      if (isUnknown) this.#flights.set(clientOrderId, { order: intent, orders, state: "unknown", sending });
      else if (!known) this.#flights.delete(clientOrderId);
      if (isPortError(error) && error.code === "RISK_BREACHED") {
        const scope = `venue:${venueOf(intent.instrument)}` as const;
        this.latch({ scope, state: "reducing", by: AUTOMATIC, reason: error.message });
      }
      throw error;
    }
  }

  #heard(orders: OrderEntry, order: Order, intent?: OrderIntent): Order {
    const { clientOrderId, instrument, state } = order;
    const known = this.#flights.get(clientOrderId)?.order ?? intent ?? { clientOrderId, instrument };
    if (isFinal(state)) this.#flights.delete(clientOrderId);
    else this.#flights.set(clientOrderId, { order: known, orders, state });
    return order;
  }

  /** Takes in what venues have open and nobody sent through here: orders of an earlier run, or made by hand. */
  async #findOrders(scope: TradingScope): Promise<void> {
    const accounts = this.#providers("account");
    const entries = new Map(
      this.#providers("order-entry").map(({ provider, port }) => [pluginOf(provider), port] as const),
    );
    await Promise.all(
      accounts.map(async ({ provider, port }) => {
        const orders = entries.get(pluginOf(provider));
        if (!orders) return;
        for (const order of await this.#openAt(port)) {
          if (this.#flights.has(order.clientOrderId) || !scopesOf(order).includes(scope)) continue;
          this.#flights.set(order.clientOrderId, { order, orders, state: order.state });
        }
      }),
    );
  }

  /** None where nothing of the set provides the port: a kill goes on with what there is. */
  #providers<Name extends keyof PortTypes>(name: Name): readonly Bound<PortTypes[Name]>[] {
    try {
      return this.#ports?.all(name) ?? [];
    } catch (error) {
      if (isCode(error, "PORT_UNBOUND")) return [];
      throw error;
    }
  }

  /** Nothing where the account does not answer: what went through here is known anyway. */
  async #openAt(account: Account): Promise<readonly Order[]> {
    return within(account.openOrders(), { ms: this.#answerMs, what: "the account" }).catch(() => []);
  }

  async #end(flight: Flight): Promise<OrderFate> {
    if (await this.#wasNeverSent(flight)) return fateOf(flight, "rejected");
    try {
      await this.#answer(flight, flight.orders.cancel(flight.order));
    } catch {
      // The question that follows tells more than this failure.
    }
    return this.#ask(flight);
  }

  /** Asks until the venue knows the order, or has not known it often enough. */
  async #account(flight: Flight): Promise<OrderFate> {
    let fate = await this.#ask(flight);
    for (let absences = 1; fate.isAbsent === true && absences < ABSENCES; absences++) {
      await delay(this.#options.pauseMs ?? PAUSE_MS);
      fate = await this.#ask(flight);
    }
    if (fate.isAbsent !== true) return fate;
    this.#flights.delete(flight.order.clientOrderId);
    return fateOf(flight, "rejected");
  }

  async #ask(flight: Flight): Promise<OrderFate & { readonly isAbsent?: boolean }> {
    try {
      const { state } = await this.#answer(flight, flight.orders.query(flight.order));
      return fateOf(flight, state);
    } catch (error) {
      const reason = messageOf(error);
      const isAbsent = isPortError(error) && error.code === "ORDER_NOT_FOUND";
      return { ...fateOf(flight, "unknown"), reason, ...(isAbsent && { isAbsent }) };
    }
  }

  async #answer({ orders }: Flight, answer: Promise<Order>): Promise<Order> {
    return this.#heard(orders, await within(answer, { ms: this.#answerMs, what: "the connector" }));
  }

  /** What was called off may still have gone out: only its own end tells. */
  async #wasNeverSent({ order: { clientOrderId }, sending }: Flight): Promise<boolean> {
    if (!sending) return false;
    try {
      await within(sending, { ms: this.#answerMs, what: "the submit" });
      return false;
    } catch (error) {
      const isOver = isPortError(error) && (error.outcome === "not-sent" || error.outcome === "rejected");
      if (isOver) this.#flights.delete(clientOrderId);
      return isOver;
    }
  }

  get #answerMs(): number {
    return this.#options.answerMs ?? ANSWER_MS;
  }
}

const fateOf = ({ order: { clientOrderId, instrument }, state }: Flight, fate = state): OrderFate => ({
  clientOrderId,
  instrument,
  fate,
});

const byId = (a: OrderRef, b: OrderRef): number => byText(a.clientOrderId, b.clientOrderId);
const pluginOf = (facet: string): string => facet.slice(0, facet.lastIndexOf("#"));
