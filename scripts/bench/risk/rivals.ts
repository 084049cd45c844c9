import { Engine } from "json-rules-engine";

import { measuresOf } from "../../../manifests/plugins/limit-position/src/measures.ts";
import { PositionBook } from "../../../manifests/plugins/limit-position/src/position-book.ts";
import { ruleBook, type Config } from "../../../manifests/plugins/risk-rules-pretrade/src/rules.ts";
import { decimal, type OrderIntent, type RiskFacts } from "../../../src/plugin/index.ts";

/** Takes an order and says whether it may go. */
export type Decide = (intent: OrderIntent) => Promise<boolean> | boolean;

export const PRICE = "100";

const factsOf = (intent: OrderIntent): RiskFacts => ({
  intent,
  referencePrice: PRICE,
  nowUs: 0,
  market: { quoteAgeUs: 0, best: { price: "101", quantity: "10" }, phase: null, volatilityBps: 0 },
  book: { ownBestOpposite: null },
  account: { position: "0", free: "1000000000", grossExposure: "0", groupExposure: "0", dayLoss: "0" },
  flow: { messagesPerSecond: 1, sameOrderAgoUs: null },
});

/** The same rules and a limit as plain calls: no ports, no promises, no deadline, nobody else's failure to survive. */
export function plainCalls(config: Config): Decide {
  const judge = ruleBook(config);
  const book = new PositionBook();
  const measures = measuresOf({ maxLong: "1000000", maxShort: "1000000" });
  return (intent) => {
    if (judge(factsOf(intent)).some(({ verdict }) => verdict !== "pass")) return false;
    const asking = {
      intent,
      quantity: decimal.toScaled(intent.quantity),
      price: decimal.toScaled(PRICE),
    };
    if (measures.some((measure) => exceeds(measure(book, asking)))) return false;
    book.reserve(intent, asking.quantity, asking.price);
    book.release(intent.clientOrderId);
    return true;
  };
}

const exceeds = ({ observed, threshold }: { observed: bigint; threshold: bigint }): boolean =>
  observed > threshold;

const condition = (fact: string, operator: string, value: unknown) => ({
  conditions: { all: [{ fact, operator, value }] },
  event: { type: fact },
});

/** Twelve conditions over floating numbers, as its users write them. It has no limits that are held. */
export function jsonRulesEngine(): Decide {
  const engine = new Engine([
    condition("price", "greaterThan", 105),
    condition("price", "lessThan", 95),
    condition("value", "greaterThan", 100_000),
    condition("quantity", "greaterThan", 2),
    condition("messages", "greaterThan", 100_000),
    condition("duplicates", "greaterThan", 0),
    condition("position", "greaterThan", 1000),
    condition("missingBalance", "greaterThan", 0),
    condition("instrument", "in", ["BENCH:X/USDT"]),
    condition("phase", "equal", "closed"),
    condition("quoteAgeMs", "greaterThan", 5000),
    condition("dayLoss", "greaterThan", 50_000),
  ]);
  return async (intent) => {
    const [quantity, price] = [Number(intent.quantity), intent.type === "limit" ? Number(intent.price) : 100];
    const { events } = await engine.run({
      price,
      quantity,
      value: price * quantity,
      messages: 1,
      duplicates: 0,
      position: quantity,
      missingBalance: 0,
      instrument: intent.instrument,
      phase: "continuous",
      quoteAgeMs: 0,
      dayLoss: 0,
    });
    return events.length === 0;
  };
}
