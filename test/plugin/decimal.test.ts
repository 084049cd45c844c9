import * as fc from "fast-check";
import { expect, it } from "vitest";

import { decimal } from "../../src/plugin/index.ts";

const { toScaled, fromScaled } = decimal;

/** Decimals that leave room for a sum and a product: up to 9 digits on either side of the point. */
const amounts = fc
  .bigInt({ min: -(10n ** 18n), max: 10n ** 18n })
  .map((units) => fromScaled(units * 10n ** 9n));

/** Texts that look like numbers, most of them wrong in one way. */
const numberLike = fc.stringMatching(/^[-+]?[0-9]{0,4}[.,eE]?[0-9]{0,20}$/);

const reject = expect.objectContaining({ code: "CONTRACT_VIOLATION" });

it("reads back what it writes", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (units) => {
      expect(toScaled(fromScaled(units))).toBe(units);
    }),
  );
});

it("accepts exactly the grammar", () => {
  fc.assert(
    fc.property(numberLike, (text) => {
      expect(decimal.isDecimal(text)).toBe(/^-?[0-9]+(\.[0-9]{1,18})?$/.test(text));
    }),
  );
});

it.each(["", "-", ".5", "5.", "+1", "1e3", "1,5", " 1", "1 ", "NaN", "Infinity", "0x10", "١", "1\n"])(
  "refuses %j",
  (text) => {
    expect(decimal.isDecimal(text)).toBe(false);
    expect(() => toScaled(text)).toThrow(reject);
  },
);

it.each([
  ["-0", "0"],
  ["-0.000", "0"],
  ["007.50", "7.5"],
  ["63000.10", "63000.1"],
  ["0.000000000000000001", "0.000000000000000001"],
])("writes %s as %s", (text, canonical) => {
  expect(decimal.normalise(text)).toBe(canonical);
});

it("keeps to 38 significant digits", () => {
  const largest = `${"9".repeat(20)}.${"9".repeat(18)}`;
  expect(decimal.normalise(`000${largest}`)).toBe(largest);
  expect(decimal.isDecimal(`1${largest}`)).toBe(false);
  expect(() => decimal.add("9".repeat(38), "1")).toThrow(reject);
});

it("adds and subtracts as integers of the smallest unit do", () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      expect(toScaled(decimal.add(a, b))).toBe(toScaled(a) + toScaled(b));
      expect(decimal.subtract(decimal.add(a, b), b)).toBe(decimal.normalise(a));
      expect(decimal.add(a, decimal.negate(a))).toBe("0");
    }),
  );
});

it("orders decimals as their values, whatever their form", () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const expected = toScaled(a) < toScaled(b) ? -1 : Number(toScaled(a) > toScaled(b));
      expect(decimal.compare(a, b)).toBe(expected);
      expect(decimal.compare(decimal.min(a, b), decimal.max(a, b))).toBeLessThanOrEqual(0);
      expect(decimal.compare(decimal.abs(a), "0")).toBeGreaterThanOrEqual(0);
    }),
  );
});

it("rounds products to within one unit, to the side asked for", () => {
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const exact = toScaled(a) * toScaled(b);
      const unit = 10n ** 18n;
      const floor = toScaled(decimal.multiply(a, b, "floor")) * unit;
      const ceil = toScaled(decimal.multiply(a, b, "ceil")) * unit;
      const even = toScaled(decimal.multiply(a, b, "half-even")) * unit;
      expect(floor <= exact && exact - floor < unit).toBe(true);
      expect(ceil >= exact && ceil - exact < unit).toBe(true);
      expect(even === floor || even === ceil).toBe(true);
      const distance = even > exact ? even - exact : exact - even;
      expect(distance * 2n <= unit).toBe(true);
    }),
  );
});

it("brings a price onto its tick", () => {
  expect(decimal.quantise("63805.017", "0.01", "floor")).toBe("63805.01");
  expect(decimal.quantise("63805.011", "0.01", "ceil")).toBe("63805.02");
  expect(decimal.quantise("-63805.017", "0.01", "floor")).toBe("-63805.02");
  expect(decimal.quantise("2.5", "1", "half-even")).toBe("2");
  expect(decimal.quantise("3.5", "1", "half-even")).toBe("4");
  expect(() => decimal.quantise("1", "0", "floor")).toThrow(reject);
});

it("quantises to a multiple of the step, less than a step away", () => {
  const steps = fc.bigInt({ min: 1n, max: 10n ** 20n }).map(fromScaled);
  fc.assert(
    fc.property(amounts, steps, (a, step) => {
      const floor = toScaled(decimal.quantise(a, step, "floor"));
      expect(floor % toScaled(step)).toBe(0n);
      expect(toScaled(a) - floor >= 0n && toScaled(a) - floor < toScaled(step)).toBe(true);
    }),
  );
});

it("is exact where JavaScript numbers are not", () => {
  expect(decimal.multiply("4.35", "100", "floor")).toBe("435");
  expect(decimal.add("0.1", "0.2")).toBe("0.3");
});
