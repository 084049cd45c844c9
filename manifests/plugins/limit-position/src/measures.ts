import { decimal, type OrderIntent } from "tradsys/plugin";

import type { PositionBook } from "./position-book.ts";

/** Validated against the schema in `plugin.yaml`. What is left out is not limited. */
export interface Config {
  /** Largest position, in base units. */
  readonly maxLong: decimal.Decimal;
  /** Largest short position, in base units, as a positive amount. */
  readonly maxShort: decimal.Decimal;
  /** Of one order, in base units. */
  readonly maxOrderSize?: decimal.Decimal;
  /** Value of all positions of an account with its open orders, in the quote asset. */
  readonly maxExposure?: decimal.Decimal;
  /** What shares of exposure are measured by, in the quote asset. */
  readonly equity?: decimal.Decimal;
  /** Exposure as a multiple of equity. */
  readonly maxLeverage?: decimal.Decimal;
  /** Exposure in one instrument as a share of equity. */
  readonly maxConcentration?: decimal.Decimal;
  /** Value at risk, in the quote asset: exposure times `varFactor`, as if everything fell together. */
  readonly maxVar?: decimal.Decimal;
  /** Share of a position's value that may be lost: daily volatility times the quantile of the confidence. */
  readonly varFactor?: decimal.Decimal;
}

/** An order that asks for room, amounts in units of 10^-18. */
interface Asking {
  readonly intent: OrderIntent;
  readonly quantity: bigint;
  /** What a unit is valued by; 0 where nobody knows. */
  readonly price: bigint;
}

interface Measured {
  /** The use of the limit with the order. */
  readonly observed: bigint;
  readonly threshold: bigint;
}

/** One kind of limit over the same book. */
export type Measure = (book: PositionBook, order: Asking) => Measured;

const { toScaled } = decimal;
const ONE = 10n ** 18n;

/** The measures that a configuration asks for, the position first. */
export function measuresOf(config: Config): readonly Measure[] {
  const [maxLong, maxShort] = [toScaled(config.maxLong), toScaled(config.maxShort)];
  const position: Measure = (book, { intent: { account = "", instrument, side }, quantity }) => ({
    observed: book.worst(account, instrument, side) + quantity,
    threshold: side === "buy" ? maxLong : maxShort,
  });
  const { maxOrderSize, maxExposure, equity, maxLeverage, maxConcentration, maxVar, varFactor } = config;
  const measures = [
    position,
    limit(maxOrderSize, (threshold) => (_, { quantity }) => ({ observed: quantity, threshold })),
    limit(maxExposure, (threshold) => (book, order) => ({ observed: exposure(book, order), threshold })),
    limit(maxLeverage, (threshold) => (book, order) => ({
      observed: share(exposure(book, order), equity),
      threshold,
    })),
    limit(maxConcentration, (threshold) => (book, order) => ({
      observed: share(book.exposureWith(order.intent, order.quantity, order.price), equity),
      threshold,
    })),
    limit(maxVar, (threshold) => (book, order) => ({
      observed: decimal.timesScaled(exposure(book, order), toScaled(varFactor ?? "1"), "ceil"),
      threshold,
    })),
  ];
  return measures.filter((measure) => measure !== undefined);
}

const limit = (
  threshold: decimal.Decimal | undefined,
  measure: (threshold: bigint) => Measure,
): Measure | undefined => (threshold === undefined ? undefined : measure(toScaled(threshold)));

/** Of the account, with the order open. */
function exposure(book: PositionBook, { intent, quantity, price }: Asking): bigint {
  const { account = "", instrument } = intent;
  const others = book.exposure(account) - book.exposureOf(account, instrument);
  return others + book.exposureWith(intent, quantity, price);
}

/** Rounded up. Without equity every share is too large. */
function share(amount: bigint, equity: decimal.Decimal | undefined): bigint {
  const whole = toScaled(equity ?? "0");
  if (whole <= 0n) return amount === 0n ? 0n : 10n ** 37n;
  return (amount * ONE + whole - 1n) / whole;
}
