/**
 * The part of ccxt that this connector uses. ccxt's `exports` do not name the file, so it has no types of its own
 * here. The unified methods take and return JavaScript numbers; only their `info`, the venue's own message, is used.
 */
declare module "ccxt/js/src/pro/binance.js" {
  type Message = Readonly<Record<string, unknown>>;

  interface Unified {
    readonly info: Message;
  }

  export default class Binance {
    constructor(config: Readonly<Record<string, unknown>>);
    loadMarkets(): Promise<unknown>;
    /** Has to run once before a plain `ws://` address can be opened. */
    loadHttpProxyAgent(): Promise<unknown>;
    watchTicker(symbol: string): Promise<Unified>;
    watchTrades(symbol: string): Promise<readonly Unified[]>;
    publicGetDepth(parameters: Message): Promise<unknown>;
    privateGetAccount(): Promise<unknown>;
    privateGetOpenOrders(): Promise<unknown>;
    privateGetOrder(parameters: Message): Promise<unknown>;
    privatePostOrder(parameters: Message): Promise<unknown>;
    privateDeleteOrder(parameters: Message): Promise<unknown>;
    close(): Promise<unknown>;
  }
}
