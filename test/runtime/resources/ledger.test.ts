import { expect, it } from "vitest";

import { Ledger, type Reservation } from "../../../src/runtime/resources/ledger.ts";
import { Owner } from "../../../src/runtime/resources/owner.ts";
import { handClock, turns } from "./hand-clock.ts";

const MIB = 2 ** 20;
const memory = (mib: number) => ({ memoryBytes: mib * MIB });

/** A platform of 100 MiB with a system for exchanges and one for risk. */
function desk() {
  const clock = handClock();
  const platform = Owner.platform(memory(100));
  return {
    clock,
    ledger: new Ledger(clock),
    platform,
    exchange: platform.within("exchange", { limits: memory(80), guaranteed: memory(20) }),
    risk: platform.within("risk", { limits: memory(60), guaranteed: memory(30) }),
  };
}

/** Asks for memory, and tells what became of it. */
function ask(ledger: Ledger, owner: Owner, { mib = 10, ms = 1000 } = {}) {
  const asked: { given?: Reservation | undefined; refused?: string } = {};
  void ledger.reserve([{ owner, amounts: memory(mib) }], { ms }).then((result) => {
    if (result.ok) [asked.given] = result.value;
    else asked.refused = result.error.kind;
    return result;
  });
  return asked;
}

it("keeps for each system what it is guaranteed, whatever the other takes", () => {
  const { ledger, exchange, risk } = desk();
  expect(ledger.tryReserve(exchange, memory(70))).toBeDefined();
  expect(ledger.tryReserve(exchange, memory(1))).toBeUndefined();
  expect(ledger.tryReserve(risk, memory(30))).toBeDefined();
  expect(ledger.tryReserve(risk, memory(1))).toBeUndefined();
});

it("refuses to guarantee what is not there, and then guarantees nothing", () => {
  const { platform, exchange, risk } = desk();
  expect(() => platform.within("data", { guaranteed: memory(51) })).toThrow(
    expect.objectContaining({ code: "RESOURCES_EXCEEDED" }),
  );
  expect(() => exchange.within("greedy", { limits: memory(1), guaranteed: memory(2) })).toThrow("greedy");
  expect(platform.taken).toEqual(memory(50));
  risk.leave();
  expect(platform.taken).toEqual(memory(20));
});

it("releases once, however often that is said, also after a crash of the owner", () => {
  const { ledger, platform, exchange } = desk();
  const plugin = exchange.within("connector");
  const before = platform.taken;
  const held = [1, 2, 3].map(() => ledger.tryReserve(plugin, memory(10)));
  expect(plugin.taken).toEqual(memory(30));
  held[0]?.release();
  held[0]?.release();
  ledger.end(plugin);
  for (const each of held) each?.release();
  expect(plugin.taken).toEqual({});
  expect(platform.taken).toEqual(before);
});

it("gives the last unit to the more important of two who wait, though it came later", async () => {
  const { clock, ledger, platform, risk } = desk();
  const holder = ledger.tryReserve(risk, memory(60));
  const low = ask(ledger, platform.within("strategy", { priority: 60 }), { mib: 40 });
  const high = ask(ledger, platform.within("limit", { priority: 10 }), { mib: 40 });
  await turns();
  expect([low, high]).toEqual([{}, {}]);
  holder?.resize(memory(40));
  await turns();
  expect(high.given?.amounts).toEqual(memory(40));
  expect(low).toEqual({});
  clock.pass(1000);
  await turns();
  expect(low.refused).toBe("late");
});

it("lets a large request wait no longer than those who hold something, behind a stream of important small ones", async () => {
  const { clock, ledger, platform } = desk();
  const important = platform.within("important", { priority: 0 });
  const large = platform.within("large", { priority: 100 });
  const small: Reservation[] = [];
  const turnOver = async (): Promise<void> => {
    clock.pass(100);
    small.shift()?.release();
    const next = ask(ledger, important, { ms: 10 });
    await turns();
    if (next.given) small.push(next.given);
  };
  for (let i = 0; i < 5; i++)
    small.push(...[ledger.tryReserve(important, memory(10))].filter((each) => !!each));
  const waiting = ask(ledger, large, { mib: 50, ms: 1e6 });
  let rounds = 0;
  for (; !waiting.given && rounds < 500; rounds++) await turnOver();
  // A hundred points of priority are worth ten seconds; then nobody passes it.
  expect(rounds).toBeGreaterThan(95);
  expect(rounds).toBeLessThan(110);
});

it("takes what several need together for all of them at once, or for none", async () => {
  const { ledger, exchange, risk } = desk();
  const needs = [exchange, risk].map((owner) => ({ owner, amounts: memory(40) }));
  const both = await ledger.reserve(needs, { ms: 0 });
  expect(both.ok && both.value.map(({ owner }) => owner.name)).toEqual(["exchange", "risk"]);
  if (both.ok) for (const each of both.value) each.release();
  ledger.tryReserve(risk, memory(30));
  const never = await ledger.reserve(
    [
      { owner: exchange, amounts: memory(80) },
      { owner: risk, amounts: memory(30) },
    ],
    { ms: 1e6 },
  );
  expect(never).toEqual({
    ok: false,
    error: {
      kind: "never",
      of: { owner: "the platform", resource: "memoryBytes", limit: 100 * MIB },
    },
  });
  expect(exchange.taken).toEqual({});
});

