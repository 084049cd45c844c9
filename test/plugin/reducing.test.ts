import * as fc from "fast-check";
import { expect, it } from "vitest";

import { isStrictlyReducing, type Order } from "../../src/plugin/index.ts";
import { limitOrder } from "../plugins/host.ts";

const instrument = "SIM:BTC/USDT";
const openSale = (quantity: string, filledQuantity = "0"): Order => ({
  ...limitOrder({ clientOrderId: "open", side: "sell", quantity }),
  price: "1",
  venueOrderId: "1",
  state: "accepted",
  filledQuantity,
  tsVenueUs: 0,
});
const account = (quantity: string, ...open: Order[]) => ({
  positions: async () => [{ instrument, quantity }],
  openOrders: async () => open,
});
const nothing = () => [];

it("is reducing exactly while the position cannot change its sign", async () => {
  const amounts = fc.integer({ min: -20, max: 20 });
  const property = fc.asyncProperty(
    amounts,
    fc.integer({ min: 0, max: 10 }),
    fc.integer({ min: 1, max: 10 }),
    async (held, open, wanted) => {
      const sale = limitOrder({ side: "sell", quantity: String(wanted) });
      const answer = await isStrictlyReducing(sale, account(String(held), openSale(String(open))), nothing);
      expect(answer).toBe(held - open - wanted >= 0);
    },
  );
  await fc.assert(property);
});

it("closes short positions by buying", async () => {
  const purchase = limitOrder({ side: "buy", quantity: "1" });
  expect(await isStrictlyReducing(purchase, account("-1"), nothing)).toBe(true);
  expect(await isStrictlyReducing(purchase, account("-0.5"), nothing)).toBe(false);
  expect(await isStrictlyReducing(purchase, account("1"), nothing)).toBe(false);
});

it("counts what is left of an open order, and orders the account does not show yet", async () => {
  const sale = limitOrder({ side: "sell", quantity: "1" });
  expect(await isStrictlyReducing(sale, account("2", openSale("3", "2")), nothing)).toBe(true);
  const onItsWay = limitOrder({ clientOrderId: "c-2", side: "sell", quantity: "1.5" });
  expect(await isStrictlyReducing(sale, account("2"), () => [sale, onItsWay])).toBe(false);
});

it("counts neither the order itself nor what is open on the other side", async () => {
  const sale = limitOrder({ side: "sell", quantity: "1" });
  const purchase = { ...openSale("5"), side: "buy" as const };
  expect(await isStrictlyReducing(sale, account("1", purchase), () => [sale])).toBe(true);
});

it("proves nothing while the account fails", async () => {
  const failing = { ...account("5"), openOrders: () => Promise.reject(new Error("venue is down")) };
  await expect(isStrictlyReducing(limitOrder({ side: "sell" }), failing, nothing)).rejects.toThrow("down");
});
