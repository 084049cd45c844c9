import * as fc from "fast-check";
import { expect, it } from "vitest";

import {
  BUCKETS,
  bucketOf,
  countUpTo,
  quantileOf,
  upperBound,
} from "../../../src/runtime/telemetry/histogram.ts";

const inRange = fc.double({ min: 2 ** -30, max: 2 ** 34, noNaN: true });

it("puts each value between the bounds of its bucket, the upper one included", () => {
  fc.assert(
    fc.property(inRange, (value) => {
      const bucket = bucketOf(value);
      expect(value).toBeLessThanOrEqual(upperBound(bucket));
      expect(value).toBeGreaterThan(bucket > 0 ? upperBound(bucket - 1) : 0);
    }),
    { numRuns: 10_000 },
  );
});

it("has an exact bound at every power of two", () => {
  for (let exponent = -29; exponent <= 34; exponent++) {
    expect(upperBound(bucketOf(2 ** exponent))).toBe(2 ** exponent);
  }
});

it("counts what is too small or too large in the first and the last bucket", () => {
  expect(bucketOf(0)).toBe(0);
  expect(bucketOf(Number.MIN_VALUE)).toBe(0);
  expect(bucketOf(2 ** 40)).toBe(BUCKETS - 1);
  expect(bucketOf(Number.MAX_VALUE)).toBe(BUCKETS - 1);
});

it("knows every quantile to within 6.25 %", () => {
  fc.assert(
    fc.property(
      fc.array(inRange, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const buckets = new Float64Array(BUCKETS);
        for (const value of values) {
          const bucket = bucketOf(value);
          buckets[bucket] = (buckets[bucket] ?? 0) + 1;
        }
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
        expect(Math.abs(quantileOf(buckets, share) - exact) / exact).toBeLessThanOrEqual(0.0625);
      },
    ),
    { numRuns: 1000 },
  );
});

it("counts up to a power of two exactly what is not above it", () => {
  fc.assert(
    fc.property(fc.array(inRange), fc.integer({ min: -29, max: 34 }), (values, exponent) => {
      const buckets = new Float64Array(BUCKETS);
      for (const value of values) buckets[bucketOf(value)] = (buckets[bucketOf(value)] ?? 0) + 1;
      const expected = values.filter((value) => value <= 2 ** exponent).length;
      expect(countUpTo(buckets, exponent)).toBe(expected);
    }),
  );
});
