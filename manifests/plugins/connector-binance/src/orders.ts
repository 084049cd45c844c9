import {
  decimal,
  isPortError,
  portError,
  type Account,
  type Order,
  type OrderRef,
  type OrderState,
  type VenueOrders,
} from "tradsys/plugin";

import { calling } from "./errors.ts";
import { amount, list, microseconds, read, text } from "./message.ts";
import type { Venue } from "./venue.ts";

/**
 * Orders go through ccxt's implicit methods, one for each of the venue's own requests: the unified ones take numbers
 * and round prices and quantities on the way, after risk has seen them.
 */
export function orderEntry({ api, pair }: Venue): VenueOrders {
  const key = (ref: OrderRef) => ({ symbol: pair(ref.instrument).id, origClientOrderId: ref.clientOrderId });

  const query = async (ref: OrderRef): Promise<Order> =>
    toOrder(ref.instrument, await calling(() => api.privateGetOrder(key(ref))));

  return {
    query,

    async submit(intent) {
      const terms =
        intent.type === "limit"
          ? { type: "LIMIT", price: intent.price, timeInForce: intent.timeInForce }
          : { type: "MARKET" };
      const request = {
        ...terms,
        symbol: pair(intent.instrument).id,
        side: intent.side.toUpperCase(),
        quantity: intent.quantity,
        newClientOrderId: intent.clientOrderId,
      };
      return toOrder(intent.instrument, await calling(() => api.privatePostOrder(request)));
    },

    async cancel(ref) {
      try {
        return toOrder(ref.instrument, await calling(() => api.privateDeleteOrder(key(ref))));
      } catch (error) {
        // The venue knows open orders only here. One that has ended is not a failure.
        if (isPortError(error) && error.code === "ORDER_NOT_FOUND") return query(ref);
        throw error;
      }
    },
  };
}

export function account({ api, instruments, pair }: Venue): Account {
  const balances = async () => {
    const rows = list(await calling(() => api.privateGetAccount()), "balances");
    return rows
      .map((row) => ({ asset: text(row, "asset"), free: amount(row, "free"), locked: amount(row, "locked") }))
      .filter(({ free, locked }) => decimal.compare(decimal.add(free, locked), "0") !== 0)
      .toSorted((a, b) => (a.asset < b.asset ? -1 : 1));
  };

  return {
    balances,

    async openOrders() {
      const messages = list(await calling(() => api.privateGetOpenOrders()));
      const orders = messages.flatMap((message) => {
        const instrument = instruments.find((each) => pair(each).id === text(message, "symbol"));
        return instrument === undefined ? [] : [toOrder(instrument, message)];
      });
      return orders.toSorted((a, b) => (a.clientOrderId < b.clientOrderId ? -1 : 1));
    },

    async positions() {
      const held = new Map((await balances()).map((row) => [row.asset, decimal.add(row.free, row.locked)]));
      return instruments.map((each) => ({ instrument: each, quantity: held.get(pair(each).base) ?? "0" }));
    },
  };
}

const STATES: Readonly<Record<string, OrderState>> = {
  NEW: "accepted",
  PARTIALLY_FILLED: "partially-filled",
  FILLED: "filled",
  CANCELED: "cancelled",
  PENDING_CANCEL: "accepted",
  REJECTED: "rejected",
  EXPIRED: "expired",
  EXPIRED_IN_MATCH: "expired",
};

function toOrder(instrument: string, message: unknown): Order {
  const status = text(message, "status");
  const state = STATES[status];
  if (!state) throw portError("BAD_RESPONSE", `order status ${status} is unknown`, { outcome: "unknown" });
  // A cancellation has an id of its own; the order's is then the original one.
  const idMember = read(message, "origClientOrderId") === undefined ? "clientOrderId" : "origClientOrderId";
  const timeMember = read(message, "transactTime") === undefined ? "updateTime" : "transactTime";
  return {
    clientOrderId: text(message, idMember),
    venueOrderId: text(message, "orderId"),
    instrument,
    side: text(message, "side") === "BUY" ? "buy" : "sell",
    quantity: amount(message, "origQty"),
    price: text(message, "type") === "MARKET" ? null : amount(message, "price"),
    filledQuantity: amount(message, "executedQty"),
    state,
    tsVenueUs: microseconds(message, timeMember),
  };
}
