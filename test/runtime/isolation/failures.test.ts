import { describe, expect, it } from "vitest";

import type { PluginCrash } from "../../../src/runtime/index.ts";
import { ISOLATED, start, withPort } from "./levels.ts";

const watching = { heartbeatMs: 400, sampleMs: 20 };

describe.each(ISOLATED)("a plugin in a %s", (level) => {
  it("that ends tells all who wait for it, at once and before anybody else hears of it", async () => {
    const heard: string[] = [];
    const { ask, eventsOf } = await start(
      [
        {
          name: "fragile",
          level,
          code: withPort(`async wait() { return new Promise(() => {}); },
            async end() { process.exit(7); },
            subscribe() { return { events: (async function* () { yield 1; await new Promise(() => {}); })(), close() {} }; },`),
        },
        {
          name: "dependant",
          uses: ["fragile"],
          code: withPort(
            `async ask() { return fragile.wait(); }`,
            `const fragile = context.ports.one("account")`,
          ),
        },
      ],
      {
        isolation: {
          onCrash: ({ plugin, facets, reason }: PluginCrash) =>
            void heard.push(plugin, ...facets, reason.code),
        },
      },
    );
    const stream = eventsOf("fragile");
    const reading = (async () => {
      for await (const event of stream) heard.push(`event ${String(event)}`);
    })();
    const asked = ask("dependant", "ask");
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(["event 1"]);
    await expect(ask("fragile", "end")).rejects.toMatchObject({
      code: "PLUGIN_CRASHED",
      outcome: "unknown",
      retryable: false,
      plugin: "@acme/fragile@1.0.0",
    });
    await expect(asked).rejects.toMatchObject({ code: "PLUGIN_CRASHED", outcome: "unknown" });
    await expect(reading).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
    expect(heard).toEqual(["event 1", "@acme/fragile@1.0.0", "@acme/fragile#main", "PLUGIN_CRASHED"]);
    await expect(ask("fragile", "wait")).rejects.toMatchObject({
      code: "PLUGIN_CRASHED",
      outcome: "not-sent",
      retryable: true,
    });
  });

  it("says what nobody caught", async () => {
    const { ask } = await start([
      {
        name: "careless",
        level,
        code: withPort(
          `async slip() { setTimeout(() => { throw new RangeError("slipped"); }); return new Promise(() => {}); }`,
        ),
      },
    ]);
    await expect(ask("careless", "slip")).rejects.toMatchObject({
      code: "PLUGIN_CRASHED",
      message: "@acme/careless@1.0.0 crashed: slipped",
    });
  });

  it("names itself and its facet in errors that cross", async () => {
    const { ask } = await start([
      {
        name: "liar",
        level,
        code: withPort(
          `async fail() { throw Object.assign(new Error("x"), { plugin: "@acme/other@1.0.0" }); }`,
        ),
      },
    ]);
    await expect(ask("liar", "fail")).rejects.toMatchObject({
      plugin: "@acme/liar@1.0.0",
      facet: "main",
    });
  });

  it("fails a call that carries more than plain data, and none beside it", async () => {
    const { ask } = await start([
      {
        name: "plain",
        level,
        code: withPort(`async echo(x) { return x; }, async give() { return () => {}; }`),
      },
    ]);
    const calls = [
      ask("plain", "echo", 1),
      ask("plain", "echo", () => 1),
      ask("plain", "give"),
      ask("plain", "echo", 2),
    ];
    const settled = await Promise.allSettled(calls);
    const refused = { status: "rejected", reason: { code: "CONTRACT_VIOLATION" } };
    expect(settled).toMatchObject([{ value: 1 }, refused, refused, { value: 2 }]);
  });

  it("refuses methods that a port does not have, and those of every object", async () => {
    const { ask } = await start([{ name: "plain", level, code: withPort(`async echo(x) { return x; }`) }]);
    await expect(ask("plain", "missing")).rejects.toMatchObject({ code: "CONTRACT_VIOLATION" });
    expect(await ask("plain", "constructor")).toBeUndefined();
    expect(await ask("plain", "__defineGetter__", "echo")).toBeUndefined();
  });

  it("is not made to hold more than a slow reader asked for", async () => {
    const { ask, eventsOf } = await start([
      {
        name: "source",
        level,
        code: withPort(
          `subscribe() { return { events: (async function* () { for (;;) yield taken++; })(), close() { closed = true; } }; },
          async taken() { return taken; }, async isClosed() { return closed; }`,
          "let taken = 0, closed = false",
        ),
      },
    ]);
    const reader = eventsOf("source")[Symbol.asyncIterator]();
    await reader.next();
    for (let asked = 0; asked < 5; asked++) expect(await ask("source", "taken")).toBeLessThanOrEqual(257);
    for (let read = 0; read < 1000; read++) await reader.next();
    expect(await ask("source", "taken")).toBeLessThanOrEqual(1001 + 257);
    await reader.return?.();
    await expect.poll(async () => ask("source", "isClosed"), { timeout: 10_000 }).toBe(true);
  });

  it("takes no more calls than it can be expected to answer", async () => {
    const { ask } = await start([
      { name: "slow", level, code: withPort(`async wait() { return new Promise(() => {}); }`) },
    ]);
    const calls = Array.from({ length: 10_000 }, () => ask("slow", "wait").catch(() => undefined));
    await expect(ask("slow", "wait")).rejects.toMatchObject({
      code: "OVERLOADED",
      outcome: "not-sent",
      retryable: true,
    });
    expect(calls).toHaveLength(10_000);
  });

  it("that is stuck while it is activated fails to start, and the rest is stopped again", async () => {
    const stuck = { name: "stuck", level, code: "for (;;);" };
    await expect(start([stuck], { isolation: { watching } })).rejects.toMatchObject({
      code: "START_FAILED",
      diagnostics: [
        {
          code: "LOAD_FAILED",
          message:
            "@acme/stuck@1.0.0 failed to load: @acme/stuck@1.0.0 did not answer for 800 ms and was ended",
        },
      ],
    });
  });

  it("keeps its log entries under its own name", async () => {
    const entries: unknown[] = [];
    const { ask } = await start(
      [{ name: "talker", level, code: withPort(`async talk() { context.log.warn("slow", { ms: 5 }); }`) }],
      { log: (entry) => void entries.push(entry) },
    );
    await ask("talker", "talk");
    const plugin = "@acme/talker@1.0.0";
    expect(entries).toEqual([{ level: "warn", plugin, message: "slow", fields: { ms: 5 } }]);
  });
});
