import * as fc from "fast-check";
import { expect, it } from "vitest";

import { decimal, type OrderIntent, type RiskFacts, type RuleResult } from "../../src/plugin/index.ts";
import { limitOrder, runPlugin } from "./host.ts";

/** Facts under which an order of one at 100 passes every rule. */
const FACTS = {
  intent: limitOrder(),
  referencePrice: "100",
  nowUs: 1_700_000_000_000_000,
  market: {
    quoteAgeUs: 0,
    best: { price: "101", quantity: "10" },
    phase: "continuous",
    volatilityBps: 5,
  },
  book: { ownBestOpposite: null },
  account: { position: "0", free: "1000", grossExposure: "0", groupExposure: "0", dayLoss: "0" },
  flow: { messagesPerSecond: 1, sameOrderAgoUs: null },
} as const satisfies RiskFacts;

type Change = { readonly [Part in keyof RiskFacts]?: Partial<RiskFacts[Part]> };

const factsWith = (change: Change): RiskFacts =>
  Object.fromEntries(
    Object.entries(FACTS).map(([name, fact]) => {
      const changed = change[name as keyof Change];
      return [name, changed instanceof Object ? { ...(fact as object), ...changed } : (changed ?? fact)];
    }),
  ) as unknown as RiskFacts;

async function judge(facts: RiskFacts, config: Readonly<Record<string, unknown>> = {}) {
  await using rules = await runPlugin("risk-rules-pretrade", { config });
  return await rules.port("risk-rules").evaluate(facts);
}

const against = (results: readonly RuleResult[]) =>
  results.filter(({ verdict }) => verdict !== "pass").map(({ code, verdict }) => `${verdict} ${code}`);

it("1.3j: judges every order by twelve checks and the standard engines, always in name order", async () => {
  const results = await judge(FACTS);
  const names = results.map(({ rule }) => rule);
  expect(names).toEqual(names.toSorted());
  expect(names).toHaveLength(16);
  expect(against(results)).toEqual([]);
});

const order = (change: Partial<OrderIntent>): Change => ({ intent: limitOrder(change) });

it.each<[string, Change, Change]>([
  [
    "CORRELATED_EXPOSURE_EXCEEDED",
    { account: { groupExposure: "99999901" } },
    { account: { groupExposure: "99999900" } },
  ],
  ["DAILY_LOSS_EXCEEDED", { account: { dayLoss: "50000.01" } }, { account: { dayLoss: "50000" } }],
  ["DUPLICATE_ORDER", { flow: { sameOrderAgoUs: 249_999 } }, { flow: { sameOrderAgoUs: 250_000 } }],
  [
    "EXPOSURE_EXCEEDED",
    { account: { grossExposure: "99999901" } },
    { account: { grossExposure: "99999900" } },
  ],
  ["FREE_BALANCE_EXCEEDED", { account: { free: "99.99" } }, { account: { free: "100" } }],
  [
    "LIQUIDITY_EXCEEDED",
    { intent: limitOrder({ price: "101" }), market: { best: { price: "101", quantity: "0.9" } } },
    { market: { best: { price: "101", quantity: "0.9" } } },
  ],
  ["MARKET_PHASE_CLOSED", { market: { phase: "closed" } }, { market: { phase: null } }],
  [
    "MARKET_PHASE_CLOSED",
    { ...order({ type: "market" }), market: { phase: "auction" } },
    { market: { phase: "auction" } },
  ],
  ["MAX_ORDER_QUANTITY_EXCEEDED", order({ quantity: "2.000000000000000001" }), order({ quantity: "2" })],
  [
    "MAX_ORDER_VALUE_EXCEEDED",
    {
      intent: limitOrder({ price: "100000.01" }),
      referencePrice: "100000",
      account: { free: "200000" },
    },
    {
      intent: limitOrder({ price: "100000" }),
      referencePrice: "100000",
      account: { free: "200000" },
    },
  ],
  ["MESSAGE_RATE_EXCEEDED", { flow: { messagesPerSecond: 101 } }, { flow: { messagesPerSecond: 100 } }],
  ["POSITION_EXCEEDED", { account: { position: "999.5" } }, { account: { position: "-1001" } }],
  ["PRICE_COLLAR_EXCEEDED", order({ price: "105.01" }), order({ price: "95" })],
  ["SELF_TRADE", { book: { ownBestOpposite: "100" } }, { book: { ownBestOpposite: "100.01" } }],
  ["MARKET_DATA_STALE", { market: { quoteAgeUs: 5_000_001 } }, { market: { quoteAgeUs: 5_000_000 } }],
  ["VOLATILITY_EXCEEDED", { market: { volatilityBps: 500.01 } }, { market: { volatilityBps: 500 } }],
])("%s: refuses beyond the bound, and passes at it", async (code, beyond, at) => {
  expect(against(await judge(factsWith(beyond)))).toContain(`fail ${code}`);
  expect(against(await judge(factsWith(at)))).toEqual([]);
});

