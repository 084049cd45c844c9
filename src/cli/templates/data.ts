import type { Template } from "./template.ts";

export const marketDataNormaliser: Template = {
  description: "Brings a venue's market data into one form",
  manifest: `facets:
  normalise:
    provides: { md-normalise: 1.9.0 }

singleton: host
`,
  code: `import { decimal, definePlugin, portError, type MarketUpdate, type RawMarketData } from "tradsys/plugin";

export default definePlugin({
  activate: () => ({
    normalise: { provides: { "md-normalise": { normalise: async (raw) => normalise(raw) } } },
  }),
});

function normalise(raw: RawMarketData): MarketUpdate {
  const { tsVenueUs, tsHostUs } = raw;
  const instrument = \`\${raw.venue}:\${raw.symbol.replace(/[-_]/, "/")}\`.toUpperCase();
  const observed = { instrument, tsVenueUs, tsHostUs };
  if (raw.kind === "trade") {
    const { id, side } = raw;
    const trade = { ...observed, id, side, price: exact(raw.price), quantity: exact(raw.quantity) };
    return { type: "trade", trade };
  }
  const quote = {
    ...observed,
    bid: exact(raw.bid),
    bidQuantity: exact(raw.bidQuantity),
    ask: exact(raw.ask),
    askQuantity: exact(raw.askQuantity),
    last: exact(raw.last),
  };
  return { type: "quote", quote };
}

function exact(text: string): decimal.Decimal {
  if (decimal.isDecimal(text)) return decimal.normalise(text);
  throw portError("BAD_RESPONSE", \`\${JSON.stringify(text)} is not a decimal\`);
}
`,
  test: `const trade = {
  kind: "trade",
  venue: "venue",
  symbol: "btc-usdt",
  tsVenueUs: null,
  tsHostUs: 1,
  id: "1",
  price: "100.50",
  quantity: "1",
  side: "buy",
};
const normalise = async (raw) => {
  const facets = await plugin.activate(context());
  return facets.normalise.provides["md-normalise"].normalise(raw);
};

test("names and numbers take their one form", async () => {
  const { trade: normal } = await normalise(trade);
  assert.equal(normal.instrument, "VENUE:BTC/USDT");
  assert.equal(normal.price, "100.5");
});

test("what is not a number is refused", async () => {
  await assert.rejects(normalise({ ...trade, price: "n/a" }), { code: "BAD_RESPONSE" });
});
`,
};

export const calendar: Template = {
  description: "Tells when a venue is open",
  manifest: `facets:
  sessions:
    provides: { trading-calendar: 1.0.0 }

config:
  schema:
    type: object
    additionalProperties: false
    required: [opensAtUtcHour, closesAtUtcHour]
    properties:
      opensAtUtcHour: { type: integer, minimum: 0, maximum: 23 }
      closesAtUtcHour: { type: integer, minimum: 1, maximum: 24 }
  defaults:
    opensAtUtcHour: 8
    closesAtUtcHour: 16
`,
  code: `import { definePlugin } from "tradsys/plugin";

/** Port \`trading-calendar\`. */
interface TradingCalendar {
  /** Whether the venue trades at a time, in microseconds since the epoch. */
  isOpen(timeUs: number): Promise<boolean>;
}

declare module "tradsys/plugin" {
  interface PortTypes {
    "trading-calendar": TradingCalendar;
  }
}

/** Validated against the schema in \`plugin.yaml\`. Whole hours, UTC; the last one is not part of the session. */
interface Config {
  readonly opensAtUtcHour: number;
  readonly closesAtUtcHour: number;
}

export default definePlugin<Config>({
  activate: ({ config }) => ({
    sessions: { provides: { "trading-calendar": { isOpen: async (timeUs) => isOpen(timeUs, config) } } },
  }),
});

function isOpen(timeUs: number, { opensAtUtcHour, closesAtUtcHour }: Config): boolean {
  const time = new Date(timeUs / 1000);
  const weekday = time.getUTCDay() % 6 !== 0;
  return weekday && time.getUTCHours() >= opensAtUtcHour && time.getUTCHours() < closesAtUtcHour;
}
`,
  test: `async function isOpen(instant) {
  const { sessions } = await plugin.activate(context({ config: { opensAtUtcHour: 8, closesAtUtcHour: 16 } }));
  return sessions.provides["trading-calendar"].isOpen(Date.parse(instant) * 1000);
}

test("a session begins and ends on the hour", async () => {
  assert.equal(await isOpen("2026-01-05T07:59:59Z"), false);
  assert.equal(await isOpen("2026-01-05T08:00:00Z"), true);
  assert.equal(await isOpen("2026-01-05T16:00:00Z"), false);
});

test("there is none at the weekend", async () => {
  assert.equal(await isOpen("2026-01-04T12:00:00Z"), false);
});
`,
};

export const adapter: Template = {
  description: "Offers version 1 of a port on top of version 2",
  manifest: `facets:
  account:
    provides: { account: 1.2.0 }
    requires:
      - { port: account, range: ^2 }
`,
  code: `import { definePlugin, type Account } from "tradsys/plugin";

export default definePlugin({
  activate({ ports }) {
    const newer = (): Account => ports.one("account");
    // Translate here what the two versions say differently.
    const older: Account = {
      balances: () => newer().balances(),
      openOrders: () => newer().openOrders(),
      positions: () => newer().positions(),
    };
    return { account: { provides: { account: older } } };
  },
});
`,
  test: `test("the older port answers with what the newer one says", async () => {
  const balances = [{ asset: "BTC", free: "1", locked: "0" }];
  const newer = { balances: async () => balances };
  const { account } = await plugin.activate(context({ ports: { one: () => newer } }));
  assert.deepEqual(await account.provides.account.balances(), balances);
});
`,
};
