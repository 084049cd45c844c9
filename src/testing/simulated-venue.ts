import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { hasErrno, TradsysError } from "../domain/errors.ts";
import type { Decimal } from "../plugin/decimal.ts";
import type { Market } from "./venue/market.ts";
import { PaperExchange, type VenueOrder, type VenueTrade } from "./venue/paper-exchange.ts";
import { answer, type RestApi } from "./venue/rest.ts";
import { depthMessage, miniTickerMessage, tickerMessage, tradeMessage } from "./venue/stream-messages.ts";
import { Streams } from "./venue/streams.ts";

export interface SimulatedVenueOptions {
  /** What requests must be signed with. */
  readonly apiKey: string;
  readonly apiSecret: string;
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Starting price by symbol, `BASE/QUOTE`. */
  readonly prices?: Readonly<Record<string, Decimal>>;
  /** Free amounts at the start, by asset. */
  readonly balances?: Readonly<Record<string, Decimal>>;
  /** Milliseconds between tickers while nothing happens; 0 sends them only when something does. */
  readonly tickerIntervalMs?: number;
}

/** How a request goes wrong: another reply, no reply at all, or a request that is carried out but not confirmed. */
export type Fault = { readonly status: number; readonly body: string } | "hang" | "lose-reply";

export interface SimulatedVenue extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; the API is below `/api/v3`. */
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  /** Every order ever taken, oldest first. */
  orders(): readonly VenueOrder[];
  /** Moves a market, `BASE/QUOTE`: a trade at the new price, a new book, and crossed resting orders are filled. */
  setPrice(symbol: string, price: Decimal): void;
  /** Spoils the next request to a route, for example `POST /api/v3/order`. Several wait in line. */
  failNext(route: string, fault: Fault): void;
  /** Cuts every WebSocket without a goodbye. */
  dropSockets(): void;
  /** Ends all connections and gives the port back. */
  close(): Promise<void>;
}

const PRICES = { "BTC/USDT": "63805.01", "ETH/USDT": "3120.5" };
const REMEMBERED_TRADES = 1000;
const BALANCES = { BTC: "10", ETH: "100", USDT: "1000000" };

/**
 * Starts an exchange on this machine that speaks the part of Binance's public spot API that connectors use. Equal
 * requests get equal answers: the only things it does not decide itself are the time and the port.
 *
 * @throws {TradsysError} `PORT_IN_USE`
 */
export async function startSimulatedVenue(options: SimulatedVenueOptions): Promise<SimulatedVenue> {
  const { apiKey, apiSecret, port = 0, now = Date.now } = options;
  const { prices = PRICES, balances = BALANCES, tickerIntervalMs = 1000 } = options;
  const trades: VenueTrade[] = [];
  const faults: { readonly route: string; readonly fault: Fault }[] = [];

  const exchange = new PaperExchange({
    markets: Object.entries(prices).map(([symbol, price]) => ({ market: marketOf(symbol), price })),
    balances,
    now,
    onTrade(trade) {
      trades.push(trade);
      if (trades.length > REMEMBERED_TRADES) trades.shift();
      streams.publish(`${trade.symbol.toLowerCase()}@trade`, tradeMessage(trade));
      publishTickers(trade.symbol);
    },
  });

  /** The state of a stream that has one. */
  function currentMessage(stream: string): object | undefined {
    const [name = "", channel] = stream.split("@");
    const listing = exchange.listing(name.toUpperCase());
    if (!listing) return undefined;
    if (channel === "ticker") return tickerMessage(listing, now());
    return channel === "miniTicker" ? miniTickerMessage(listing, now()) : undefined;
  }
  const streams = new Streams(currentMessage);

  function publishTickers(symbol: string): void {
    for (const channel of ["ticker", "miniTicker"]) {
      const stream = `${symbol.toLowerCase()}@${channel}`;
      const message = currentMessage(stream);
      if (message) streams.publish(stream, message);
    }
  }

  const api: RestApi = { exchange, trades, apiKey, apiSecret, now };
  const server = createServer((request, response) => {
    const index = faults.findIndex(({ route }) => route === routeOf(request));
    const [taken] = index >= 0 ? faults.splice(index, 1) : [];
    serve(api, { request, response, fault: taken?.fault }).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => streams.accept(request, socket, head));
  const { port: actualPort } = await listen(server, port);

  const ticking =
    tickerIntervalMs > 0 &&
    setInterval(() => {
      for (const { market } of exchange.listings()) publishTickers(market.symbol);
    }, tickerIntervalMs);

  async function close(): Promise<void> {
    if (ticking) clearInterval(ticking);
    streams.drop();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  return {
    url: `http://127.0.0.1:${actualPort}`,
    wsUrl: `ws://127.0.0.1:${actualPort}/stream`,
    port: actualPort,
    orders: () => exchange.orders(),
    setPrice(symbol, price) {
      const id = venueSymbol(symbol);
      const before = exchange.listing(id)?.price ?? price;
      exchange.setPrice(id, price);
      const listing = exchange.listing(id);
      if (listing) streams.publish(`${id.toLowerCase()}@depth@100ms`, depthMessage(listing, before, now()));
    },
    failNext: (route, fault) => void faults.push({ route, fault }),
    dropSockets: () => streams.drop(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server, port: number): Promise<AddressInfo> {
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (cause) {
    if (!hasErrno(cause, "EADDRINUSE")) throw cause;
    throw new TradsysError("PORT_IN_USE", `port ${port} on 127.0.0.1 is taken`, {
      cause,
      hint: "Stop what is listening there, or choose another port; 0 takes a free one.",
    });
  }
  return server.address() as AddressInfo;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault | undefined;
}

async function serve(api: RestApi, { request, response, fault }: Exchange): Promise<void> {
  if (fault === "hang") return;
  const { pathname, search } = urlOf(request);
  const { status, body } =
    typeof fault === "object"
      ? fault
      : answer(api, {
          method: request.method ?? "GET",
          path: pathname,
          parameters: search.slice(1) + (await text(request)),
          apiKey: request.headers["x-mbx-apikey"]?.toString(),
        });
  if (fault === "lose-reply") {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json;charset=UTF-8" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? "/", "http://127.0.0.1");
const routeOf = (request: IncomingMessage): string => `${request.method} ${urlOf(request).pathname}`;

const venueSymbol = (symbol: string): string => symbol.replace("/", "");

/** Every pair has the same filters: cents, a hundred-thousandth of the base, five of the quote. */
function marketOf(symbol: string): Market {
  const [base = "", quote = ""] = symbol.split("/");
  return {
    symbol: venueSymbol(symbol),
    base,
    quote,
    tickSize: "0.01",
    stepSize: "0.00001",
    minNotional: "5",
  };
}
