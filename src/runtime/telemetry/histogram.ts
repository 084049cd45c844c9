/**
 * Log-linear buckets: every power of two is divided into 8 equal parts, read from the bits of the number itself. A value
 * is known to within 6.25 % of itself from 2^-30 (a nanosecond, in seconds) to 2^34; what lies beyond counts as
 * the first or the last bucket. Bounds are inclusive above, as `le` is, so powers of two are exact.
 *
 * @see HDR Histogram; Prometheus native histograms are the logarithmic kind of this.
 */
const PART_BITS = 3;
const FIRST_EXPONENT = -30;
const LAST_EXPONENT = 34;
const PARTS = 2 ** PART_BITS;

export const BUCKETS = (LAST_EXPONENT - FIRST_EXPONENT) * PARTS;

/** Slots of one series: its buckets, and the sum of what was recorded. */
export const HISTOGRAM_SLOTS = BUCKETS + 1;

const float = new Float64Array(1);
const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
const halves = new Uint32Array(float.buffer);
const SHIFT = 20 - PART_BITS;
const BASE = (1023 + FIRST_EXPONENT) << PART_BITS;

/** The bucket of a value that is not negative. */
export function bucketOf(value: number): number {
  float[0] = value;
  const high = halves[HIGH] ?? 0;
  // A value on a bound belongs below it.
  const index = ((halves[LOW] === 0 ? high - 1 : high) >> SHIFT) - BASE;
  return index < 0 ? 0 : index < BUCKETS ? index : BUCKETS - 1;
}

/** The largest value of a bucket. */
export function upperBound(bucket: number): number {
  const part = bucket % PARTS;
  return 2 ** (FIRST_EXPONENT + (bucket - part) / PARTS) * (1 + (part + 1) / PARTS);
}

/** Values up to `2 ** exponent`. */
export function countUpTo(buckets: ArrayLike<number>, exponent: number): number {
  let count = 0;
  for (let i = 0; i < bucketsUpTo(exponent); i++) count += buckets[i] ?? 0;
  return count;
}

/** How many buckets lie below a power of two. */
export const bucketsUpTo = (exponent: number): number => (exponent - FIRST_EXPONENT) * PARTS;

/** The value below which a share of what was recorded lies, by the middle of its bucket; NaN where there is nothing. */
export function quantileOf(buckets: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let i = 0; i < BUCKETS; i++) total += buckets[i] ?? 0;
  let below = 0;
  for (let i = 0; i < BUCKETS; i++) {
    below += buckets[i] ?? 0;
    if (below > 0 && below >= share * total) return (upperBound(i - 1) + upperBound(i)) / 2;
  }
  return Number.NaN;
}
