import { afterAll, beforeAll, expect, it } from "vitest";

import { orderFacets, proveConflict, resolveDesk } from "../../scripts/scenario/planning.ts";
import { openTradingDesk, type TradingDesk } from "../../scripts/scenario/trading-desk.ts";
import { killDrill, survive, upgrade } from "../../scripts/scenario/trading.ts";

const quietly = () => undefined;

let desk: TradingDesk;
beforeAll(async () => {
  desk = await openTradingDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

it("R1: resolves the first deployment to one normaliser for three venues", () => {
  expect(resolveDesk(quietly)).toMatchObject({
    "md-normaliser": "1.9.1",
    "connector-binance": "2.4.0",
    "connector-kraken": "1.6.2",
    "connector-adx": "1.2.0",
    "risk-core": "4.2.0",
    "risk-rules-pretrade": "2.3.0",
  });
});

it("R2, R3, R4: proves a conflict, and each suggestion by resolving it again", () => {
  expect(proveConflict(quietly)).toHaveLength(2);
});

it("P1, P2: orders facets into waves, and prints the whole path of a true cycle", () => {
  const lines: string[] = [];
  const waves = orderFacets((line) => void lines.push(line));
  const waveOf = (facet: string) => waves.findIndex((wave) => wave.some((id) => id === `@tradsys/${facet}`));
  for (const venue of ["binance", "kraken", "adx"]) {
    expect(waveOf(`connector-${venue}#market-data`)).toBeLessThan(waveOf("risk-core#main"));
    expect(waveOf(`connector-${venue}#order-entry`)).toBeGreaterThan(waveOf("risk-core#main"));
  }
  expect(lines.join("\n")).toContain(
    "limit-daily-loss#main -> @tradsys/risk-core#main -> @tradsys/limit-daily-loss",
  );
});

it("tries rules on 200 orders and finds the one that they would judge otherwise", async () => {
  const { judged, disagreements } = await upgrade(desk, quietly);
  expect(judged).toBe(200);
  expect(disagreements).toMatchObject([{ primary: [], candidate: ["PRICE_COLLAR_EXCEEDED"] }]);
});

it("F12, F13: sends no order twice, and finds each of unknown fate", async () => {
  expect(await survive(desk, quietly)).toEqual(["scenario-lost accepted", "scenario-page rejected"]);
});

it("K1: kills one venue, tells each order's fate, and needs a second person to go on", async () => {
  const { orders } = await killDrill(desk, quietly);
  expect(orders.length).toBeGreaterThanOrEqual(3);
  expect(new Set(orders.map(({ fate }) => fate))).toEqual(new Set(["cancelled"]));
});
