import * as fc from "fast-check";
import { expect, it } from "vitest";

import { TimerWheel, type WheelEntry } from "../../../src/runtime/context/timer-wheel.ts";

/** A clock that a test moves, and that counts how often it was asked to wake somebody. */
class Clock {
  nowMs = 0;
  isHolding = false;
  wakes = 0;
  #timer: { readonly at: number; readonly callback: () => void } | undefined;

  now(): number {
    return this.nowMs;
  }

  wake(ms: number, callback: () => void) {
    this.wakes += 1;
    const timer = { at: this.nowMs + ms, callback };
    this.#timer = timer;
    this.isHolding = true;
    return {
      ref: () => void (this.isHolding = true),
      unref: () => void (this.isHolding = false),
      close: () => {
        if (this.#timer === timer) this.#timer = undefined;
      },
    };
  }

  /** The time passes, timers first that are due first. */
  moveTo(ms: number): void {
    while (this.#timer && this.#timer.at <= ms) {
      const { at, callback } = this.#timer;
      this.#timer = undefined;
      this.nowMs = Math.max(this.nowMs, at);
      callback();
    }
    this.nowMs = ms;
  }
}

it("calls each entry once, never early and at most a slot late, unless it was removed", () => {
  const deed = fc.oneof(
    fc.record({ add: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 20_000 })) }),
    fc.record({ remove: fc.nat() }),
    fc.record({ pass: fc.nat({ max: 3000 }) }),
  );
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const clock = new Clock();
      const wheel = new TimerWheel(clock);
      const entries: { entry: WheelEntry; at: number; isRemoved: boolean; calledAt: number[] }[] = [];
      for (const each of deeds) {
        if ("add" in each) {
          const at = clock.nowMs + each.add;
          const calledAt: number[] = [];
          const entry = wheel.add(at, () => void calledAt.push(clock.nowMs));
          entries.push({ entry, at, isRemoved: false, calledAt });
        } else if ("pass" in each) {
          clock.moveTo(clock.nowMs + each.pass);
        } else {
          const chosen = entries[each.remove % Math.max(1, entries.length)];
          if (!chosen) continue;
          wheel.remove(chosen.entry);
          if (chosen.calledAt.length === 0) chosen.isRemoved = true;
        }
      }
      clock.moveTo(clock.nowMs + 40_000);
      for (const { at, isRemoved, calledAt } of entries) {
        expect(calledAt).toHaveLength(isRemoved ? 0 : 1);
        for (const when of calledAt) {
          expect(when).toBeGreaterThanOrEqual(at);
          expect(when).toBeLessThanOrEqual(at + 5);
        }
      }
    }),
  );
});

it("sets one timer for a thousand deadlines that come and go before it", () => {
  const clock = new Clock();
  const wheel = new TimerWheel(clock);
  for (let i = 0; i < 1000; i++) wheel.remove(wheel.add(5000 + i, () => undefined));
  expect(clock.wakes).toBe(1);
});

it("keeps the process alive only while somebody waits", () => {
  const clock = new Clock();
  const wheel = new TimerWheel(clock);
  const entry = wheel.add(1000, () => undefined);
  expect(clock.isHolding).toBe(true);
  wheel.remove(entry);
  expect(clock.isHolding).toBe(false);
  wheel.add(2000, () => undefined);
  expect(clock.isHolding).toBe(true);
});

it("takes entries from those that it calls", () => {
  const clock = new Clock();
  const wheel = new TimerWheel(clock);
  const called: number[] = [];
  const again = (): void => {
    called.push(clock.nowMs);
    if (called.length < 3) wheel.add(clock.nowMs + 10, again);
  };
  wheel.add(10, again);
  clock.moveTo(100);
  expect(called).toHaveLength(3);
});

it("calls the others of a slot where one removes the next", () => {
  const clock = new Clock();
  const wheel = new TimerWheel(clock);
  const called: string[] = [];
  const last = wheel.add(8, () => void called.push("last"));
  const middle = wheel.add(8, () => void called.push("middle"));
  wheel.add(8, () => {
    called.push("first");
    wheel.remove(middle);
  });
  clock.moveTo(20);
  expect(called).toEqual(["first", "last"]);
  wheel.remove(last);
});
