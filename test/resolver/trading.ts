import type { Candidate } from "../../src/domain/lock.ts";
import type { FacetRequirement } from "../../src/domain/manifest.ts";
import { needs, needsPort, plugin } from "./registry.ts";

/** A connector with market data, account and order entry; only order entry waits for risk. */
const connector = (id: string, ...requires: FacetRequirement[]): Candidate =>
  plugin(
    id,
    {
      facets: {
        account: { provides: { account: "1.2.0" } },
        "market-data": { provides: { "market-data": "2.1.0" }, requires },
        "order-entry": {
          provides: { "order-entry": "2.0.0" },
          requires: [needsPort("account", "^1"), needsPort("risk-pretrade", "^1.2", { when: "enable" })],
        },
      },
    },
    { kind: "exchange-connector" },
  );

const riskCore = (version: string, normaliser: string, rules: string): Candidate =>
  plugin(
    `risk-core ${version}`,
    {
      provides: { "risk-pretrade": "1.3.0" },
      requires: [
        needs("md-normaliser", normaliser),
        needs("risk-rules-pretrade", rules),
        needsPort("market-data", "^2", { cardinality: "many" }),
        needsPort("account", "^1", { cardinality: "many" }),
        needsPort("risk-limit", "^1", { cardinality: "many", when: "load" }),
      ],
    },
    { kind: "risk-manager" },
  );

const limit = (id: string, ...requires: FacetRequirement[]): Candidate =>
  plugin(id, { provides: { "risk-limit": "1.1.0" }, requires }, { kind: "risk-limit" });

/** The store of a desk with three venues and one risk core. */
export const TRADING: readonly Candidate[] = [
  plugin("md-normaliser 1.9.1", { provides: { "md-normalise": "1.9.0" } }),
  plugin("md-normaliser 2.0.0", { provides: { "md-normalise": "2.0.0" } }),
  connector("connector-binance 2.3.0", needs("md-normaliser", "^1.8")),
  connector("connector-binance 2.4.0", needs("md-normaliser", "^1.8 || ^2")),
  connector("connector-binance 3.0.0", needs("md-normaliser", "^2")),
  connector("connector-kraken 1.6.2", needs("md-normaliser", "^1.8")),
  connector("connector-kraken 1.7.0", needs("md-normaliser", "^2")),
  connector(
    "connector-adx 1.2.0",
    needs("md-normaliser", "^1.8 || ^2"),
    needs("calendar-mena", "^2026", { when: "load" }),
  ),
  riskCore("4.1.0", "^1.8", "^2.2"),
  riskCore("4.2.0", "^1.8", "^2.2"),
  riskCore("5.0.0", "^2", "^2.3"),
  plugin("risk-rules-pretrade 2.2.0"),
  plugin("risk-rules-pretrade 2.3.0"),
  limit("limit-position 1.3.0"),
  limit("limit-daily-loss 1.0.4"),
  limit("limit-order-rate 1.1.0"),
  plugin("risk-sharia-screen 0.4.0"),
  plugin("calendar-mena 2026.2.0"),
  plugin("calendar-mena 2026.3.0"),
];

/** A limit that reads the risk core before its code is loaded, which itself loads after every limit. */
export const CYCLIC_LIMIT: Candidate = limit(
  "limit-daily-loss 1.0.3",
  needs("risk-core", "^4", { when: "load" }),
);

const LIMITS = { "limit-position": "^1", "limit-daily-loss": "^1", "limit-order-rate": "^1" };

/** Three venues on the first normaliser. */
export const FIRST_DEPLOYMENT = {
  "connector-binance": "^2.3",
  "connector-kraken": "^1.6.2 <1.7",
  "connector-adx": "^1.2",
  "risk-core": "^4",
  "calendar-mena": "~2026.2",
  ...LIMITS,
};

/** The same venues on the second normaliser. */
export const SECOND_DEPLOYMENT = {
  "connector-binance": "^3",
  "connector-kraken": "^1.7",
  "connector-adx": "^1.2",
  "risk-core": "^5",
  "calendar-mena": "~2026.3",
  ...LIMITS,
};
