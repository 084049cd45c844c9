import { decimal, type MarketPhase } from "tradsys/plugin";

import { known, type JudgedOrder } from "./order.ts";

/** Validated against the schema in `plugin.yaml`. Amounts without a unit are in the instrument's quote asset. */
export interface Config {
  readonly allowedPhases: readonly MarketPhase[];
  readonly duplicateWindowMs: number;
  readonly maxDayLoss: decimal.Decimal;
  /** Basis points around the reference price within which a limit price must lie. */
  readonly maxDeviationBps: number;
  readonly maxGrossExposure: decimal.Decimal;
  readonly maxGroupExposure: decimal.Decimal;
  readonly maxMessagesPerSecond: number;
  readonly maxOrderQuantity: decimal.Decimal;
  readonly maxOrderValue: decimal.Decimal;
  readonly maxPosition: decimal.Decimal;
  readonly maxQuoteAgeMs: number;
  readonly maxShareOfShownBps: number;
  readonly maxVolatilityBps: number;
  readonly restricted: readonly string[];
}

/** What speaks against an order. */
export interface Broken {
  readonly text: string;
  readonly observed?: decimal.Decimal;
  readonly threshold?: decimal.Decimal;
}

/** One rule over one order; `undefined` where nothing speaks against it. What it cannot compute, it throws. */
export type Check = (order: JudgedOrder) => Broken | undefined;

const { fromScaled, toScaled } = decimal;

function over(observed: bigint, threshold: bigint): Broken | undefined {
  return observed <= threshold ? undefined : beyond(fromScaled(observed), fromScaled(threshold));
}

const beyond = (observed: string, threshold: string): Broken => ({
  text: `${observed} is beyond ${threshold}`,
  observed,
  threshold,
});

/** Basis points as a factor in units of 10^-18. */
const fromBps = (bps: number): bigint => BigInt(bps) * 10n ** 14n;

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** Thresholds are parsed once, when the rules are loaded. */
export const maxOrderQuantity = (config: Config): Check => {
  const threshold = toScaled(config.maxOrderQuantity);
  return ({ quantity }) =>
    quantity > 0n ? over(quantity, threshold) : beyond(fromScaled(quantity), config.maxOrderQuantity);
};

export const maxOrderValue = (config: Config): Check => {
  const threshold = toScaled(config.maxOrderValue);
  return ({ value }) =>
    value > 0n ? over(value, threshold) : beyond(fromScaled(value), config.maxOrderValue);
};

/** Bounds are rounded towards the reference, so that rounding never widens the collar. */
export function priceCollar({ maxDeviationBps }: Config): Check {
  const [above, below] = [fromBps(10_000 + maxDeviationBps), fromBps(10_000 - maxDeviationBps)];
  return ({ price, reference }) => {
    const ceiling = decimal.timesScaled(reference, above, "floor");
    const floor = decimal.timesScaled(reference, below, "ceil");
    if (price >= floor && price <= ceiling) return undefined;
    return beyond(fromScaled(price), fromScaled(price > ceiling ? ceiling : floor));
  };
}

export const messageRate =
  ({ maxMessagesPerSecond }: Config): Check =>
  ({ facts }) => {
    const sent = known(facts.flow, "what was sent lately").messagesPerSecond;
    return sent <= maxMessagesPerSecond ? undefined : beyond(String(sent), String(maxMessagesPerSecond));
  };

export const duplicateOrder =
  ({ duplicateWindowMs }: Config): Check =>
  ({ facts }) => {
    const ago = known(facts.flow, "what was sent lately").sameOrderAgoUs;
    if (ago === null || ago >= duplicateWindowMs * 1000) return undefined;
    return { text: `the same order was sent ${Math.floor(ago / 1000)} ms ago` };
  };

/** Open orders on the order's side count as filled; those on the other side make no room. */
export const position = (config: Config): Check => {
  const threshold = toScaled(config.maxPosition);
  return (order) => {
    const held = toScaled(known(order.facts.account, "the account").position);
    return over(magnitude(held + order.signed(order.quantity)), threshold);
  };
};

export const freeBalance: Check = (order) => {
  const free = known(known(order.facts.account, "the account").free, "the free balance");
  return over(order.buys ? order.value : order.quantity, toScaled(free));
};

export const restrictedList = ({ restricted }: Config): Check => {
  const listed = new Set(restricted);
  return ({ facts: { intent } }) =>
    listed.has(intent.instrument) ? { text: `${intent.instrument} is restricted` } : undefined;
};

export const marketPhase = ({ allowedPhases }: Config): Check => {
  const allowed = new Set(allowedPhases);
  return ({ facts: { intent, market } }) => {
    const { phase } = known(market, "the market");
    // Without a calendar the market trades around the clock.
    if (phase === null) return undefined;
    if (!allowed.has(phase)) return { text: `the market is in ${phase}` };
    const isPriced = intent.type === "limit" || phase === "continuous";
    return isPriced ? undefined : { text: `no market orders in ${phase}` };
  };
};

export const staleData =
  ({ maxQuoteAgeMs }: Config): Check =>
  ({ facts }) => {
    const ageMs = known(facts.market, "the market").quoteAgeUs / 1000;
    if (ageMs <= maxQuoteAgeMs) return undefined;
    return { text: `the quote is ${Math.ceil(ageMs)} ms old, and ${maxQuoteAgeMs} are allowed` };
  };

export const dailyLoss = (config: Config): Check => {
  const threshold = toScaled(config.maxDayLoss);
  return ({ facts }) =>
    over(toScaled(known(known(facts.account, "the account").dayLoss, "the day's loss")), threshold);
};

export const selfTrade: Check = (order) => {
  const own = known(order.facts.book, "own orders").ownBestOpposite;
  if (own === null || !order.reaches(toScaled(own))) return undefined;
  return { text: `it would trade with an own order at ${own}` };
};

export const exposureLimit = (config: Config): Check => {
  const threshold = toScaled(config.maxGrossExposure);
  return ({ facts, value }) =>
    over(toScaled(known(facts.account, "the account").grossExposure) + value, threshold);
};

export const correlationBased = (config: Config): Check => {
  const threshold = toScaled(config.maxGroupExposure);
  return (order) => {
    const group = toScaled(known(order.facts.account, "the account").groupExposure);
    return over(magnitude(group + order.signed(order.value)), threshold);
  };
};

export const volatilityBased =
  ({ maxVolatilityBps }: Config): Check =>
  ({ facts }) => {
    const moved = Math.ceil(known(facts.market, "the market").volatilityBps);
    return moved <= maxVolatilityBps ? undefined : beyond(String(moved), String(maxVolatilityBps));
  };

/** Only an order that takes at once can ask for more than there is. */
export function liquidityBased({ maxShareOfShownBps }: Config): Check {
  const share = fromBps(maxShareOfShownBps);
  return (order) => {
    const { best } = known(order.facts.market, "the market");
    if (!order.reaches(toScaled(best.price))) return undefined;
    return over(order.quantity, decimal.timesScaled(toScaled(best.quantity), share, "floor"));
  };
}
