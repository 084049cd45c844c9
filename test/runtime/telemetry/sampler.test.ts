import { expect, it } from "vitest";

import { Sampler } from "../../../src/runtime/telemetry/sampler.ts";

/** Feeds events of a rate for a while, and says how many were measured and what they stand for. */
function feed(sampler: Sampler, { count, each }: { count: number; each: () => void }) {
  let measured = 0;
  let weighed = 0;
  for (let i = 0; i < count; i++) {
    each();
    const weight = sampler.next();
    if (weight > 0) measured += 1;
    weighed += weight;
  }
  return { measured, weighed };
}

it("measures everything while there is little", () => {
  let nowMs = 0;
  const sampler = new Sampler(1000, () => nowMs);
  const { measured } = feed(sampler, { count: 5000, each: () => (nowMs += 2) });
  expect(measured).toBe(5000);
});

it("measures few of many, and loses none of what they stand for", () => {
  let nowMs = 0;
  const sampler = new Sampler(1000, () => nowMs);
  const { measured, weighed } = feed(sampler, { count: 1_000_000, each: () => (nowMs += 0.001) });
  // One second at a million a second.
  expect(measured).toBeLessThan(3000);
  expect(measured).toBeGreaterThan(400);
  expect(Math.abs(weighed - 1_000_000)).toBeLessThan(20_000);
});

it("never leaves out the first events, however fast they come", () => {
  const sampler = new Sampler(1, () => 0);
  expect(feed(sampler, { count: 64, each: () => undefined }).measured).toBe(64);
});

it("measures all again once it is asked after a rush", () => {
  let nowMs = 0;
  const sampler = new Sampler(1000, () => nowMs);
  feed(sampler, { count: 100_000, each: () => (nowMs += 0.001) });
  expect(sampler.weight).toBeGreaterThan(100);
  nowMs += 600_000;
  sampler.adapt();
  expect(sampler.weight).toBe(1);
});
