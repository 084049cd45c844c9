import type { MarketData, MarketDataNormaliser } from "./ports/market-data.ts";
import type { Account, OrderEntry } from "./ports/orders.ts";
import type { RiskLimit, RiskPretrade, RiskRules } from "./ports/risk.ts";

/**
 * The ports of the platform by name; extend it by declaration merging for your own.
 *
 * Ports are asynchronous and their arguments and results survive structured clone, so that a provider may run in
 * the same realm, a worker or another process. A subscription's handle is the one exception.
 */
export interface PortTypes {
  "market-data": MarketData;
  "md-normalise": MarketDataNormaliser;
  account: Account;
  "order-entry": OrderEntry;
  "risk-pretrade": RiskPretrade;
  "risk-rules": RiskRules;
  "risk-limit": RiskLimit;
}
