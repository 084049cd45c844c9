/** What plugins share, each with its unit. Vectors have one number for each, in this order. */
export const RESOURCES = [
  "memoryBytes",
  "workers",
  "handles",
  "startSlots",
  "networkBytesPerSecond",
] as const;

export type Resource = (typeof RESOURCES)[number];

/** So much of some resources; whole numbers. */
export type Amounts = Readonly<Partial<Record<Resource, number>>>;

export type Vector = readonly number[];

/**
 * @param missing What stands for a resource that is not named: 0, or `Infinity` where these are limits.
 * @throws {RangeError} for an amount that is negative or not whole: sums of such would not come out even.
 */
export function vectorOf(amounts: Amounts, missing = 0): number[] {
  return RESOURCES.map((resource) => {
    const amount = amounts[resource] ?? missing;
    if (amount === missing || (Number.isSafeInteger(amount) && amount >= 0)) return amount;
    throw new RangeError(`${resource} is a whole number of at least 0, and ${amount} is not`);
  });
}

/** The resources of a vector that are not zero. */
export const amountsOf = (vector: Vector): Amounts =>
  Object.fromEntries(RESOURCES.flatMap((resource, at) => (vector[at] ? [[resource, vector[at]]] : [])));
