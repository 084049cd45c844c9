import { definePlugin, openFeed, type Feed } from "tradsys/plugin";

export default definePlugin<{ readonly instruments: number }>({
  activate({ config, now }) {
    const names = Array.from({ length: config.instruments }, (_, i) => `BENCH:A${i}/USDT`).toSorted();
    const feeds: Feed[] = [];
    return {
      "market-data": {
        provides: {
          "market-data": {
            instruments: async () => names,
            snapshot: () => Promise.reject(new Error("not needed")),
            subscribe({ instrument }) {
              const feed = openFeed();
              const quote = { bid: "99", bidQuantity: "10", ask: "101", askQuantity: "10", last: "100" };
              const seen = { tsVenueUs: null, tsHostUs: now() };
              feed.push({ type: "quote", quote: { instrument, ...quote, ...seen } });
              feeds.push(feed);
              return feed.subscription;
            },
          },
        },
        stop() {
          for (const feed of feeds) feed.end();
        },
      },
      account: {
        provides: {
          account: {
            balances: async () => [{ asset: "USDT", free: "1000000000000000", locked: "0" }],
            openOrders: async () => [],
            positions: async () => names.map((instrument) => ({ instrument, quantity: "0" })),
          },
        },
      },
    };
  },
});
