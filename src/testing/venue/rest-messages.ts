import type { Holding, Listing, VenueOrder, VenueTrade } from "./paper-exchange.ts";
import { isOpen } from "./paper-exchange.ts";
import { bestPrices, DAY_MS, fixed, levelsOf } from "./wire.ts";

/** Bodies of the REST answers: the member names and number formats of Binance's public spot API. */

export function exchangeInfo(listings: readonly Listing[], serverTime: number): object {
  const symbols = listings.map(({ market }) => ({
    symbol: market.symbol,
    status: "TRADING",
    baseAsset: market.base,
    baseAssetPrecision: 8,
    quoteAsset: market.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    orderTypes: ["LIMIT", "MARKET"],
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: "PRICE_FILTER",
        minPrice: fixed(market.tickSize),
        maxPrice: "1000000.00000000",
        tickSize: fixed(market.tickSize),
      },
      {
        filterType: "LOT_SIZE",
        minQty: fixed(market.stepSize),
        maxQty: "9000.00000000",
        stepSize: fixed(market.stepSize),
      },
      { filterType: "NOTIONAL", minNotional: fixed(market.minNotional), applyMinToMarket: true },
    ],
    permissions: ["SPOT"],
    permissionSets: [["SPOT"]],
  }));
  return { timezone: "UTC", serverTime, rateLimits: [], exchangeFilters: [], symbols };
}

export function dailyTicker(listing: Listing, closeTime: number): object {
  const { market, last } = listing;
  const { bid, bidQuantity, ask, askQuantity } = bestPrices(listing);
  return {
    symbol: market.symbol,
    priceChange: "0.00000000",
    priceChangePercent: "0.000",
    weightedAvgPrice: fixed(last),
    prevClosePrice: fixed(last),
    lastPrice: fixed(last),
    lastQty: fixed(market.stepSize),
    bidPrice: bid,
    bidQty: bidQuantity,
    askPrice: ask,
    askQty: askQuantity,
    openPrice: fixed(last),
    highPrice: fixed(last),
    lowPrice: fixed(last),
    volume: "0.00000000",
    quoteVolume: "0.00000000",
    openTime: closeTime - DAY_MS,
    closeTime,
    firstId: -1,
    lastId: -1,
    count: 0,
  };
}

export function depth(listing: Listing, limit: number): object {
  const { bids, asks } = levelsOf(listing);
  return { lastUpdateId: listing.bookId, bids: bids.slice(0, limit), asks: asks.slice(0, limit) };
}

export const publicTrade = (trade: VenueTrade): object => ({
  id: trade.tradeId,
  price: fixed(trade.price),
  qty: fixed(trade.quantity),
  time: trade.time,
  isBuyerMaker: trade.side === "sell",
  isBestMatch: true,
});

/** An order as `GET order` and `GET openOrders` tell it. */
export const orderStatus = (order: VenueOrder): object => ({
  ...commonFields(order),
  clientOrderId: order.clientOrderId,
  stopPrice: "0.00000000",
  icebergQty: "0.00000000",
  time: order.time,
  updateTime: order.updateTime,
  isWorking: isOpen(order),
  origQuoteOrderQty: "0.00000000",
});

/** The answer to `POST order` with `newOrderRespType=FULL`. */
export const orderPlaced = (order: VenueOrder): object => ({
  ...commonFields(order),
  clientOrderId: order.clientOrderId,
  transactTime: order.updateTime,
  fills: order.fills.map((fill) => ({
    price: fixed(fill.price),
    qty: fixed(fill.quantity),
    commission: "0.00000000",
    commissionAsset: "BNB",
    tradeId: fill.tradeId,
  })),
});

/** The answer to `DELETE order`: the cancellation has an id of its own, and the order's is the original one. */
export const orderCancelled = (order: VenueOrder): object => ({
  ...commonFields(order),
  origClientOrderId: order.clientOrderId,
  clientOrderId: `cancel-${order.orderId}`,
  transactTime: order.updateTime,
});

export const account = (holdings: ReadonlyMap<string, Holding>, updateTime: number): object => ({
  makerCommission: 0,
  takerCommission: 0,
  canTrade: true,
  canWithdraw: false,
  canDeposit: false,
  updateTime,
  accountType: "SPOT",
  balances: [...holdings].map(([asset, { free, locked }]) => ({
    asset,
    free: fixed(free),
    locked: fixed(locked),
  })),
  permissions: ["SPOT"],
});

const commonFields = (order: VenueOrder) => ({
  symbol: order.symbol,
  orderId: order.orderId,
  orderListId: -1,
  price: fixed(order.price ?? "0"),
  origQty: fixed(order.quantity),
  executedQty: fixed(order.filledQuantity),
  cummulativeQuoteQty: fixed(order.filledValue),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side.toUpperCase(),
});