it("refuses what is restricted", async () => {
  const config = { restricted: ["SIM:BTC/USDT"] };
  expect(against(await judge(FACTS, config))).toEqual(["fail INSTRUMENT_RESTRICTED"]);
});

it("gives every broken rule with its numbers", async () => {
  const facts = { ...FACTS, intent: limitOrder({ price: "200", quantity: "3" }) };
  const results = await judge(facts, { maxOrderValue: "300" });
  expect(
    results.flatMap(({ rule, verdict, observed, threshold }) =>
      verdict === "fail" ? [[rule, observed, threshold]] : [],
    ),
  ).toEqual([
    ["max-order-quantity", "3", "2"],
    ["max-order-value", "600", "300"],
    ["price-collar", "200", "105"],
  ]);
});

it("0.9: counts what it cannot compute, and what it is not told, as broken: no rule is skipped", async () => {
  const garbled = await judge({ ...FACTS, intent: limitOrder({ price: "NaN" }) });
  expect(against(garbled)).toContain("error PRICE_COLLAR_EXCEEDED");
  // Facts of a risk manager that knows the port as it was before 2.4.
  const { intent, referencePrice } = FACTS;
  expect(against(await judge({ intent, referencePrice }))).toEqual([
    "error CORRELATED_EXPOSURE_EXCEEDED",
    "error DAILY_LOSS_EXCEEDED",
    "error DUPLICATE_ORDER",
    "error EXPOSURE_EXCEEDED",
    "error FREE_BALANCE_EXCEEDED",
    "error LIQUIDITY_EXCEEDED",
    "error MARKET_PHASE_CLOSED",
    "error MESSAGE_RATE_EXCEEDED",
    "error POSITION_EXCEEDED",
    "error SELF_TRADE",
    "error MARKET_DATA_STALE",
    "error VOLATILITY_EXCEEDED",
  ]);
  const unknown = factsWith({ account: { free: null, dayLoss: null } });
  expect(against(await judge(unknown))).toEqual(["error DAILY_LOSS_EXCEEDED", "error FREE_BALANCE_EXCEEDED"]);
});

it("leaves out what is switched off, and nothing else", async () => {
  const results = await judge(factsWith({ account: { free: "0", position: "1000" } }), {
    disabled: ["free-balance"],
    engines: [],
  });
  expect(results).toHaveLength(10);
  expect(against(results)).toEqual([]);
});

async function collarAt(price: string) {
  const facts = { ...FACTS, intent: limitOrder({ price }), referencePrice: "0.000000000000000003" };
  return (await judge(facts)).find(({ rule }) => rule === "price-collar")?.verdict;
}

it("never widens the price collar by rounding", async () => {
  expect(await collarAt("0.000000000000000003")).toBe("pass");
  expect(await collarAt("0.000000000000000004")).toBe("fail");
  expect(await collarAt("0.000000000000000002")).toBe("fail");
});

it("answers equal facts equally, and changes none", async () => {
  await using rules = await runPlugin("risk-rules-pretrade");
  const amount = fc.bigInt({ min: 1n, max: 10n ** 24n }).map((units) => decimal.fromScaled(units));
  const property = fc.asyncProperty(amount, amount, async (price, quantity) => {
    const facts = Object.freeze({ ...FACTS, intent: Object.freeze(limitOrder({ price, quantity })) });
    const first = await rules.port("risk-rules").evaluate(facts);
    expect(await rules.port("risk-rules").evaluate(structuredClone(facts))).toEqual(first);
  });
  await fc.assert(property);
});
