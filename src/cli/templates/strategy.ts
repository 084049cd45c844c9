import type { Template } from "./template.ts";

export const strategy: Template = {
  description: "Follows the market",
  manifest: `facets:
  main:
    requires:
      - { port: market-data, range: ^2.1 }

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
  code: `import { definePlugin, type Subscription } from "tradsys/plugin";

/** Validated against the schema in \`plugin.yaml\`. */
interface Config {
  readonly instrument: string;
}

export default definePlugin<Config>({
  activate({ config, log, ports }) {
    let subscription: Subscription | undefined;

    async function follow({ events }: Subscription): Promise<void> {
      for await (const event of events) {
        // Decide here.
        if (event.type === "quote") log.info("quote", { bid: event.quote.bid, ask: event.quote.ask });
      }
    }

    return {
      main: {
        start() {
          subscription = ports.one("market-data").subscribe({ ...config, channel: "quote" });
          follow(subscription).catch((error: unknown) =>
            log.error("market data ended", { reason: String(error) }),
          );
        },
        stop: () => subscription?.close(),
      },
    };
  },
});
`,
  test: `test("it hears every quote until it is stopped", async () => {
  const feed = openFeed();
  const heard = Promise.withResolvers();
  const { main } = await plugin.activate(
    context({
      config: { instrument: "VENUE:BTC/USDT" },
      log: { info: (_message, fields) => heard.resolve(fields) },
      ports: { one: () => ({ subscribe: () => feed.subscription }) },
    }),
  );
  await main.start();
  feed.push({ type: "quote", quote: { bid: "99", ask: "101" } });
  assert.deepEqual(await heard.promise, { bid: "99", ask: "101" });
  await main.stop();
  assert.equal(feed.closed, true);
});
`,
};

export const indicator: Template = {
  description: "The mean of the last values",
  manifest: `facets:
  mean:
    provides: { moving-mean: 1.0.0 }

config:
  schema:
    type: object
    additionalProperties: false
    required: [length]
    properties:
      length: { type: integer, minimum: 1, maximum: 10000 }
  defaults:
    length: 20
`,
  code: `import { definePlugin } from "tradsys/plugin";

/** Port \`moving-mean\`. */
interface MovingMean {
  /** Adds a value and returns the mean of the last ones. */
  next(value: number): Promise<number>;
}

declare module "tradsys/plugin" {
  interface PortTypes {
    "moving-mean": MovingMean;
  }
}

/** Validated against the schema in \`plugin.yaml\`. */
interface Config {
  readonly length: number;
}

export default definePlugin<Config>({
  activate({ config }) {
    const values: number[] = [];

    function next(value: number): number {
      values.push(value);
      if (values.length > config.length) values.shift();
      return values.reduce((sum, each) => sum + each, 0) / values.length;
    }

    return { mean: { provides: { "moving-mean": { next: async (value) => next(value) } } } };
  },
});
`,
  test: `test("old values are forgotten", async () => {
  const { mean } = await plugin.activate(context({ config: { length: 2 } }));
  const port = mean.provides["moving-mean"];
  assert.equal(await port.next(1), 1);
  assert.equal(await port.next(3), 2);
  assert.equal(await port.next(5), 4);
});
`,
};
