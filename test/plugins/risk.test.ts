import * as fc from "fast-check";
import { expect, it } from "vitest";

import type {
  Account,
  MarketData,
  OrderIntent,
  Position,
  RiskLimit,
  RiskPretrade,
  RiskRules,
} from "../../src/plugin/index.ts";
import { openFeed } from "../../src/plugin/index.ts";
import { limitOrder, runPlugin } from "./host.ts";

const INSTRUMENT = "SIM:BTC/USDT";
const LIMITS = { maxLong: "5", maxShort: "5" };
const NOW = 1_700_000_000_000_000;

/** Market data whose one quote has a middle of 100 and this age in milliseconds. */
function marketData(ageMs = 0): MarketData {
  const tsHostUs = NOW - ageMs * 1000;
  const quote = { bid: "99", bidQuantity: "1", ask: "101", askQuantity: "1", last: "100", tsVenueUs: null };
  return {
    instruments: async () => [INSTRUMENT],
    snapshot: () => Promise.reject(new Error("not needed")),
    subscribe({ instrument }) {
      const feed = openFeed();
      feed.push({ type: "quote", quote: { ...quote, instrument, tsHostUs } });
      return feed.subscription;
    },
  };
}

const accountHolding = (quantity: string): Account => ({
  balances: async () => [
    { asset: "BTC", free: "100", locked: "0" },
    { asset: "USDT", free: "100000", locked: "0" },
  ],
  openOrders: async () => [],
  positions: async (): Promise<readonly Position[]> => [{ instrument: INSTRUMENT, quantity }],
});

interface Desk {
  readonly rules?: RiskRules;
  readonly ruleConfig?: Readonly<Record<string, unknown>>;
  readonly limit?: RiskLimit;
  readonly quoteAgeMs?: number;
  readonly account?: Account;
}

