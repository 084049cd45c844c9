import { portError } from "./errors.ts";

/**
 * Exact decimal arithmetic for money, over strings: prices, quantities and balances are never JavaScript numbers.
 *
 * A decimal is `-?digits[.digits]` with at most 38 significant and 18 fraction digits: no exponent, no plus sign,
 * no infinity. Results are in canonical form: no superfluous zeros, no `-0`. Every function throws
 * `CONTRACT_VIOLATION` for text that is not a decimal and for results that do not fit.
 */
export type Decimal = string;

/** What to do with digits that do not fit. `floor` goes down and `ceil` up, also below zero. */
export type Rounding = "floor" | "ceil" | "half-even";

const MAX_DIGITS = 38;
const SCALE = 18;
const ONE = 10n ** BigInt(SCALE);

export function isDecimal(text: string): text is Decimal {
  return parse(text) !== undefined;
}

/** The value in units of 10^-18, for code that does many operations in a row. */
export function toScaled(text: Decimal): bigint {
  const scaled = parse(text);
  if (scaled === undefined) {
    throw portError("CONTRACT_VIOLATION", `${JSON.stringify(text)} is not a decimal`);
  }
  return scaled;
}

/** The canonical form of a value in units of 10^-18. */
export function fromScaled(scaled: bigint): Decimal {
  if (scaled === 0n) return "0";
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(SCALE + 1, "0");
  const whole = digits.slice(0, -SCALE);
  const fraction = digits.slice(-SCALE).replace(/0+$/, "");
  const text = `${scaled < 0n ? "-" : ""}${whole}${fraction && `.${fraction}`}`;
  if (significantDigits(whole + fraction) > MAX_DIGITS) {
    throw portError("CONTRACT_VIOLATION", `${text} has more than ${MAX_DIGITS} digits`);
  }
  return text;
}

/** Rewrites a decimal in canonical form: `063.50` becomes `63.5`. */
export const normalise = (a: Decimal): Decimal => fromScaled(toScaled(a));

/** Negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const difference = toScaled(a) - toScaled(b);
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

export const add = (a: Decimal, b: Decimal): Decimal => fromScaled(toScaled(a) + toScaled(b));
export const subtract = (a: Decimal, b: Decimal): Decimal => fromScaled(toScaled(a) - toScaled(b));
export const negate = (a: Decimal): Decimal => fromScaled(-toScaled(a));
export const abs = (a: Decimal): Decimal => (compare(a, "0") < 0 ? negate(a) : normalise(a));
export const min = (a: Decimal, b: Decimal): Decimal => normalise(compare(a, b) <= 0 ? a : b);
export const max = (a: Decimal, b: Decimal): Decimal => normalise(compare(a, b) >= 0 ? a : b);

/** The product. Rounding matters only past the 18th fraction digit. */
export const multiply = (a: Decimal, b: Decimal, rounding: Rounding): Decimal =>
  fromScaled(timesScaled(toScaled(a), toScaled(b), rounding));

/** The product of two values in units of 10^-18, in the same units. */
export const timesScaled = (a: bigint, b: bigint, rounding: Rounding): bigint => divide(a * b, ONE, rounding);

/** The nearest multiple of `step`, which must be positive: a price on its tick, a quantity on its lot. */
export function quantise(a: Decimal, step: Decimal, rounding: Rounding): Decimal {
  const size = toScaled(step);
  if (size <= 0n) throw portError("CONTRACT_VIOLATION", `a step must be positive, not ${step}`);
  return fromScaled(divide(toScaled(a), size, rounding) * size);
}

/** One pass over the characters: every price, quantity and balance that crosses a port comes through here. */
function parse(text: string): bigint | undefined {
  const start = text.startsWith("-") ? 1 : 0;
  let point = -1;
  let significant = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT && point < 0 && i > start) point = i;
    else if (code < ZERO || code > ZERO + 9) return undefined;
    else if (significant > 0 || code > ZERO) significant++;
  }
  const fraction = point < 0 ? 0 : text.length - point - 1;
  const isWhole = text.length > start && (point < 0 || fraction > 0);
  if (!isWhole || fraction > SCALE || significant > MAX_DIGITS) return undefined;
  if (significant === 0) return 0n;
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  return BigInt(digits) * (POWERS[SCALE - fraction] ?? 1n);
}

const POINT = 46;
const ZERO = 48;
const POWERS = Array.from({ length: SCALE + 1 }, (_, power) => 10n ** BigInt(power));

const significantDigits = (digits: string): number => digits.replace(/^0+/, "").length;

/** Integer division; the divisor is positive. BigInt truncates, so negative quotients are moved down. */
function divide(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const truncated = dividend / divisor;
  const rest = dividend - truncated * divisor;
  const floor = rest < 0n ? truncated - 1n : truncated;
  const remainder = rest < 0n ? rest + divisor : rest;
  switch (rounding) {
    case "floor":
      return floor;
    case "ceil":
      return remainder === 0n ? floor : floor + 1n;
    case "half-even": {
      const twice = remainder * 2n;
      const up = twice > divisor || (twice === divisor && floor % 2n !== 0n);
      return up ? floor + 1n : floor;
    }
    default:
      return rounding satisfies never;
  }
}
