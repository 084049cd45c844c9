import { expect, it } from "vitest";

import { resolveFrom, versionsOf } from "./registry.ts";
import { FIRST_DEPLOYMENT, TRADING } from "./trading.ts";

it("keeps three venues on the one normaliser that all of them accept", () => {
  expect(versionsOf(resolveFrom(TRADING, FIRST_DEPLOYMENT))).toEqual({
    "calendar-mena": "2026.2.0",
    "connector-adx": "1.2.0",
    "connector-binance": "2.4.0",
    "connector-kraken": "1.6.2",
    "limit-daily-loss": "1.0.4",
    "limit-order-rate": "1.1.0",
    "limit-position": "1.3.0",
    "md-normaliser": "1.9.1",
    "risk-core": "4.2.0",
    "risk-rules-pretrade": "2.3.0",
  });
});

it("suggests only what resolves", () => {
  const asked = { ...FIRST_DEPLOYMENT, "connector-binance": "^3" };
  const outcome = resolveFrom(TRADING, asked);
  const suggestions = outcome.kind === "conflict" ? outcome.conflict.suggestions : [];
  expect(suggestions).toHaveLength(2);
  for (const { changes } of suggestions) {
    const changed = Object.fromEntries(
      changes.map(({ name, range }) => [name.replace("@tradsys/", ""), range]),
    );
    expect(resolveFrom(TRADING, { ...asked, ...changed }).kind).toBe("resolved");
  }
});

it("binds the risk core to every venue and each order entry to its own account", () => {
  const outcome = resolveFrom(TRADING, FIRST_DEPLOYMENT);
  const bindings = outcome.kind === "resolved" ? outcome.bindings : [];
  const bound = (facet: string, requirement: string) =>
    bindings.find((binding) => binding.facet === facet && binding.requirement === requirement)?.providers;
  expect(bound("@tradsys/risk-core#main", "port:market-data")).toEqual([
    "@tradsys/connector-adx#market-data",
    "@tradsys/connector-binance#market-data",
    "@tradsys/connector-kraken#market-data",
  ]);
  expect(bound("@tradsys/connector-kraken#order-entry", "port:account")).toEqual([
    "@tradsys/connector-kraken#account",
  ]);
});

it("says who asked for each plugin", () => {
  const outcome = resolveFrom(TRADING, FIRST_DEPLOYMENT);
  const plugins = outcome.kind === "resolved" ? outcome.plugins : [];
  const requiredBy = (name: string) =>
    plugins.find(({ candidate }) => candidate.manifest.name === name)?.requiredBy;
  expect(requiredBy("@tradsys/risk-rules-pretrade")).toEqual(["@tradsys/risk-core#main"]);
  expect(requiredBy("@tradsys/calendar-mena")).toEqual(["deployment", "@tradsys/connector-adx#market-data"]);
});
