import { expect, it } from "vitest";

import { IdleClock, verdictOn } from "../../../src/runtime/resources/idle.ts";

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

const MIB = 2 ** 20;
const idle = {
  idleMs: 2000,
  isPinned: false,
  isLazy: true,
  isLikely: false,
  isShort: false,
  idleUnloadMs: 1000,
  recycleAfterMs: 500,
};

it("unloads what is idle for long, later where it is used in most runs, and at once where memory is short", () => {
  expect(verdictOn(idle)).toBe("unload");
  expect(verdictOn({ ...idle, isLikely: true })).toBe("spare");
  expect(verdictOn({ ...idle, idleMs: 4000, isLikely: true })).toBe("unload");
  expect(verdictOn({ ...idle, idleUnloadMs: undefined })).toBe("spare");
  expect(verdictOn({ ...idle, idleMs: 1, isShort: true })).toBe("unload");
});

it("keeps what is in use, pinned, or would not start again by being used", () => {
  for (const isShort of [false, true]) {
    expect(verdictOn({ ...idle, isShort, idleMs: 0 })).toBe("keep");
    expect(verdictOn({ ...idle, isShort, isPinned: true })).toBe("keep");
    expect(verdictOn({ ...idle, isShort, isLazy: false })).toBe("keep");
  }
});

it("starts anew, when idle, what uses more than twice what it did at first, and not for little", () => {
  const grown = (baseline: number, now: number) =>
    verdictOn({ ...idle, isLazy: false, heap: { baselineBytes: baseline * MIB, bytes: now * MIB } });
  expect([grown(5, 30), grown(5, 43), grown(100, 200), grown(100, 233)]).toEqual([
    "keep",
    "recycle",
    "keep",
    "recycle",
  ]);
  const heap = { baselineBytes: MIB, bytes: 99 * MIB };
  expect(verdictOn({ ...idle, isLazy: false, heap, idleMs: 499 })).toBe("keep");
  expect(verdictOn({ ...idle, isLazy: false, heap, isPinned: true })).toBe("keep");
});
