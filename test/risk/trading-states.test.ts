import * as fc from "fast-check";
import { expect, it } from "vitest";

import {
  agree,
  AUTOMATIC,
  isLifted,
  newLatch,
  TradingStates,
  type Latch,
  type TradingScope,
} from "../../src/risk/trading-states.ts";
import { limitOrder } from "../plugins/host.ts";

const latch = (scope: TradingScope, state: Latch["state"], by = "nadia"): Latch =>
  newLatch({ scope, state, by, reason: "a test" }, 1);

const order = (change: Parameters<typeof limitOrder>[0] = {}) =>
  limitOrder({ instrument: "BINANCE:BTC/USDT", strategy: "mm", account: "A1", ...change });

it.each<[TradingScope, boolean]>([
  ["host", true],
  ["venue:BINANCE", true],
  ["venue:BIN", false],
  ["account:A1", true],
  ["account:A2", false],
  ["strategy:mm", true],
  ["strategy:other", false],
])("holds %s and nothing else", (scope, isHeld) => {
  const states = new TradingStates();
  states.hold(latch(scope, "halted"));
  expect(states.against(order()) !== undefined).toBe(isHeld);
});

it("refuses by the strictest of all that hold, and lets reducing orders pass only while reducing", () => {
  const states = new TradingStates();
  const reduces = order({ reduceOnly: true });
  states.hold(latch("venue:BINANCE", "reducing"));
  expect(states.against(order())?.state).toBe("reducing");
  expect(states.against(reduces)).toBeUndefined();
  states.hold(latch("strategy:mm", "halted"));
  expect(states.against(order())?.state).toBe("halted");
  expect(states.against(reduces)?.state).toBe("halted");
});

it("is lifted by another person than who set it", () => {
  const held = latch("venue:BINANCE", "halted");
  expect(() => agree([held], "venue:BINANCE", "nadia")).toThrow(
    expect.objectContaining({ code: "APPROVAL_OWN" }),
  );
  const [lifted] = agree([held], "venue:BINANCE", "omar");
  expect(lifted && isLifted(lifted)).toBe(true);
  expect(() => agree([], "venue:BINANCE", "omar")).toThrow(expect.objectContaining({ code: "NOTHING_OPEN" }));
});

it("is lifted by two persons where a limit set it by itself", () => {
  const breach = latch("venue:BINANCE", "reducing", AUTOMATIC);
  const once = agree([breach], "venue:BINANCE", "nadia");
  expect(once.map(isLifted)).toEqual([false]);
  expect(() => agree(once, "venue:BINANCE", "nadia")).toThrow(
    expect.objectContaining({ code: "APPROVAL_OWN" }),
  );
  expect(agree(once, "venue:BINANCE", "omar").map(isLifted)).toEqual([true]);
});

it("comes to the same states in whatever order records are read, and however often", () => {
  const scopes: TradingScope[] = ["host", "venue:BINANCE", "strategy:mm"];
  const record = fc
    .record({
      scope: fc.constantFrom(...scopes),
      state: fc.constantFrom("reducing" as const, "draining" as const, "halted" as const),
      by: fc.constantFrom("nadia", AUTOMATIC),
      atMs: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ atMs, ...what }) => newLatch({ ...what, reason: "a test" }, atMs));
  const property = fc.property(
    fc.array(record, { maxLength: 12 }),
    fc.array(fc.nat(), { maxLength: 12 }),
    (all, at) => {
      const straight = new TradingStates();
      for (const each of all) straight.hold(each);
      const shuffled = new TradingStates();
      for (const each of at) shuffled.hold(all[each % all.length] ?? latch("host", "halted"));
      for (const each of all.toReversed()) shuffled.hold(each);
      const isEmpty = all.length === 0 && at.length > 0;
      expect(isEmpty || shuffled.against(order())?.state === straight.against(order())?.state).toBe(true);
    },
  );
  fc.assert(property);
});