it("asks back what is idle and less important: the least important first, no more than is needed, nothing pinned", async () => {
  const { ledger, exchange, risk } = desk();
  const told: string[] = [];
  const hold = (name: string, priority: number) => {
    const owner = exchange.within(name, { priority });
    const reservation = ledger.tryReserve(owner, memory(20));
    reservation?.commit();
    reservation?.offer(() => {
      told.push(name);
      reservation.release();
    });
    return owner;
  };
  hold("important", 5);
  const unpin = ledger.pin(hold("orders", 90), "open orders");
  hold("strategy", 60);
  const urgent = ask(ledger, risk.within("limit", { priority: 10 }), { mib: 50 });
  await turns();
  expect(told).toEqual(["strategy"]);
  expect(urgent.given?.amounts).toEqual(memory(50));

  const more = ask(ledger, risk.within("rules", { priority: 10 }), { mib: 10 });
  await turns();
  expect([told, more]).toEqual([["strategy"], { given: more.given }]);
  const last = ask(ledger, exchange.within("connector", { priority: 5 }), { mib: 20 });
  await turns();
  expect(told).toEqual(["strategy"]);
  unpin();
  await turns();
  expect(told).toEqual(["strategy", "orders"]);
  expect(last.given?.amounts).toEqual(memory(20));
});

it("counts right where what was made smaller is asked back at once", async () => {
  const { ledger, platform, exchange, risk } = desk();
  const before = platform.taken;
  ledger.tryReserve(risk, memory(40));
  const idle = ledger.tryReserve(exchange.within("idle", { priority: 90 }), memory(60));
  const unpin = idle?.owner.pin("open orders");
  idle?.commit();
  idle?.offer(() => idle.release());
  const wanted = ask(ledger, exchange.within("wanted", { priority: 1 }), { mib: 40 });
  await turns();
  unpin?.();
  idle?.resize(memory(55));
  await turns();
  expect(wanted.given?.amounts).toEqual(memory(40));
  ledger.end(platform);
  expect([platform.taken, exchange.taken, idle?.owner.taken]).toEqual([before, {}, {}]);
});

it("asks nothing back where all of it would not be enough", async () => {
  const { clock, ledger, exchange, risk } = desk();
  const idle = ledger.tryReserve(exchange.within("idle", { priority: 90 }), memory(20));
  ledger.tryReserve(risk, memory(60));
  idle?.commit();
  idle?.offer(() => idle.release());
  const wanted = ask(ledger, exchange.within("large", { priority: 1 }), { mib: 60 });
  await turns();
  expect(idle?.state).toBe("committed");
  clock.pass(1000);
  await turns();
  expect(wanted.refused).toBe("late");
});

const refuse = (): never => expect.fail("must not be asked");

it("keeps what is only reserved, and what is in use again", async () => {
  const { ledger, exchange } = desk();
  const owner = exchange.within("plugin", { priority: 90 });
  const [starting, busy] = [ledger.tryReserve(owner, memory(30)), ledger.tryReserve(owner, memory(30))];
  starting?.offer(refuse);
  busy?.commit();
  busy?.offer(refuse);
  busy?.keep();
  const wanted = ask(ledger, exchange.within("urgent", { priority: 1 }), { mib: 60 });
  await turns();
  expect(wanted).toEqual({});
});

it("lets nobody pass who needs what one before is short of, now or before, and everybody else", async () => {
  const ledger = new Ledger(handClock());
  const platform = Owner.platform(memory(100));
  const exchange = platform.within("exchange", { limits: memory(60), guaranteed: memory(20) });
  const risk = platform.within("risk");
  const [a, b] = [exchange.within("a"), exchange.within("b")];
  const outside = ledger.tryReserve(risk, memory(60));
  const inside = ledger.tryReserve(a, memory(10));
  // Short of the platform's memory.
  const first = ask(ledger, a, { mib: 50 });
  await turns();
  expect(ledger.tryReserve(b, memory(11))).toBeUndefined();
  expect(ledger.tryReserve(b, memory(10))).toBeDefined();
  // Short of its own system's now, and still before others at the platform's.
  outside?.release();
  await turns();
  expect(first).toEqual({});
  expect(ledger.tryReserve(risk, memory(40))).toBeUndefined();
  inside?.release();
  await turns();
  expect(first.given?.amounts).toEqual(memory(50));
  expect(ledger.tryReserve(risk, memory(40))).toBeDefined();
});

it("does not make one system wait because another is at its own limit", async () => {
  const { ledger, exchange, risk } = desk();
  const a = exchange.within("a", { priority: 1 });
  ledger.tryReserve(a, memory(70));
  const stuck = ask(ledger, a, { mib: 20 });
  await turns();
  expect(ledger.tryReserve(risk.within("limit"), memory(30))).toBeDefined();
  expect(stuck).toEqual({});
});

it("has no amounts that do not come out even", () => {
  const { ledger, exchange } = desk();
  expect(() => ledger.tryReserve(exchange, { memoryBytes: 0.5 })).toThrow(RangeError);
  expect(() => ledger.tryReserve(exchange, { memoryBytes: -1 })).toThrow(RangeError);
  expect(() => ledger.tryReserve(exchange, { memoryBytes: Infinity })).toThrow(RangeError);
});
