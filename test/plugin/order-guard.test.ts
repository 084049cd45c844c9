import { expect, it } from "vitest";

import {
  guardOrders,
  portError,
  type Account,
  type Execution,
  type Order,
  type OrderIntent,
  type RiskPretrade,
  type VenueOrders,
} from "../../src/plugin/index.ts";
import { Home } from "../../src/runtime/context/cell.ts";
import { callScopeIn, limitedIn } from "../../src/runtime/context/current.ts";
import { limitOrder, quietLog } from "../plugins/host.ts";

const home = new Home();
const limited = limitedIn(home);

const accepted = (intent: OrderIntent): Order => ({
  ...intent,
  price: null,
  venueOrderId: "1",
  state: "accepted",
  filledQuantity: "0",
  tsVenueUs: 0,
});

/** A venue that takes every order unless told otherwise, and remembers what reached it. */
function venueThat(submit?: (intent: OrderIntent) => Promise<Order>) {
  const sent: OrderIntent[] = [];
  const orderEntry: VenueOrders = {
    submit: async (intent) => {
      sent.push(intent);
      return submit ? submit(intent) : accepted(intent);
    },
    cancel: async (ref) => ({ ...accepted(limitOrder(ref)), state: "cancelled" }),
    query: async (ref) => ({ ...accepted(limitOrder(ref)), state: "filled", filledQuantity: "1" }),
  };
  return { sent, orderEntry };
}

const allow: RiskPretrade["evaluate"] = async () => ({ verdict: "allow", reasons: [] });
const silent: RiskPretrade["evaluate"] = () => new Promise(() => {});
const broken: RiskPretrade["evaluate"] = () => Promise.reject(new Error("risk has crashed"));

const emptyAccount: Pick<Account, "openOrders" | "positions"> = {
  openOrders: async () => [],
  positions: async () => [],
};

function guarded(
  venue: VenueOrders,
  evaluate: RiskPretrade["evaluate"] = allow,
  account: Pick<Account, "openOrders" | "positions"> = emptyAccount,
) {
  const heard: Execution[] = [];
  const onExecution: RiskPretrade["onExecution"] = async ({ clientOrderId, state, filledQuantity }) =>
    void heard.push({ clientOrderId, state, filledQuantity });
  const guard = guardOrders(venue, {
    risk: () => ({ evaluate, onExecution }),
    riskTimeoutMs: 20,
    account,
    scope: callScopeIn(home),
    log: quietLog,
  });
  return { ...guard, heard };
}

it("sends what risk allows, and tells risk", async () => {
  const { sent, orderEntry } = venueThat();
  const guard = guarded(orderEntry);
  expect(await guard.orderEntry.submit(limitOrder())).toMatchObject({ state: "accepted" });
  expect(sent).toEqual([limitOrder()]);
  expect(guard.heard).toEqual([{ clientOrderId: "c-1", state: "accepted", filledQuantity: "0" }]);
});

it("sends nothing that risk denies, and gives risk's reasons", async () => {
  const { sent, orderEntry } = venueThat();
  const guard = guarded(orderEntry, async () => ({
    verdict: "deny",
    reasons: [{ code: "PRICE_COLLAR_EXCEEDED", rule: "price-collar", text: "9 is beyond 5" }],
  }));
  const failure = { code: "RISK_DENIED", outcome: "not-sent", retryable: false };
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject(failure);
  expect(sent).toEqual([]);
});

it.each([
  ["silent", silent],
  ["broken", broken],
])("sends no opening order while risk is %s", async (_, evaluate) => {
  const { sent, orderEntry } = venueThat();
  const guard = guarded(orderEntry, evaluate);
  const failure = { code: "RISK_UNAVAILABLE", outcome: "not-sent", retryable: true };
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject(failure);
  expect(sent).toEqual([]);
  expect(guard.heard.at(-1)?.state).toBe("rejected");
});

it("lets strictly reducing orders and cancels pass while risk is broken", async () => {
  const { sent, orderEntry } = venueThat();
  const account = {
    ...emptyAccount,
    positions: async () => [{ instrument: "SIM:BTC/USDT", quantity: "1.5" }],
  };
  const guard = guarded(orderEntry, broken, account);
  await guard.orderEntry.submit(limitOrder({ clientOrderId: "c-1", side: "sell", quantity: "1" }));
  expect(sent).toHaveLength(1);
  // The first sale is still open, so the second could turn the position round.
  const second = guard.orderEntry.submit(limitOrder({ clientOrderId: "c-2", side: "sell", quantity: "1" }));
  await expect(second).rejects.toMatchObject({ code: "RISK_UNAVAILABLE" });
  expect(await guard.orderEntry.cancel(limitOrder())).toMatchObject({ state: "cancelled" });
});

