import type { Template } from "./template.ts";

const ORDER = `const order = {
  clientOrderId: "order-1",
  instrument: "VENUE:BTC/USDT",
  side: "buy",
  quantity: "2",
  type: "market",
  reduceOnly: false,
};
`;

export const riskManager: Template = {
  description: "Asks every limit before an order is sent",
  manifest: `facets:
  pretrade:
    provides: { risk-pretrade: 1.3.0 }
    requires:
      - { port: risk-limit, range: ^1.1, cardinality: many }

singleton: host
criticality: critical
`,
  code: `import { definePlugin, isFinal, type OrderIntent, type RiskReason } from "tradsys/plugin";

export default definePlugin({
  activate({ ports }) {
    /** What speaks against an order. A limit that fails speaks against it, too: risk fails closed. */
    async function reasonsAgainst(intent: OrderIntent): Promise<RiskReason[]> {
      const answers = ports.all("risk-limit").map(async ({ provider, port }): Promise<RiskReason[]> => {
        try {
          const { verdict, observed, threshold } = await port.reserve(intent);
          if (verdict === "allow") return [];
          return [{ code: "LIMIT_EXCEEDED", rule: provider, text: "over its limit", observed, threshold }];
        } catch (error) {
          return [{ code: "LIMIT_UNAVAILABLE", rule: provider, text: String(error) }];
        }
      });
      return (await Promise.all(answers)).flat();
    }

    const release = (clientOrderId: string) =>
      Promise.allSettled(ports.all("risk-limit").map(({ port }) => port.release(clientOrderId)));

    return {
      pretrade: {
        provides: {
          "risk-pretrade": {
            async evaluate(intent) {
              const reasons = await reasonsAgainst(intent);
              if (reasons.length === 0) return { verdict: "allow", reasons };
              await release(intent.clientOrderId);
              return { verdict: "deny", reasons };
            },
            async onExecution({ clientOrderId, filledQuantity, state }) {
              const limits = ports.all("risk-limit");
              await Promise.all(limits.map(({ port }) => port.commit(clientOrderId, filledQuantity)));
              if (isFinal(state)) await release(clientOrderId);
            },
          },
        },
      },
    };
  },
});
`,
  test: `${ORDER}
const limit = (reserve) => ({
  provider: "@example/limit#limit",
  port: { reserve, commit: async () => {}, release: async () => {} },
});
const verdict = (verdict) => limit(async () => ({ verdict, observed: "2", threshold: "1" }));
const unavailable = limit(async () => {
  throw new Error("away");
});

async function decide(limits) {
  const { pretrade } = await plugin.activate(context({ ports: { all: () => limits } }));
  return (await pretrade.provides["risk-pretrade"].evaluate(order)).verdict;
}

test("what every limit allows is allowed", async () => {
  assert.equal(await decide([verdict("allow"), verdict("allow")]), "allow");
});

test("one limit is enough to deny, and so is one that does not answer", async () => {
  assert.equal(await decide([verdict("allow"), verdict("deny")]), "deny");
  assert.equal(await decide([verdict("allow"), unavailable]), "deny");
});
`,
};

export const riskRuleEngine: Template = {
  description: "Refuses orders that are too large",
  manifest: `facets:
  rules:
    provides: { risk-rules: 2.3.0 }

config:
  schema:
    type: object
    additionalProperties: false
    required: [maxOrderQuantity]
    properties:
      maxOrderQuantity: { type: string, pattern: "^[0-9]+(\\\\.[0-9]{1,18})?$" }
  defaults:
    maxOrderQuantity: "1"
`,
  code: `import { decimal, definePlugin, type RiskFacts, type RuleResult } from "tradsys/plugin";

/** Validated against the schema in \`plugin.yaml\`. */
interface Config {
  /** In the instrument's base asset. */
  readonly maxOrderQuantity: decimal.Decimal;
}

export default definePlugin<Config>({
  activate: ({ config }) => ({
    rules: { provides: { "risk-rules": { evaluate: async (facts) => [maxOrderQuantity(facts, config)] } } },
  }),
});

function maxOrderQuantity({ intent }: RiskFacts, { maxOrderQuantity: threshold }: Config): RuleResult {
  const passes = decimal.compare(intent.quantity, threshold) <= 0;
  return {
    verdict: passes ? "pass" : "fail",
    code: "MAX_ORDER_QUANTITY_EXCEEDED",
    rule: "max-order-quantity",
    text: \`an order is for at most \${threshold}\`,
    observed: intent.quantity,
    threshold,
  };
}
`,
  test: `${ORDER}
async function verdicts(maxOrderQuantity) {
  const { rules } = await plugin.activate(context({ config: { maxOrderQuantity } }));
  const results = await rules.provides["risk-rules"].evaluate({ intent: order, referencePrice: "100" });
  return results.map(({ verdict }) => verdict);
}

test("an order of the largest size passes", async () => {
  assert.deepEqual(await verdicts("2"), ["pass"]);
});

test("a larger one does not", async () => {
  assert.deepEqual(await verdicts("1.99"), ["fail"]);
});
`,
};

export const riskLimit: Template = {
  description: "Limits the number of open orders",
  manifest: `facets:
  limit:
    provides: { risk-limit: 1.1.0 }

config:
  schema:
    type: object
    additionalProperties: false
    required: [maxOpenOrders]
    properties:
      maxOpenOrders: { type: integer, minimum: 1 }
  defaults:
    maxOpenOrders: 10
`,
  code: `import { definePlugin, type OrderIntent, type Reservation } from "tradsys/plugin";

/** Validated against the schema in \`plugin.yaml\`. */
interface Config {
  readonly maxOpenOrders: number;
}

export default definePlugin<Config>({
  activate({ config, plugin }) {
    const threshold = String(config.maxOpenOrders);
    const open = new Set<string>();

    function reserve({ clientOrderId, reduceOnly }: OrderIntent): Reservation {
      const observed = open.has(clientOrderId) ? open.size : open.size + 1;
      const allowed = reduceOnly || observed <= config.maxOpenOrders;
      if (allowed) open.add(clientOrderId);
      return { verdict: allowed ? "allow" : "deny", observed: String(observed), threshold };
    }

    return {
      limit: {
        provides: {
          "risk-limit": {
            describe: async () => ({
              id: plugin.name,
              type: "open-orders",
              scope: "global",
              window: "none",
              threshold,
            }),
            reserve: async (intent) => reserve(intent),
            // A fill leaves the order open; only its end makes room.
            commit: async () => {},
            release: async (clientOrderId) => {
              open.delete(clientOrderId);
            },
          },
        },
      },
    };
  },
});
`,
  test: `${ORDER}
test("there is room for so many orders, and again once one has ended", async () => {
  const { limit } = await plugin.activate(context({ config: { maxOpenOrders: 1 } }));
  const port = limit.provides["risk-limit"];
  const reserve = async (clientOrderId) => (await port.reserve({ ...order, clientOrderId })).verdict;
  assert.equal(await reserve("order-1"), "allow");
  assert.equal(await reserve("order-1"), "allow");
  assert.equal(await reserve("order-2"), "deny");
  await port.release("order-1");
  assert.equal(await reserve("order-2"), "allow");
});
`,
};
