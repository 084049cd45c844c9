import {
  definePlugin,
  guardOrders,
  openFeed,
  portError,
  type Book,
  type Control,
  type Feed,
  type MarketDataNormaliser,
  type RawMarketData,
  type SubscriptionSpec,
} from "tradsys/plugin";

import { PaperVenue, type PaperVenueOptions } from "./paper-venue.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config extends Pick<PaperVenueOptions, "balances" | "prices" | "spread"> {
  readonly symbol: string;
  readonly stepIntervalMs: number;
  readonly riskTimeoutMs: number;
}

/** Kraken's own bounds begin at a second; here it may be shorter, so that tests need not wait. */
const DEAD_MAN = { minMs: 1, maxMs: 300_000 };

/** What it shows at its best prices; orders of any size fill. */
const SHOWN = "10";

export default definePlugin<Config>({
  activate({ config, log, now, ports, scope }) {
    const instrument = `KRAKEN:${config.symbol}`;
    const venue = new PaperVenue({ ...config, instrument, now });
    const feeds = new Map<Feed, SubscriptionSpec["channel"]>();
    const guarded = guardOrders(venue, {
      risk: () => ports.one("risk-pretrade"),
      riskTimeoutMs: config.riskTimeoutMs,
      account: venue,
      scope,
      log,
    });
    let stepping: NodeJS.Timeout | undefined;

    const control: Control = {
      describe: async () => ({ venue: "KRAKEN", deadMansSwitch: DEAD_MAN, maxClockSkewMs: 5000 }),
      status: async () => ({ state: stepping === undefined ? "offline" : "live", reasons: [] }),
      serverTime: async () => now(),
      async setDeadMansSwitch(withinMs) {
        if (withinMs !== null && (withinMs < DEAD_MAN.minMs || withinMs > DEAD_MAN.maxMs)) {
          throw portError("CONTRACT_VIOLATION", `the switch takes no ${withinMs} ms`, {
            outcome: "not-sent",
          });
        }
        venue.setDeadMansSwitch(withinMs);
      },
    };

    function observe(kind: SubscriptionSpec["channel"]): RawMarketData {
      const { bid, ask, last } = venue.prices();
      const seen = { venue: "KRAKEN", symbol: config.symbol, tsVenueUs: now(), tsHostUs: now() };
      return kind === "quote"
        ? { ...seen, kind, bid, bidQuantity: SHOWN, ask, askQuantity: SHOWN, last }
        : { ...seen, kind, id: String(venue.step), price: last, quantity: "0.01", side: "buy" };
    }

    function book(): Book {
      const { bid, ask } = venue.prices();
      return { instrument, bids: [[bid, SHOWN]], asks: [[ask, SHOWN]], tsVenueUs: now(), tsHostUs: now() };
    }

    async function publish(normaliser: MarketDataNormaliser): Promise<void> {
      for (const [feed, channel] of feeds) {
        if (feed.closed) feeds.delete(feed);
        else feed.push(await normaliser.normalise(observe(channel)));
      }
    }

    async function step(): Promise<void> {
      venue.advance();
      await publish(ports.one("md-normalise"));
      await guarded.reconcile();
    }

    return {
      "market-data": {
        provides: {
          "market-data": {
            instruments: async () => [instrument],
            snapshot: async () => book(),
            subscribe(spec) {
              const feed = openFeed();
              if (spec.instrument === instrument) {
                feed.push({ type: "snapshot", book: book() });
                feeds.set(feed, spec.channel);
              } else {
                feed.end(portError("INSTRUMENT_UNKNOWN", `${spec.instrument} is not traded here`));
              }
              return feed.subscription;
            },
          },
        },
        start() {
          stepping = setInterval(() => {
            step().catch((error: unknown) => log.error("a step failed", { reason: String(error) }));
          }, config.stepIntervalMs);
        },
        stop() {
          clearInterval(stepping);
          for (const feed of feeds.keys()) feed.end();
        },
      },
      account: { provides: { account: venue } },
      "order-entry": { provides: { "order-entry": guarded.orderEntry, control } },
    };
  },
});
