import { AsyncLocalStorage } from "node:async_hooks";
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

import { expect, it, onTestFinished, vi } from "vitest";

import { Cell, Home } from "../../../src/runtime/context/cell.ts";
import { currentCell, enter, limitedIn } from "../../../src/runtime/context/current.ts";
import type { LogEntry } from "../../../src/runtime/index.ts";
import { Peer } from "../../../src/runtime/isolation/peer.ts";
import type { Channel } from "../../../src/runtime/isolation/wire.ts";
import { LEVELS, start, withPort } from "../isolation/levels.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Two ends in one thread, with structured clone between them, as between threads. */
function pairOfChannels(): readonly [Channel, Channel] {
  const listeners: [((batch: unknown) => void)[], ((batch: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): Channel => ({
    send: (batch) => {
      const sent: unknown = structuredClone(batch);
      setImmediate(() => listeners[own === 0 ? 1 : 0].forEach((listener) => listener(sent)));
    },
    receive: (listener) => void listeners[own].push(listener),
  });
  return [end(0), end(1)];
}

it("enters exactly one context for each call that crosses", async () => {
  const [near, far] = pairOfChannels();
  const served = new Home("@acme/far@1.0.0");
  const [caller] = [
    new Peer(near, () => undefined),
    new Peer(far, () => currentCell()?.home.plugin, { home: () => served }),
  ];
  const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
  onTestFinished(() => run.mockRestore());
  for (let calls = 1; calls <= 5; calls++) {
    expect(await caller.call("facet port", "method", [])).toBe("@acme/far@1.0.0");
    expect(run).toHaveBeenCalledTimes(calls);
  }
});

it("has one store in all of its source", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const texts = sources.map((file) => [file, readFileSync(`src/${file}`, "utf8")] as const);
  const making = texts.filter(([, text]) => text.includes("new AsyncLocalStorage"));
  expect(making.map(([file]) => file)).toEqual(["runtime/context/current.ts"]);
});

it("makes the cell of a plugin within a call once", () => {
  const [a, b] = [new Home("@acme/a@1.0.0"), new Home("@acme/b@1.0.0")];
  const call = new Cell(new Home());
  expect(call.in(a)).toBe(call.in(a));
  expect(call.in(b)).not.toBe(call.in(a));
  expect(call.in(a).in(a)).toBe(call.in(a));
});

it.each(LEVELS)("tells a plugin in %s what its call is part of", async (level) => {
  const { ask, limited } = await start([
    {
      name: "back",
      level,
      code: withPort(`async facts() {
        const { traceparent, priority, actor, correlation } = context.scope();
        return { traceparent, priority, actor, correlation };
      }`),
    },
    {
      name: "middle",
      level,
      uses: ["back"],
      code: withPort(
        `async facts() { return back.facts(); },
         async hurried() { return context.limited({ priority: 5 }, () => back.facts()); }`,
        `const back = context.ports.one("account")`,
      ),
    },
  ]);
  const facts = { traceparent: TRACEPARENT, actor: "desk-7", correlation: "order-42" };
  expect(await limited(facts, async () => ask("middle", "facts"))).toEqual({ ...facts, priority: 50 });
  expect(await limited(facts, async () => ask("middle", "hurried"))).toEqual({ ...facts, priority: 5 });
  const nothing = { traceparent: undefined, actor: "", correlation: "", priority: 50 };
  expect(await ask("middle", "facts")).toEqual(nothing);
});

it.each([
  { actor: "somebody", correlation: "with more than 24 characters" },
  { actor: "Ωmega" },
  { correlation: "two\nlines" },
  { priority: 101 },
  { priority: 1.5 },
])("refuses facts that cannot travel: %j", async (facts) => {
  const limited = limitedIn(new Home());
  await expect(limited(facts, async () => undefined)).rejects.toMatchObject({
    code: "CONTRACT_VIOLATION",
    outcome: "not-sent",
  });
});

it.each(LEVELS)("tells once, with its plugin, of a context that outlives its call in %s", async (level) => {
  const logged: LogEntry[] = [];
  const leaking = withPort(
    `async begin() { setTimeout(use, 20); setTimeout(use, 30); },
     async uses() { return uses; }`,
    `let uses = 0; const use = () => { context.scope(); uses += 1; }`,
  );
  const { ask, limited } = await start([{ name: "leaky", level, code: leaking }], {
    log: (entry) => void logged.push(entry),
  });
  await limited({ ms: 10_000, actor: "desk-7" }, async () => ask("leaky", "begin"));
  await expect.poll(async () => ask("leaky", "uses")).toBe(2);
  await expect.poll(() => logged.length).toBe(1);
  expect(logged).toMatchObject([
    { level: "debug", plugin: "@acme/leaky@1.0.0", message: "a context is used after its call has ended" },
  ]);
  expect(logged[0]?.fields["stack"]).toContain("leaky@1.0.0/dist/plugin.js");
});

it("keeps work that is entered for a plugin apart from what surrounds it", async () => {
  const cell = new Cell(new Home("@acme/a@1.0.0"));
  const inside = enter(cell, async () => {
    await turn();
    return currentCell();
  });
  expect(currentCell()).toBeUndefined();
  expect(await inside).toBe(cell);
});