it("answers a repeated submit without sending it again", async () => {
  const { sent, orderEntry } = venueThat();
  const guard = guarded(orderEntry);
  const first = guard.orderEntry.submit(limitOrder());
  const again = guard.orderEntry.submit(limitOrder());
  expect(await again).toEqual(await first);
  expect(sent).toHaveLength(1);
  const other = guard.orderEntry.submit(limitOrder({ quantity: "2" }));
  await expect(other).rejects.toMatchObject({ code: "DUPLICATE_ID_MISMATCH" });
});

it("never sends again what may have been placed, and learns its end by asking", async () => {
  const { sent, orderEntry } = venueThat(() => Promise.reject(new TypeError("x is undefined")));
  const guard = guarded(orderEntry);
  const failure = { code: "BAD_RESPONSE", outcome: "unknown", retryable: false };
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject(failure);
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject(failure);
  expect(sent).toHaveLength(1);
  expect(guard.heard.map((execution) => execution.state)).toEqual(["unknown"]);
  await guard.reconcile();
  await guard.reconcile();
  expect(guard.heard.slice(1)).toEqual([{ clientOrderId: "c-1", state: "filled", filledQuantity: "1" }]);
});

it.each([
  portError("NETWORK_UNREACHABLE", "nobody listens", { outcome: "not-sent", retryable: true }),
  portError("RATE_LIMITED", "too many requests", { outcome: "rejected", retryable: true }),
])("sends again what was certainly not placed and may come again: $code", async (failure) => {
  const { sent, orderEntry } = venueThat(() => Promise.reject(failure));
  const guard = guarded(orderEntry);
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toBe(failure);
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toBe(failure);
  expect(sent).toHaveLength(2);
  expect(guard.heard.map((execution) => execution.state)).toEqual(["rejected", "rejected"]);
});

it("cannot be gone around: a venue takes no order that risk has not seen", () => {
  const { orderEntry } = venueThat();
  // @ts-expect-error An intent is not an approved order.
  const unchecked = (intent: OrderIntent) => orderEntry.submit(intent);
  expect(unchecked).toBeTypeOf("function");
});

it("does not send an order that was called off while risk was deciding", async () => {
  const { promise: decision, resolve } = Promise.withResolvers<void>();
  const { sent, orderEntry } = venueThat();
  const guard = guarded(orderEntry, () => decision.then(() => ({ verdict: "allow", reasons: [] })));
  const caller = new AbortController();
  const submitted = limited({ signal: caller.signal }, () => guard.orderEntry.submit(limitOrder()));
  caller.abort();
  await expect(submitted).rejects.toMatchObject({ code: "CANCELLED" });
  resolve();
  await expect.poll(() => guard.heard.at(-1)?.state).toBe("rejected");
  expect(sent).toEqual([]);
});

it("says that a limit was breached, so that the host can hold further orders back", async () => {
  const { orderEntry } = venueThat();
  const reason = { code: "DAILY_LOSS_EXCEEDED", rule: "daily-loss", text: "too much", latches: true };
  const guard = guarded(orderEntry, async () => ({ verdict: "deny", reasons: [reason] }));
  const failure = { code: "RISK_BREACHED", outcome: "not-sent", retryable: false };
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject(failure);
});

const absent = () => Promise.reject(portError("ORDER_NOT_FOUND", "no such order"));

it("takes an order for never placed only after the venue has not known it three times in a row", async () => {
  const { orderEntry } = venueThat(() => Promise.reject(portError("TIMEOUT", "", { outcome: "unknown" })));
  const guard = guarded({ ...orderEntry, query: absent });
  await expect(guard.orderEntry.submit(limitOrder())).rejects.toMatchObject({ outcome: "unknown" });
  await guard.reconcile();
  await guard.reconcile();
  expect(guard.heard.at(-1)?.state).toBe("unknown");
  await guard.reconcile();
  expect(guard.heard.at(-1)?.state).toBe("rejected");
});
