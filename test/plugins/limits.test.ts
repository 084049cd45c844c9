import * as fc from "fast-check";
import { expect, it } from "vitest";

import { decimal, type OrderIntent, type RiskLimit } from "../../src/plugin/index.ts";
import { limitOrder, runPlugin, type RunningPlugin } from "./host.ts";

const DAY_US = 86_400_000_000;

async function limitOf(name: string, config: Readonly<Record<string, unknown>>, now = () => 0) {
  return runPlugin(name, { config, now });
}
const port = (plugin: RunningPlugin): RiskLimit => plugin.port("risk-limit");

let lastId = 0;
const order = (change: Partial<OrderIntent>): OrderIntent =>
  limitOrder({ clientOrderId: `l-${++lastId}`, ...change });

it.each<[string, { readonly config: Readonly<Record<string, string>>; readonly observed: string }]>([
  ["order size", { config: { maxOrderSize: "2" }, observed: "2.5" }],
  ["exposure", { config: { maxExposure: "450" }, observed: "562.5" }],
  ["leverage", { config: { equity: "100", maxLeverage: "4.5" }, observed: "5.625" }],
  ["concentration", { config: { equity: "1000", maxConcentration: "0.4" }, observed: "0.5625" }],
  ["value at risk", { config: { maxVar: "20", varFactor: "0.05" }, observed: "28.125" }],
])("limits %s with what is open", async (_, { config, observed }) => {
  await using plugin = await limitOf("limit-position", { maxLong: "100", maxShort: "100", ...config });
  const open = order({ quantity: "2", price: "100" });
  expect(await port(plugin).reserve(open)).toMatchObject({ verdict: "allow" });
  // All four are valued by the newest price.
  expect(await port(plugin).reserve(order({ price: "125", quantity: "2.5" }))).toMatchObject({
    verdict: "deny",
    observed,
  });
  await port(plugin).release(open.clientOrderId);
  expect(await port(plugin).reserve(order({ price: "100", quantity: "1" }))).toMatchObject({
    verdict: "allow",
  });
});

it("1.14: no signed sum: long and short positions do not hide each other in the exposure", async () => {
  await using plugin = await limitOf("limit-position", { maxLong: "9", maxShort: "9", maxExposure: "300" });
  const bought = order({ quantity: "2" });
  const sold = order({ instrument: "SIM:ETH/USDT", side: "sell", quantity: "1" });
  for (const each of [bought, sold]) {
    expect(await port(plugin).reserve(each)).toMatchObject({ verdict: "allow" });
    await port(plugin).commit(each.clientOrderId, each.quantity);
    await port(plugin).release(each.clientOrderId);
  }
  const more = await port(plugin).reserve(order({ instrument: "SIM:XRP/USDT", quantity: "0.01" }));
  expect(more).toMatchObject({ verdict: "deny", observed: "301" });
});

it("counts a day's result by average cost, and begins anew at midnight UTC", async () => {
  let nowUs = 0;
  await using plugin = await limitOf("limit-daily-loss", { maxLoss: "50", maxDrawdown: "70" }, () => nowUs);
  const limit = port(plugin);
  async function trade(side: "buy" | "sell", quantity: string, averagePrice: string) {
    const traded = order({ side, quantity });
    const { verdict } = await limit.reserve(traded);
    if (verdict === "deny") return verdict;
    await limit.commit(traded.clientOrderId, quantity, averagePrice);
    await limit.commit(traded.clientOrderId, quantity, averagePrice);
    await limit.release(traded.clientOrderId);
    return verdict;
  }
  await trade("buy", "2", "100");
  await trade("buy", "2", "120");
  // Bought at 110 on average: half of it sold at 90 loses 40.
  await trade("sell", "2", "90");
  expect((await limit.reserve(order({}))).observed).toBe("40");
  await trade("sell", "1", "95");
  expect(await limit.reserve(order({}))).toEqual({
    verdict: "deny",
    observed: "55",
    threshold: "50",
    latches: true,
  });
  // What only closes passes.
  const closing = order({ side: "sell", quantity: "1", reduceOnly: true });
  expect(await limit.reserve(closing)).toMatchObject({ verdict: "allow" });
  nowUs = DAY_US;
  expect(await limit.reserve(order({}))).toMatchObject({ verdict: "allow", observed: "0" });
  await trade("sell", "1", "190");
  await trade("buy", "1", "100");
  await trade("sell", "1", "20");
  expect(await limit.reserve(order({}))).toMatchObject({ verdict: "deny", threshold: "70", latches: true });
});

it("holds the rate of orders in every window", async () => {
  let nowUs = 0;
  await using plugin = await limitOf("limit-order-rate", { maxOrders: 3, windowMs: 1 }, () => nowUs);
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 }),
    async (steps) => {
      nowUs += 10_000;
      const taken: number[] = [];
      const [said, expected]: [string[], string[]] = [[], []];
      for (const step of steps) {
        nowUs += step;
        const { verdict } = await port(plugin).reserve(order({}));
        said.push(verdict);
        expected.push(taken.filter((time) => time > nowUs - 1000).length < 3 ? "allow" : "deny");
        if (verdict === "allow") taken.push(nowUs);
      }
      expect(said).toEqual(expected);
    },
  );
  await fc.assert(property);
});