/** The real risk plugins around one another; parts are replaced to see them fail. */
async function riskDesk(desk: Desk = {}) {
  const parts = new AsyncDisposableStack();
  const rules = parts.use(
    await runPlugin("risk-rules-pretrade", { config: { duplicateWindowMs: 0, ...desk.ruleConfig } }),
  );
  const limit = parts.use(await runPlugin("limit-position", { config: LIMITS }));
  const core = parts.use(
    await runPlugin("risk-core", {
      now: () => NOW,
      ports: {
        "risk-rules": { rules: desk.rules ?? rules.port("risk-rules") },
        "risk-limit": { limit: desk.limit ?? limit.port("risk-limit") },
        "market-data": { venue: marketData(desk.quoteAgeMs) },
        account: { venue: desk.account ?? accountHolding("0") },
      },
    }),
  );
  return {
    risk: core.port("risk-pretrade"),
    limit: limit.port("risk-limit"),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The verdict, or the first reason against. */
async function verdict(risk: RiskPretrade, intent: OrderIntent): Promise<string> {
  const { verdict: said, reasons } = await risk.evaluate(intent);
  return said === "allow" ? "allow" : (reasons[0]?.code ?? "deny without a reason");
}

it("allows an order within all rules and limits", async () => {
  await using desk = await riskDesk();
  expect(await desk.risk.evaluate(limitOrder())).toEqual({ verdict: "allow", reasons: [] });
});

it.each<[string, Partial<OrderIntent>]>([
  ["PRICE_COLLAR_EXCEEDED", { price: "105.01" }],
  ["PRICE_COLLAR_EXCEEDED", { price: "94.99" }],
  ["FREE_BALANCE_EXCEEDED", { side: "sell", quantity: "100.1" }],
  ["MAX_ORDER_QUANTITY_EXCEEDED", { quantity: "2.000000000000000001" }],
  ["MAX_ORDER_QUANTITY_EXCEEDED", { quantity: "0" }],
  ["allow", { price: "105" }],
  ["allow", { price: "95" }],
])("says %s to %o", async (expected, change) => {
  await using desk = await riskDesk();
  expect(await verdict(desk.risk, limitOrder(change))).toBe(expected);
});

const failing = () => Promise.reject(new Error("crashed"));
const hanging = () => new Promise<never>(() => {});
const limitThat = (reserve: RiskLimit["reserve"]): RiskLimit => ({
  describe: failing,
  reserve,
  commit: async () => {},
  release: async () => {},
});

const outages: readonly (readonly [string, Desk, string])[] = [
  ["rules that crash", { rules: { evaluate: failing } }, "RISK_UNAVAILABLE"],
  ["rules that hang", { rules: { evaluate: hanging } }, "RISK_UNAVAILABLE"],
  ["rules that say nothing", { rules: { evaluate: async () => [] } }, "RISK_UNAVAILABLE"],
  ["a limit that crashes", { limit: limitThat(failing) }, "RISK_UNAVAILABLE"],
  ["a limit that hangs", { limit: limitThat(hanging) }, "RISK_UNAVAILABLE"],
  ["an old quote", { quoteAgeMs: 5001 }, "RISK_STALE"],
];

it.each(outages)("0.9: fails closed: denies opening orders over %s", async (_, broken, code) => {
  await using desk = await riskDesk(broken);
  expect(await verdict(desk.risk, limitOrder())).toBe(code);
});

it.each(outages)("lets a reducing order pass over %s", async (_, broken) => {
  await using desk = await riskDesk({ ...broken, account: accountHolding("1") });
  expect(await verdict(desk.risk, limitOrder({ side: "sell" }))).toBe("allow");
  const tooMuch = limitOrder({ clientOrderId: "c-2", side: "sell" });
  expect(await verdict(desk.risk, tooMuch)).not.toBe("allow");
});

it("denies an instrument that has no quote", async () => {
  await using desk = await riskDesk();
  expect(await verdict(desk.risk, limitOrder({ instrument: "SIM:ETH/USDT" }))).toBe("RISK_STALE");
});

it("believes no claim to be reducing that the account does not prove", async () => {
  await using flat = await riskDesk();
  const claim = limitOrder({ side: "sell", reduceOnly: true });
  expect(await verdict(flat.risk, claim)).toBe("NOT_REDUCING");
  const silent = { ...accountHolding("5"), positions: failing };
  await using blind = await riskDesk({ account: silent });
  expect(await verdict(blind.risk, claim)).toBe("RISK_UNAVAILABLE");
});

it("answers an order that goes out already without taking anything a second time", async () => {
  await using desk = await riskDesk({ ruleConfig: { duplicateWindowMs: 1000 } });
  const order = limitOrder({ quantity: "2" });
  expect(await verdict(desk.risk, order)).toBe("allow");
  expect(await verdict(desk.risk, order)).toBe("allow");
  expect(await verdict(desk.risk, { ...order, quantity: "1" })).toBe("DUPLICATE_ID_MISMATCH");
  expect(await verdict(desk.risk, limitOrder({ clientOrderId: "c-2", quantity: "2" }))).toBe(
    "DUPLICATE_ORDER",
  );
  // The refusals took nothing from the first order: three of five are left, not five.
  expect((await desk.limit.reserve(limitOrder({ clientOrderId: "c-3", quantity: "3.1" }))).observed).toBe(
    "5.1",
  );
});

it("refuses an order that would trade with an own one, resting or being decided on", async () => {
  await using desk = await riskDesk();
  const sale = limitOrder({ clientOrderId: "c-1", side: "sell", price: "102" });
  expect(await verdict(desk.risk, sale)).toBe("allow");
  const cross = limitOrder({ clientOrderId: "c-2", price: "102" });
  expect(await verdict(desk.risk, cross)).toBe("SELF_TRADE");
  expect(await verdict(desk.risk, limitOrder({ clientOrderId: "c-3", price: "101.99" }))).toBe("allow");
  await desk.risk.onExecution({ clientOrderId: "c-1", state: "cancelled", filledQuantity: "0" });
  expect(await verdict(desk.risk, { ...cross, clientOrderId: "c-4" })).toBe("allow");
});

it("takes what was allowed off the free balance before any statement shows it", async () => {
  await using desk = await riskDesk({ ruleConfig: { maxOrderQuantity: "2000", maxOrderValue: "200000" } });
  // 100,000 are free, and the limit lets five units pass: four of 100 leave 99,600.
  expect(await verdict(desk.risk, limitOrder({ quantity: "4" }))).toBe("allow");
  const rest = await desk.risk.evaluate(limitOrder({ clientOrderId: "c-2", quantity: "996.000001" }));
  expect(rest.reasons[0]).toMatchObject({ code: "FREE_BALANCE_EXCEEDED", threshold: "99600" });
});

it("says that a day's loss is a breach, which only a person lifts", async () => {
  await using desk = await riskDesk({ ruleConfig: { maxDayLoss: "0" } });
  expect(await verdict(desk.risk, limitOrder())).toBe("allow");
  await using broke = await riskDesk({
    limit: limitThat(async () => ({ verdict: "deny", observed: "9", threshold: "5", latches: true })),
  });
  expect((await broke.risk.evaluate(limitOrder())).reasons).toMatchObject([{ latches: true }]);
});

const orderOfTwo = (id: number) => limitOrder({ clientOrderId: `c-${id}`, quantity: "2" });

it("counts orders on their way, and gives their room back at their end", async () => {
  await using desk = await riskDesk();
  expect(await verdict(desk.risk, orderOfTwo(1))).toBe("allow");
  expect(await verdict(desk.risk, orderOfTwo(2))).toBe("allow");
  expect(await verdict(desk.risk, orderOfTwo(3))).toBe("LIMIT_EXCEEDED");
  await desk.risk.onExecution({ clientOrderId: "c-1", state: "rejected", filledQuantity: "0" });
  expect(await verdict(desk.risk, orderOfTwo(3))).toBe("allow");
  await desk.risk.onExecution({ clientOrderId: "c-2", state: "cancelled", filledQuantity: "0.5" });
  expect(await verdict(desk.risk, orderOfTwo(4))).toBe("allow");
  expect(await verdict(desk.risk, orderOfTwo(5))).toBe("LIMIT_EXCEEDED");
});

it("hears the end of an order after the decision on it, however late that is", async () => {
  const { promise: slow, resolve } = Promise.withResolvers<void>();
  const pass = { rule: "slow", code: "SLOW", verdict: "pass", text: "" } as const;
  const rules: RiskRules = { evaluate: () => slow.then(() => [pass]) };
  await using desk = await riskDesk({ rules });
  const decision = desk.risk.evaluate(limitOrder({ quantity: "5" }));
  const given = desk.risk.onExecution({ clientOrderId: "c-1", state: "rejected", filledQuantity: "0" });
  resolve();
  expect(await decision).toMatchObject({ verdict: "allow" });
  await given;
  expect(await verdict(desk.risk, limitOrder({ clientOrderId: "c-2", quantity: "5" }))).toBe("allow");
});

it("2.6: never grants two orders the same room, however close together they come", async () => {
  await using desk = await riskDesk();
  const verdicts = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => verdict(desk.risk, orderOfTwo(id))));
  expect(verdicts.filter((said) => said === "allow")).toHaveLength(2);
});

