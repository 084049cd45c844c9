import Binance from "ccxt/js/src/pro/binance.js";
import { portError, type InstrumentId } from "tradsys/plugin";

import { calling } from "./errors.ts";

/** Validated against the schema in `plugin.yaml`. */
export interface Config {
  readonly baseUrl: string;
  readonly wsUrl: string;
  readonly symbols: readonly string[];
  readonly requestTimeoutMs: number;
  readonly reconnectDelayMs: number;
  readonly reconcileIntervalMs: number;
  readonly riskTimeoutMs: number;
}

interface Pair {
  /** ccxt's name, `BTC/USDT`. */
  readonly symbol: string;
  /** The venue's name, `BTCUSDT`. */
  readonly id: string;
  readonly base: string;
}

/** What the facets share: one ccxt instance, and the pairs that are configured. */
export interface Venue {
  readonly api: Binance;
  readonly instruments: readonly InstrumentId[];
  /** Fails with `INSTRUMENT_UNKNOWN`. */
  readonly pair: (instrument: InstrumentId) => Pair;
  /** Loads the venue's markets, once for all facets. */
  readonly ready: () => Promise<void>;
}

export const VENUE = "BINANCE";

export function openVenue(config: Config, credentials: { apiKey: string; secret: string }): Venue {
  const rest = `${config.baseUrl}/api/v3`;
  const api = new Binance({
    ...credentials,
    timeout: config.requestTimeoutMs,
    urls: { api: { public: rest, private: rest, ws: { spot: config.wsUrl } } },
    options: {
      defaultType: "spot",
      fetchMarkets: { types: ["spot"] },
      fetchCurrencies: false,
      fetchMargins: false,
      // The default, `miniTicker`, has no bid and no ask.
      watchTickers: { name: "ticker" },
    },
  });
  const pairs = new Map(
    config.symbols.map((symbol): [InstrumentId, Pair] => {
      const [base = "", quote = ""] = symbol.split("/");
      return [`${VENUE}:${symbol}`, { symbol, id: base + quote, base }];
    }),
  );
  const load = async (): Promise<void> => {
    await api.loadHttpProxyAgent();
    await calling(() => api.loadMarkets());
  };
  let loading: Promise<void> | undefined;

  return {
    api,
    instruments: [...pairs.keys()].toSorted((a, b) => (a < b ? -1 : 1)),
    async ready() {
      loading ??= load();
      // A failure is not remembered: the next start tries again.
      await loading.finally(() => (loading = undefined));
    },
    pair(instrument) {
      const pair = pairs.get(instrument);
      if (pair) return pair;
      throw portError("INSTRUMENT_UNKNOWN", `${instrument} is not configured`, { outcome: "not-sent" });
    },
  };
}
