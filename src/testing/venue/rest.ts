import { createHmac, timingSafeEqual } from "node:crypto";

import { isDecimal } from "../../plugin/decimal.ts";
import {
  isOpen,
  isRefusal,
  type PaperExchange,
  type Refusal,
  type VenueOrder,
  type VenueTrade,
} from "./paper-exchange.ts";
import {
  account,
  dailyTicker,
  depth,
  exchangeInfo,
  orderCancelled,
  orderPlaced,
  orderStatus,
  publicTrade,
} from "./rest-messages.ts";

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  /** Query and body as they were sent, one after the other: what a signature covers. */
  readonly parameters: string;
  /** The `X-MBX-APIKEY` header. */
  readonly apiKey: string | undefined;
}

export interface RestReply {
  readonly status: number;
  readonly body: object;
}

export interface RestApi {
  readonly exchange: PaperExchange;
  /** The latest trades of all markets, oldest first. */
  readonly trades: readonly VenueTrade[];
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Answer = object | Refusal;
type Handler = (api: RestApi, parameters: URLSearchParams) => Answer;

/** Answers one request. Refusals have the venue's codes, with status 401 for a wrong key and 400 for the rest. */
export function answer(api: RestApi, request: RestRequest): RestReply {
  const route = `${request.method} ${request.path}`;
  const open = PUBLIC[route];
  const signed = SIGNED[route];
  if (!open && !signed) return { status: 404, body: { code: -1000, msg: "No such endpoint." } };

  const parameters = new URLSearchParams(request.parameters);
  const refusal = signed && checkSignature(api, request, parameters);
  const body = refusal ?? (open ?? signed)?.(api, parameters) ?? {};
  if (!isRefusal(body)) return { status: 200, body };
  return { status: body.code === -2015 ? 401 : 400, body };
}

/** Requests that anyone may make. */
const PUBLIC: Readonly<Record<string, Handler>> = {
  "GET /api/v3/ping": () => ({}),
  "GET /api/v3/time": ({ now }) => ({ serverTime: now() }),
  "GET /api/v3/exchangeInfo": ({ exchange, now }) => exchangeInfo(exchange.listings(), now()),
  "GET /api/v3/ticker/24hr": ({ exchange, now }, parameters) => {
    if (!parameters.has("symbol")) return exchange.listings().map((listing) => dailyTicker(listing, now()));
    const listing = exchange.listing(parameters.get("symbol") ?? "");
    return listing ? dailyTicker(listing, now()) : UNKNOWN_SYMBOL;
  },
  "GET /api/v3/depth": ({ exchange }, parameters) => {
    const listing = exchange.listing(parameters.get("symbol") ?? "");
    return listing ? depth(listing, Number(parameters.get("limit") ?? 100)) : UNKNOWN_SYMBOL;
  },
  "GET /api/v3/trades": ({ exchange, trades }, parameters) => {
    const symbol = parameters.get("symbol") ?? "";
    if (!exchange.listing(symbol)) return UNKNOWN_SYMBOL;
    const limit = Number(parameters.get("limit") ?? 500);
    return trades
      .filter((trade) => trade.symbol === symbol)
      .slice(-limit)
      .map(publicTrade);
  },
};

/** Requests that carry a key, a time and a signature. */
const SIGNED: Readonly<Record<string, Handler>> = {
  "GET /api/v3/account": ({ exchange, now }) => account(exchange.holdings(), now()),
  "GET /api/v3/openOrders": ({ exchange }, parameters) => {
    const symbol = parameters.get("symbol");
    const orders = exchange.orders().filter((order) => symbol === null || order.symbol === symbol);
    return orders.filter(isOpen).map(orderStatus);
  },
  "GET /api/v3/order": ({ exchange }, parameters) => {
    const order = findOrder(exchange, parameters);
    return order ? orderStatus(order) : { code: -2013, msg: "Order does not exist." };
  },
  "DELETE /api/v3/order": ({ exchange }, parameters) => {
    const order = findOrder(exchange, parameters);
    const cancelled = order ? exchange.cancel(order) : { code: -2011, msg: "Unknown order sent." };
    return isRefusal(cancelled) ? cancelled : orderCancelled(cancelled);
  },
  "POST /api/v3/order": placeOrder,
};

function placeOrder({ exchange }: RestApi, parameters: URLSearchParams): Answer {
  const text = (name: string): string => parameters.get(name) ?? "";
  const type = text("type");
  const side = text("side");
  const timeInForce = text("timeInForce") || "GTC";
  const price = type === "MARKET" ? null : text("price");
  const quantity = text("quantity");
  if (!exchange.listing(text("symbol"))) return UNKNOWN_SYMBOL;
  if (side !== "BUY" && side !== "SELL") return { code: -1117, msg: "Invalid side." };
  if (type !== "LIMIT" && type !== "MARKET") return { code: -1116, msg: "Invalid orderType." };
  if (timeInForce !== "GTC" && timeInForce !== "IOC" && timeInForce !== "FOK") {
    return { code: -1115, msg: "Invalid timeInForce." };
  }
  if (!isDecimal(quantity) || (price !== null && !isDecimal(price))) {
    return { code: -1100, msg: "Illegal characters found in a parameter." };
  }
  const placed = exchange.place({
    clientOrderId: text("newClientOrderId") || `venue-${exchange.orders().length + 1}`,
    symbol: text("symbol"),
    side: side === "BUY" ? "buy" : "sell",
    type,
    timeInForce,
    price,
    quantity,
  });
  return isRefusal(placed) ? placed : orderPlaced(placed);
}

function findOrder(exchange: PaperExchange, parameters: URLSearchParams): VenueOrder | undefined {
  const clientOrderId = parameters.get("origClientOrderId");
  if (clientOrderId !== null) return exchange.order(clientOrderId);
  const orderId = Number(parameters.get("orderId"));
  return exchange.orders().find((order) => order.orderId === orderId);
}

/** HMAC-SHA256 over everything before the signature, and a time no older than the request says. */
function checkSignature(
  api: RestApi,
  request: RestRequest,
  parameters: URLSearchParams,
): Refusal | undefined {
  if (request.apiKey !== api.apiKey) {
    return { code: -2015, msg: "Invalid API-key, IP, or permissions for action." };
  }
  const payload = request.parameters.replace(/&?signature=[^&]*$/, "");
  const expected = createHmac("sha256", api.apiSecret).update(payload).digest();
  const given = Buffer.from(parameters.get("signature") ?? "", "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { code: -1022, msg: "Signature for this request is not valid." };
  }
  const age = api.now() - Number(parameters.get("timestamp"));
  const window = Number(parameters.get("recvWindow") ?? 5000);
  if (age >= -MAX_AHEAD_MS && age <= window) return undefined;
  return { code: -1021, msg: "Timestamp for this request is outside of the recvWindow." };
}

/** How far a caller's clock may run ahead of the venue's, in milliseconds. */
const MAX_AHEAD_MS = 1000;

const UNKNOWN_SYMBOL: Refusal = { code: -1121, msg: "Invalid symbol." };
