/** What plugin authors import as `tradsys/plugin`. */
export * from "./define.ts";
export * as decimal from "./decimal.ts";
export * from "./errors.ts";
export { openFeed, pump, type Feed, type Reconnecting, type Source } from "./feed.ts";
export { guardOrders, type GuardedOrders, type GuardOptions } from "./order-guard.ts";
export type * from "./ports.ts";
export type * from "./ports/market-data.ts";
export * from "./ports/orders.ts";
export type * from "./ports/risk.ts";
export { isStrictlyReducing, type PendingOrder } from "./reducing.ts";
export { within, type Deadline } from "./within.ts";
