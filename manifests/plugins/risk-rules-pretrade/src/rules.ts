import { decimal, type RiskFacts, type RuleResult } from "tradsys/plugin";

/** Validated against the schema in `plugin.yaml`. */
export interface Config {
  /** Basis points around the reference price within which a limit price must lie. */
  readonly maxDeviationBps: number;
  readonly maxOrderValue: decimal.Decimal;
  readonly maxOrderQuantity: decimal.Decimal;
}

interface Measurement {
  readonly holds: boolean;
  readonly observed: decimal.Decimal;
  readonly threshold: decimal.Decimal;
}

interface Rule {
  readonly name: string;
  /** What breaking it is called. */
  readonly code: string;
  readonly measure: (facts: RiskFacts, config: Config) => Measurement;
}

/** In name order, which is the order of the results. */
const RULES: readonly Rule[] = [
  {
    name: "max-order-quantity",
    code: "MAX_ORDER_QUANTITY_EXCEEDED",
    measure: ({ intent }, { maxOrderQuantity }) => atMost(intent.quantity, maxOrderQuantity),
  },
  {
    name: "max-order-value",
    code: "MAX_ORDER_VALUE_EXCEEDED",
    measure: (facts, { maxOrderValue }) =>
      atMost(decimal.multiply(priceOf(facts), facts.intent.quantity, "ceil"), maxOrderValue),
  },
  { name: "price-collar", code: "PRICE_COLLAR_EXCEEDED", measure: withinCollar },
];

/** One result for each rule. A rule that fails to compute is an error, which counts as broken. */
export function evaluate(facts: RiskFacts, config: Config): RuleResult[] {
  return RULES.map(({ name: rule, code, measure }): RuleResult => {
    try {
      const { holds, observed, threshold } = measure(facts, config);
      const text = `${observed} ${holds ? "is within" : "is beyond"} ${threshold}`;
      return { rule, code, verdict: holds ? "pass" : "fail", text, observed, threshold };
    } catch (error) {
      return { rule, code, verdict: "error", text: String(error) };
    }
  });
}

/** A market order is taken to trade at the reference price. */
const priceOf = ({ intent, referencePrice }: RiskFacts): decimal.Decimal =>
  intent.type === "limit" ? intent.price : referencePrice;

const atMost = (observed: decimal.Decimal, threshold: decimal.Decimal): Measurement => ({
  holds: decimal.compare(observed, "0") > 0 && decimal.compare(observed, threshold) <= 0,
  observed,
  threshold,
});

/** Bounds are rounded towards the reference, so that rounding never widens the collar. */
function withinCollar(facts: RiskFacts, { maxDeviationBps }: Config): Measurement {
  const price = priceOf(facts);
  const { referencePrice } = facts;
  const above = decimal.compare(price, referencePrice) > 0;
  const parts = String(above ? 10_000 + maxDeviationBps : 10_000 - maxDeviationBps);
  const factor = decimal.multiply(parts, "0.0001", "half-even");
  const threshold = decimal.multiply(referencePrice, factor, above ? "floor" : "ceil");
  const side = decimal.compare(price, threshold);
  return { holds: above ? side <= 0 : side >= 0, observed: price, threshold };
}
