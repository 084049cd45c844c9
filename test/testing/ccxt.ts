import type { binance } from "ccxt";

/**
 * The real ccxt, its one venue only: the whole package takes seconds to load. Its `exports` hide the file, so it
 * is imported by path.
 */
const file = new URL("../../node_modules/ccxt/js/src/pro/binance.js", import.meta.url);
const { default: Binance } = (await import(file.href)) as { default: new (config: object) => Client };

/** What the tests call; prices and amounts are numbers here, as ccxt's are. */
export type Client = Pick<
  binance,
  | "cancelOrder"
  | "close"
  | "createOrder"
  | "fetchBalance"
  | "fetchOpenOrders"
  | "fetchOrder"
  | "fetchOrderBook"
  | "fetchTicker"
  | "fetchTime"
  | "loadHttpProxyAgent"
  | "loadMarkets"
  | "privatePostOrder"
> & {
  watchTicker(symbol: string): Promise<{ readonly last: number }>;
  watchTrades(symbol: string): Promise<readonly { readonly price: number }[]>;
  watchOrderBook(symbol: string): Promise<{ readonly bids: number[][]; readonly asks: number[][] }>;
};

interface Keys {
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** A ccxt client of a venue on this machine. */
export async function openCcxt(venue: { url: string; wsUrl: string }, keys: Keys): Promise<Client> {
  const rest = `${venue.url}/api/v3`;
  const client = new Binance({
    apiKey: keys.apiKey,
    secret: keys.apiSecret,
    timeout: 5000,
    urls: { api: { public: rest, private: rest, ws: { spot: venue.wsUrl } } },
    options: {
      defaultType: "spot",
      fetchMarkets: { types: ["spot"] },
      fetchCurrencies: false,
      fetchMargins: false,
    },
  });
  // ccxt opens no plain ws:// address before this.
  await client.loadHttpProxyAgent();
  return client;
}