/** What a position limit of ten on either side must say, in small integers. */
class LimitOracle {
  readonly #open = new Map<number, { readonly sign: 1 | -1; readonly quantity: number; filled: number }>();
  position = 0;

  reserve(id: number, sign: 1 | -1, quantity: number): "allow" | "deny" {
    if (this.#open.has(id)) return "allow";
    const ahead = [...this.#open.values()].filter((order) => order.sign === sign);
    const used = ahead.reduce((sum, order) => sum + order.quantity - order.filled, this.position * sign);
    if (used + quantity > 10) return "deny";
    this.#open.set(id, { sign, quantity, filled: 0 });
    return "allow";
  }

  commit(id: number, amount: number): void {
    const order = this.#open.get(id);
    if (!order) return;
    const filled = Math.max(order.filled, Math.min(amount, order.quantity));
    this.position += order.sign * (filled - order.filled);
    order.filled = filled;
  }

  release(id: number): void {
    this.#open.delete(id);
  }
}

const limitSteps = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 2 }),
    action: fc.constantFrom("reserve", "reserve", "commit", "release"),
    side: fc.constantFrom("buy", "sell"),
    amount: fc.integer({ min: 1, max: 12 }),
  }),
  { minLength: 10, maxLength: 40 },
);

it("holds the position limit against any sequence of orders, fills and ends", async () => {
  await using plugin = await runPlugin("limit-position", { config: { maxLong: "10", maxShort: "10" } });
  const limit = plugin.port("risk-limit");
  let run = 0;
  const property = fc.asyncProperty(limitSteps, async (steps) => {
    const instrument = `SIM:A${run++}/B`;
    const oracle = new LimitOracle();
    const said: string[] = [];
    const expected: string[] = [];
    for (const { id, action, side, amount } of steps) {
      const clientOrderId = `${instrument}-${id}`;
      if (action === "reserve") {
        const intent = limitOrder({ clientOrderId, instrument, side, quantity: String(amount) });
        said.push((await limit.reserve(intent)).verdict);
        expected.push(oracle.reserve(id, side === "buy" ? 1 : -1, amount));
      } else if (action === "commit") {
        await limit.commit(clientOrderId, String(amount));
        oracle.commit(id, amount);
      } else {
        await limit.release(clientOrderId);
        oracle.release(id);
      }
    }
    expect(said).toEqual(expected);
    expect(Math.abs(oracle.position)).toBeLessThanOrEqual(10);
  });
  await fc.assert(property, { numRuns: 300 });
});

it("reserves once for an order that asks twice", async () => {
  await using plugin = await runPlugin("limit-position", { config: LIMITS });
  const limit = plugin.port("risk-limit");
  const large = limitOrder({ quantity: "4" });
  expect(await limit.reserve(large)).toEqual({ verdict: "allow", observed: "4", threshold: "5" });
  expect(await limit.reserve(large)).toEqual({ verdict: "allow", observed: "4", threshold: "5" });
  const other = limitOrder({ clientOrderId: "c-2", quantity: "2" });
  expect(await limit.reserve(other)).toEqual({ verdict: "deny", observed: "6", threshold: "5" });
});
