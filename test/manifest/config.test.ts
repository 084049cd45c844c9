import { expect, it } from "vitest";

import { effectiveConfig } from "../../src/manifest/config.ts";

const manifest = {
  config: {
    schema: {
      type: "object",
      additionalProperties: false,
      properties: {
        venue: {
          type: "object",
          additionalProperties: false,
          properties: { url: { type: "string" }, timeoutMs: { type: "integer" } },
        },
        symbols: { type: "array", items: { type: "string" } },
      },
    },
    defaults: { venue: { url: "https://a", timeoutMs: 10 }, symbols: ["A", "B"] },
  },
};

it("merges objects member by member and replaces lists", async () => {
  const config = await effectiveConfig(manifest, { venue: { timeoutMs: 20 }, symbols: ["C"] });
  expect(config).toEqual({ ok: true, value: { venue: { url: "https://a", timeoutMs: 20 }, symbols: ["C"] } });
});

it("points at the override that breaks the plugin's schema", async () => {
  const config = await effectiveConfig(manifest, { venue: { timeout: 20 } });
  expect(config).toMatchObject({
    ok: false,
    error: [{ code: "CONFIG_INVALID", pointer: "/venue/timeout" }],
  });
});

it("says so when the plugin's own schema cannot be used", async () => {
  const config = await effectiveConfig({ config: { schema: { type: "nothing" }, defaults: {} } }, {});
  expect(config).toMatchObject({ ok: false, error: [{ code: "CONFIG_SCHEMA_INVALID" }] });
});

it("leaves the prototype of everything alone", async () => {
  const open = { config: { schema: { type: "object" }, defaults: {} } };
  await effectiveConfig(open, JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, never>);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
