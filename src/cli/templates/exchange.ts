import type { Template } from "./template.ts";

export const exchangeConnector: Template = {
  description: "Market data of one venue",
  manifest: `facets:
  market-data:
    provides: { market-data: 2.1.0 }

singleton: venue

config:
  schema:
    type: object
    additionalProperties: false
    required: [instrument]
    properties:
      instrument: { type: string, pattern: "^[A-Z0-9]+:[A-Z0-9]+/[A-Z0-9]+$" }
  defaults:
    instrument: VENUE:BTC/USDT
`,
  code: `import { definePlugin, openFeed, portError, type Book, type Feed } from "tradsys/plugin";

/** Validated against the schema in \`plugin.yaml\`. */
interface Config {
  readonly instrument: string;
}

export default definePlugin<Config>({
  activate({ config, now }) {
    const feeds = new Set<Feed>();

    function book(instrument: string): Book {
      if (instrument !== config.instrument) {
        throw portError("INSTRUMENT_UNKNOWN", \`\${instrument} is not traded here\`);
      }
      // Replace this with what the venue says.
      return { instrument, bids: [["99", "1"]], asks: [["101", "1"]], tsVenueUs: null, tsHostUs: now() };
    }

    return {
      "market-data": {
        provides: {
          "market-data": {
            instruments: async () => [config.instrument],
            snapshot: async (instrument) => book(instrument),
            subscribe({ instrument }) {
              const feed = openFeed();
              feed.push({ type: "snapshot", book: book(instrument) });
              feeds.add(feed);
              return feed.subscription;
            },
          },
        },
        stop() {
          for (const feed of feeds) feed.end();
        },
      },
    };
  },
});
`,
  test: `const instrument = "VENUE:BTC/USDT";
const activate = async () => plugin.activate(context({ config: { instrument } }));

test("a subscription begins with a snapshot", async () => {
  const facet = (await activate())["market-data"];
  const subscription = facet.provides["market-data"].subscribe({ instrument, channel: "quote" });
  for await (const event of subscription.events) {
    assert.equal(event.type, "snapshot");
    break;
  }
});

test("an unknown instrument is refused", async () => {
  const facet = (await activate())["market-data"];
  await assert.rejects(facet.provides["market-data"].snapshot("VENUE:ETH/USDT", 5), {
    code: "INSTRUMENT_UNKNOWN",
  });
});
`,
};