const units = fc.bigInt({ min: 1n, max: 4n * 10n ** 18n });

/**
 * One step of one of several senders; `again` is a sender that died before it heard the answer, and repeats it. At
 * `restart` the limit itself is exchanged for another instance, which goes on from its state.
 */
const steps = fc.array(
  fc.record({
    sender: fc.integer({ min: 0, max: 5 }),
    action: fc.constantFrom("reserve", "reserve", "commit", "release", "die", "restart"),
    buys: fc.boolean(),
    amount: units,
    again: fc.boolean(),
  }),
  { minLength: 5, maxLength: 60 },
);

it("1.3c: is never exceeded and never negative, whatever its senders do and wherever they die", async () => {
  const [maxLong, maxShort] = ["10", "10"];
  await using one = await limitOf("limit-position", { maxLong, maxShort });
  await using other = await limitOf("limit-position", { maxLong, maxShort });
  let [limit, spare] = [one, other];
  let run = 0;
  const property = fc.asyncProperty(steps, async (taken) => {
    const instrument = `SIM:R${++run}/USDT`;
    const orders = new Map<number, { id: string; buys: boolean; quantity: bigint; filled: bigint }>();
    const abandoned: { id: string; buys: boolean; quantity: bigint; filled: bigint }[] = [];
    let position = 0n;
    const [said, expected]: [unknown[], unknown[]] = [[], []];
    const openOn = (buys: boolean) =>
      [...orders.values(), ...abandoned]
        .filter((each) => each.buys === buys)
        .reduce((sum, each) => sum + each.quantity - each.filled, 0n);

    for (const { sender, action, buys, amount, again } of taken) {
      const known = orders.get(sender);
      const times = again ? [1, 2] : [1];
      if (action === "reserve" && !known) {
        const intent = order({
          instrument,
          side: buys ? "buy" : "sell",
          quantity: decimal.fromScaled(amount),
        });
        // Both attempts at once: neither may take the room twice.
        const answers = await Promise.all(times.map(() => port(limit).reserve(intent)));
        const used = (buys ? position : -position) + openOn(buys) + amount;
        const verdict = used <= 10n * 10n ** 18n ? "allow" : "deny";
        said.push(...answers.map((answer) => [answer.verdict, answer.observed]));
        expected.push(...times.map(() => [verdict, decimal.fromScaled(used)]));
        if (verdict === "allow") {
          orders.set(sender, { id: intent.clientOrderId, buys, quantity: amount, filled: 0n });
        }
      } else if (action === "commit" && known) {
        const filled = amount > known.quantity ? known.quantity : amount;
        await Promise.all(times.map(() => port(limit).commit(known.id, decimal.fromScaled(amount))));
        if (filled > known.filled) {
          position += (known.buys ? 1n : -1n) * (filled - known.filled);
          known.filled = filled;
        }
      } else if (action === "release" && known) {
        await Promise.all(times.map(() => port(limit).release(known.id)));
        orders.delete(sender);
      } else if (action === "restart") {
        await spare.facet("limit").restore?.(structuredClone(limit.facet("limit").snapshot?.()));
        [limit, spare] = [spare, limit];
      } else if (action === "die" && known) {
        // Its room stays taken until somebody finds out what became of the order.
        abandoned.push(known);
        orders.delete(sender);
      }
    }
    for (const { id } of [...orders.values(), ...abandoned]) await port(limit).release(id);
    expect(said).toEqual(expected);
    // All room is back, to the last unit: what is left is what the position leaves.
    const left = 10n * 10n ** 18n - position;
    const all = order({ instrument, quantity: decimal.fromScaled(left) });
    const more = order({ instrument, quantity: decimal.fromScaled(left + 1n) });
    expect((await port(limit).reserve(more)).verdict).toBe("deny");
    expect((await port(limit).reserve(all)).verdict).toBe(left > 0n ? "allow" : "deny");
  });
  await fc.assert(property, { numRuns: 300 });
});

it.each([
  ["limit-daily-loss", { maxLoss: "50" }],
  ["limit-order-rate", { maxOrders: 2, windowMs: 1000 }],
])("%s goes on where the instance before it was", async (name, config) => {
  await using before = await limitOf(name, config);
  await using after = await limitOf(name, config);
  const [bought, sold] = [order({ quantity: "1" }), order({ quantity: "1", side: "sell" })];
  for (const [each, price] of [
    [bought, "100"],
    [sold, "40"],
  ] as const) {
    await port(before).reserve(each);
    await port(before).commit(each.clientOrderId, "1", price);
  }
  expect(await port(after).reserve(order({}))).toMatchObject({ verdict: "allow" });
  await after.facet("limit").restore?.(structuredClone(before.facet("limit").snapshot?.()));
  expect(await port(after).reserve(order({}))).toMatchObject({ verdict: "deny" });
});
