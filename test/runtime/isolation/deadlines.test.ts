import { describe, expect, it } from "vitest";

import { start, withPort, type Actor } from "./levels.ts";

/** A deadline that passes before the far end is reached is refused there: on a slow machine that takes a while. */
const PATIENCE = { timeout: 10_000 };

/** An edge that calls a middle that calls a back end, whose work ends only when nobody waits for it. */
const chain = (middle: Actor["level"], back: Actor["level"]): Actor[] => [
  {
    name: "back",
    ...(back && { level: back }),
    code: withPort(
      `work() {
        const { signal } = context.scope();
        return new Promise((_, reject) => signal.addEventListener("abort", () => {
          endings.push(signal.reason.code); reject(signal.reason);
        }));
      },
      async left() { return context.scope().remainingMs; },
      async endings() { return endings; },`,
      "const endings = []",
    ),
  },
  {
    name: "middle",
    ...(middle && { level: middle }),
    uses: ["back"],
    code: withPort(
      `async work() { return back.work(); },
      async left() { return back.left(); },
      async hurried() { return context.limited({ ms: 400 }, () => back.work()); },
      async background() { setTimeout(() => back.left().then((ms) => { seen = ms; }), 30); },
      async seen() { return seen; },`,
      `let seen; const back = context.ports.one("account")`,
    ),
  },
];

/** Every level calls, is called, and is passed through. */
const pairs = [
  ["inline", "inline"],
  ["inline", "worker"],
  ["worker", "process"],
  ["process", "inline"],
] as const;

describe.each(pairs)("through a plugin in %s to one in %s", (middle, back) => {
  it("a deadline is honoured, and ends the work at the far end", async () => {
    const { ask, limited } = await start(chain(middle, back));
    await expect(limited({ ms: 400 }, async () => ask("middle", "work"))).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
    });
    await expect.poll(async () => ask("back", "endings"), PATIENCE).toHaveLength(1);
  });

  it("the far end knows how long is left, and no more than that", async () => {
    const { ask, limited } = await start(chain(middle, back));
    const left = await limited({ ms: 5000 }, async () => ask("middle", "left"));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5000);
    expect(await ask("middle", "left")).toBe(Infinity);
  });

  it("cancelling the caller cancels the work", async () => {
    const { ask, limited } = await start(chain(middle, back));
    const caller = new AbortController();
    const work = limited({ signal: caller.signal }, async () => ask("middle", "work"));
    setTimeout(() => caller.abort(new Error("changed my mind")), 400);
    await expect(work).rejects.toMatchObject({ code: "CANCELLED", cause: { message: "changed my mind" } });
    await expect.poll(async () => ask("back", "endings"), PATIENCE).toEqual(["CANCELLED"]);
  });

  it("a plugin may set a tighter deadline of its own", async () => {
    const { ask, limited } = await start(chain(middle, back));
    const hurried = limited({ ms: 60_000 }, async () => ask("middle", "hurried"));
    await expect(hurried).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect.poll(async () => ask("back", "endings"), PATIENCE).toHaveLength(1);
  });

  it("what a call leaves running in the background is not bound by it", async () => {
    const { ask, limited } = await start(chain(middle, back));
    await limited({ ms: 10_000 }, async () => ask("middle", "background"));
    await expect.poll(async () => ask("middle", "seen"), PATIENCE).toBe(Infinity);
  });
});

it("begins nothing that nobody waits for", async () => {
  const { limited } = await start([]);
  let begun = false;
  const work = async (): Promise<void> => void (begun = true);
  const refusal = { outcome: "not-sent", retryable: true };
  await expect(limited({ ms: 0 }, work)).rejects.toMatchObject({ ...refusal, code: "TIMEOUT" });
  await expect(limited({ signal: AbortSignal.abort() }, work)).rejects.toMatchObject({
    ...refusal,
    code: "CANCELLED",
  });
  expect(begun).toBe(false);
});
