import { add, compare, negate, subtract } from "./decimal.ts";
import type { Account } from "./ports/account.ts";
import type { Order, OrderIntent } from "./ports/order-entry.ts";

/** An order that may still fill, wholly or in part. */
export type PendingOrder = Pick<OrderIntent, "clientOrderId" | "instrument" | "side" | "quantity"> &
  Partial<Pick<Order, "filledQuantity">>;

/**
 * Proves from the account that an order can only make a position smaller, even if every other order on its side fills
 * first. The one kind of order that passes while risk cannot decide. Fails as the account fails.
 *
 * @param pending Orders sent or about to be sent. Read before and after the account is, so that an order that fills
 *   meanwhile counts at least once: the answer may be needlessly `false`, never wrongly `true`.
 */
export async function isStrictlyReducing(
  intent: OrderIntent,
  account: Pick<Account, "openOrders" | "positions">,
  pending: () => Iterable<PendingOrder>,
): Promise<boolean> {
  const before = [...pending()];
  const [positions, open] = await Promise.all([account.positions(), account.openOrders()]);
  const others = new Map([...before, ...pending(), ...open].map((order) => [order.clientOrderId, order]));
  others.delete(intent.clientOrderId);

  let ahead = "0";
  for (const other of others.values()) {
    if (other.instrument !== intent.instrument || other.side !== intent.side) continue;
    ahead = add(ahead, subtract(other.quantity, other.filledQuantity ?? "0"));
  }
  const held = positions.find((position) => position.instrument === intent.instrument)?.quantity ?? "0";
  const closable = intent.side === "sell" ? held : negate(held);
  return compare(intent.quantity, "0") > 0 && compare(add(ahead, intent.quantity), closable) <= 0;
}
