import type { Account } from "./ports/account.ts";
import type { Calendar } from "./ports/calendar.ts";
import type { Control } from "./ports/control.ts";
import type { Instruments } from "./ports/instruments.ts";
import type { MarketData } from "./ports/market-data.ts";
import type { MarketDataNormaliser } from "./ports/md-normalise.ts";
import type { OrderEntry } from "./ports/order-entry.ts";
import type { RiskLimit } from "./ports/risk-limit.ts";
import type { RiskPretrade } from "./ports/risk-pretrade.ts";
import type { RiskRules } from "./ports/risk-rules.ts";
import type { Strategy } from "./ports/strategy.ts";

/**
 * The ports of the platform by name; extend it by declaration merging for your own.
 *
 * Ports are asynchronous and their arguments and results survive structured clone, so that a provider may run in
 * the same realm, a worker or another process. A subscription's handle is the one exception.
 */
export interface PortTypes {
  control: Control;
  instruments: Instruments;
  "market-data": MarketData;
  "md-normalise": MarketDataNormaliser;
  account: Account;
  "order-entry": OrderEntry;
  "risk-pretrade": RiskPretrade;
  "risk-rules": RiskRules;
  "risk-limit": RiskLimit;
  calendar: Calendar;
  strategy: Strategy;
}

/** The newest version of each port that this package types. Ports move apart from each other and from plugins. */
export const PORT_VERSIONS: Readonly<Record<string, string>> = {
  control: "1.0.0",
  instruments: "1.1.0",
  "market-data": "2.1.0",
  "md-normalise": "2.0.0",
  account: "1.2.0",
  "order-entry": "2.0.0",
  "risk-pretrade": "1.3.0",
  "risk-rules": "2.4.0",
  "risk-limit": "1.2.0",
  calendar: "1.0.0",
  strategy: "1.0.0",
};
