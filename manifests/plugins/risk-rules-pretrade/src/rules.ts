import type { RiskFacts, RuleResult } from "tradsys/plugin";

import * as checks from "./checks.ts";
import type { Broken, Check, Config as CheckConfig } from "./checks.ts";
import { JudgedOrder } from "./order.ts";

/** The engines that TradSys names, each a rule of its own here. */
type Engine =
  | "correlation-based"
  | "exposure-limit"
  | "liquidity-based"
  | "position-limit"
  | "volatility-based";

/** Validated against the schema in `plugin.yaml`. */
export interface Config extends CheckConfig {
  /** The standard engines that judge; the twelve checks always do, but for those that are named in `disabled`. */
  readonly engines: readonly Engine[];
  readonly disabled: readonly string[];
}

interface Rule {
  /** What breaking it is called. */
  readonly code: string;
  readonly check: (config: Config) => Check;
  readonly engine?: Engine;
  /** Breaking it is a breach, not only an order too many. */
  readonly latches?: true;
}

/** In name order, which is the order of the results. */
const RULES: Readonly<Record<string, Rule>> = {
  "correlation-based": {
    code: "CORRELATED_EXPOSURE_EXCEEDED",
    check: checks.correlationBased,
    engine: "correlation-based",
  },
  "daily-loss": { code: "DAILY_LOSS_EXCEEDED", check: checks.dailyLoss, latches: true },
  "duplicate-order": { code: "DUPLICATE_ORDER", check: checks.duplicateOrder },
  "exposure-limit": { code: "EXPOSURE_EXCEEDED", check: checks.exposureLimit, engine: "exposure-limit" },
  "free-balance": { code: "FREE_BALANCE_EXCEEDED", check: () => checks.freeBalance },
  "liquidity-based": {
    code: "LIQUIDITY_EXCEEDED",
    check: checks.liquidityBased,
    engine: "liquidity-based",
  },
  "market-phase": { code: "MARKET_PHASE_CLOSED", check: checks.marketPhase },
  "max-order-quantity": { code: "MAX_ORDER_QUANTITY_EXCEEDED", check: checks.maxOrderQuantity },
  "max-order-value": { code: "MAX_ORDER_VALUE_EXCEEDED", check: checks.maxOrderValue },
  "message-rate": { code: "MESSAGE_RATE_EXCEEDED", check: checks.messageRate },
  position: { code: "POSITION_EXCEEDED", check: checks.position, engine: "position-limit" },
  "price-collar": { code: "PRICE_COLLAR_EXCEEDED", check: checks.priceCollar },
  "restricted-list": { code: "INSTRUMENT_RESTRICTED", check: checks.restrictedList },
  "self-trade": { code: "SELF_TRADE", check: () => checks.selfTrade },
  "stale-data": { code: "MARKET_DATA_STALE", check: checks.staleData },
  "volatility-based": {
    code: "VOLATILITY_EXCEEDED",
    check: checks.volatilityBased,
    engine: "volatility-based",
  },
};

/** Rules that are ready to judge: one result for each, sorted by rule. */
export function ruleBook(config: Config): (facts: RiskFacts) => readonly RuleResult[] {
  const rules = Object.entries(RULES)
    .filter(([name, { engine }]) => isOn(config, name, engine))
    .map(([rule, { code, check, latches }]) => ({
      check: check(config),
      // Nearly every result is this one: it is made once.
      pass: { rule, code, verdict: "pass", text: "" } as const,
      broken: { rule, code, verdict: "fail", ...(latches && { latches }) } as const,
    }));

  return (facts) => {
    const order = new JudgedOrder(facts);
    return rules.map(({ check, pass, broken }): RuleResult => {
      let found: Broken | undefined;
      try {
        found = check(order);
      } catch (error) {
        return { ...pass, verdict: "error", text: error instanceof Error ? error.message : String(error) };
      }
      return found === undefined ? pass : { ...broken, ...found };
    });
  };
}

const isOn = (config: Config, name: string, engine: Engine | undefined): boolean =>
  !config.disabled.includes(name) && (engine === undefined || config.engines.includes(engine));
