import { expect, it } from "vitest";

import { hasOutgrown, IdleClock, patienceFor } from "../../../src/runtime/resources/idle.ts";

it("counts from the last look at which a plugin was used or busy", () => {
  const clock = new IdleClock();
  const look = (uses: number, isBusy: boolean, nowMs: number): number =>
    clock.idleMs("p", { uses, isBusy }, nowMs);
  expect(look(1, false, 100)).toBe(0);
  expect(look(1, false, 150)).toBe(50);
  expect(look(2, false, 200)).toBe(0);
  expect(look(2, true, 300)).toBe(0);
  expect(look(2, false, 400)).toBe(100);
  clock.forget("p");
  expect(look(2, false, 500)).toBe(0);
});

it("keeps what is used in most runs longer, and nothing idle where memory is short", () => {
  expect(patienceFor(1000, { isLikely: false, isShort: false })).toBe(1000);
  expect(patienceFor(1000, { isLikely: true, isShort: false })).toBe(4000);
  expect(patienceFor(undefined, { isLikely: true, isShort: false })).toBe(Infinity);
  expect(patienceFor(undefined, { isLikely: true, isShort: true })).toBe(1);
});

it("takes a heap for outgrown at more than twice its beginning, and not for little", () => {
  const mib = 2 ** 20;
  expect(hasOutgrown(5 * mib, 30 * mib)).toBe(false);
  expect(hasOutgrown(5 * mib, 43 * mib)).toBe(true);
  expect(hasOutgrown(100 * mib, 200 * mib)).toBe(false);
  expect(hasOutgrown(100 * mib, 233 * mib)).toBe(true);
});
