import { describe, expect, it } from "vitest";

import { LEVELS, start, withPort } from "./levels.ts";

describe.each(LEVELS)("a plugin at the level %s", (level) => {
  it("answers calls, and fails them as it fails", async () => {
    const { ask } = await start([
      {
        name: "sample",
        level,
        code: withPort(`
          async echo(...args) { return args; },
          async fail() { throw Object.assign(new RangeError("too far"), { code: "FILTER_LOT", outcome: "rejected", retryable: false }); },
        `),
      },
    ]);
    expect(await ask("sample", "echo", 1, { a: [null, "x"] })).toEqual([1, { a: [null, "x"] }]);
    await expect(ask("sample", "fail")).rejects.toMatchObject({
      name: "RangeError",
      message: "too far",
      code: "FILTER_LOT",
      outcome: "rejected",
    });
  });

  it("calls the ports it is bound to", async () => {
    const { ask } = await start([
      { name: "provider", level, code: withPort(`async double(x) { return 2 * x; }`) },
      {
        name: "user",
        level,
        uses: ["provider"],
        code: withPort(
          `async quadruple(x) { return 2 * await provider.double(x); }`,
          `const provider = context.ports.one("account")`,
        ),
      },
    ]);
    expect(await ask("user", "quadruple", 3)).toBe(12);
  });

  it("streams", async () => {
    const { eventsOf } = await start([
      {
        name: "sample",
        level,
        code: withPort(`subscribe(count) {
          let closed = false;
          async function* events() { for (let i = 0; i < count && !closed; i++) yield i; }
          return { events: events(), close() { closed = true; } };
        }`),
      },
    ]);
    const seen: unknown[] = [];
    for await (const event of eventsOf("sample", 1000)) seen.push(event);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
