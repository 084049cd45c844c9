import {
  openFeed,
  pump,
  type BookLevel,
  type MarketData,
  type PluginContext,
  type RawMarketData,
  type Source,
} from "tradsys/plugin";

import { calling } from "./errors.ts";
import { amount, list, microseconds, read, text } from "./message.ts";
import { VENUE, type Config, type Venue } from "./venue.ts";

const SNAPSHOT_DEPTH = 20;

export function marketData(venue: Venue, context: PluginContext<Config>): MarketData {
  const { api } = venue;
  const { config, log, now, ports, signal } = context;
  const normalise = (raw: RawMarketData) => ports.one("md-normalise").normalise(raw);

  const snapshot: MarketData["snapshot"] = async (instrument, depth) => {
    const symbol = venue.pair(instrument).id;
    const message = await calling(() => api.publicGetDepth({ symbol, limit: depth }));
    const side = (name: string) =>
      list(message, name).map((row): BookLevel => [amount(row, "0"), amount(row, "1")]);
    return { instrument, bids: side("bids"), asks: side("asks"), tsVenueUs: null, tsHostUs: now() };
  };

  const quote = (symbol: string, info: unknown): RawMarketData => ({
    kind: "quote",
    venue: VENUE,
    symbol,
    bid: text(info, "b"),
    bidQuantity: text(info, "B"),
    ask: text(info, "a"),
    askQuantity: text(info, "A"),
    last: text(info, "c"),
    tsVenueUs: microseconds(info, "E"),
    tsHostUs: now(),
  });

  const trade = (symbol: string, info: unknown): RawMarketData => ({
    kind: "trade",
    venue: VENUE,
    symbol,
    id: text(info, "t"),
    price: text(info, "p"),
    quantity: text(info, "q"),
    // `m`: the buyer was the maker, so the seller took.
    side: read(info, "m") === true ? "sell" : "buy",
    tsVenueUs: microseconds(info, "T"),
    tsHostUs: now(),
  });

  return {
    instruments: async () => venue.instruments,
    snapshot,
    subscribe({ instrument, channel }) {
      const source: Source = {
        snapshot: () => snapshot(instrument, SNAPSHOT_DEPTH),
        async next() {
          const { symbol } = venue.pair(instrument);
          if (channel === "quote")
            return [await normalise(quote(symbol, (await api.watchTicker(symbol)).info))];
          const trades = await api.watchTrades(symbol);
          return Promise.all(trades.map(({ info }) => normalise(trade(symbol, info))));
        },
      };
      const feed = openFeed();
      void pump(feed, source, { delayMs: config.reconnectDelayMs, signal, log });
      return feed.subscription;
    },
  };
}
