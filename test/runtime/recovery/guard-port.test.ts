import { describe, expect, it } from "vitest";

import { portError, type PortErrorCode } from "../../../src/plugin/errors.ts";
import { limited } from "../../../src/runtime/context/current.ts";
import {
  type Guarding,
  type GuardNotice,
  guardPort,
  type PortPolicy,
} from "../../../src/runtime/recovery/guard-port.ts";

const crashed = (outcome: "not-sent" | "unknown" = "not-sent") =>
  portError("PLUGIN_CRASHED", "it crashed", { outcome, retryable: true });

interface Provider {
  ask(what?: string): Promise<string>;
  subscribe(): { readonly events: readonly number[] };
}

const GUARDING: Guarding = {
  port: "account",
  provider: "@acme/venue#main",
  now: () => 0,
  random: () => 0.5,
  sleep: async () => undefined,
  tell: () => undefined,
};

const guardOf = (provider: object, policy: PortPolicy, changes: Partial<Guarding> = {}): Provider =>
  guardPort(provider, policy, { ...GUARDING, ...changes }) as Provider;

/** A guarded provider whose answers are these, one after the other and the last for ever; with a clock to turn. */
function guarded(policy: PortPolicy, answers: readonly (string | Error)[], port = "account") {
  const told: GuardNotice[] = [];
  const slept: number[] = [];
  const clock = { ms: 0 };
  let calls = 0;
  const provider: Provider = {
    async ask() {
      const answer = answers[Math.min(calls++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer ?? "";
    },
    subscribe: () => ({ events: [1] }),
  };
  const guard = guardOf(provider, policy, {
    port,
    now: () => clock.ms,
    async sleep(ms) {
      slept.push(ms);
    },
    tell: (notice) => told.push(notice),
  });
  return { guard, told, slept, clock, calls: () => calls };
}

const retry = { attempts: 3, firstMs: 100, longestMs: 300 };

describe("a guarded port", () => {
  it("repeats what surely did not happen, after waits that grow and are not all alike", async () => {
    const { guard, slept } = guarded({ retry }, [crashed(), crashed(), crashed(), "done"]);
    expect(await guard.ask()).toBe("done");
    expect(slept).toEqual([50, 100, 150]);
  });

  it("gives up after as many attempts as it may make", async () => {
    const { guard, calls } = guarded({ retry }, [crashed()]);
    await expect(guard.ask()).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
    expect(calls()).toBe(4);
  });

  it("never repeats what may have happened, what was refused, or what nobody explained", async () => {
    const errors = [
      Object.assign(crashed(), { outcome: "unknown" }),
      portError("INSUFFICIENT_FUNDS", "too little", { outcome: "rejected" }),
      new Error("a bug"),
    ];
    for (const error of errors) {
      const { guard, calls } = guarded({ retry }, [error]);
      await expect(guard.ask()).rejects.toBe(error);
      expect(calls()).toBe(1);
    }
  });

  it("does not repeat an attempt that ran out of time: it may have happened", async () => {
    let calls = 0;
    const provider = {
      ask() {
        calls += 1;
        return new Promise(() => undefined);
      },
    };
    const guard = guardOf(provider, { retry, timeoutMs: 5 });
    await expect(guard.ask()).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
      retryable: false,
    });
    expect(calls).toBe(1);
  });

  it("does not wait longer for the next attempt than its caller waits", async () => {
    const { guard, slept } = guarded({ retry: { ...retry, firstMs: 60_000, longestMs: 60_000 } }, [
      crashed(),
    ]);
    await expect(limited({ ms: 5000 }, async () => guard.ask())).rejects.toMatchObject({
      code: "PLUGIN_CRASHED",
    });
    expect(slept).toEqual([]);
  });

  it("leaves a provider alone that failed several times in a row, and tries it with one call after a while", async () => {
    const { guard, told, clock, calls } = guarded({ breaker: { failures: 2, openMs: 1000 } }, [
      crashed(),
      crashed(),
      crashed(),
      "well",
    ]);
    const ask = () => guard.ask().catch((error: unknown) => (error as { code: PortErrorCode }).code);
    expect([await ask(), await ask(), await ask()]).toEqual([
      "PLUGIN_CRASHED",
      "PLUGIN_CRASHED",
      "UNAVAILABLE",
    ]);
    expect(calls()).toBe(2);
    clock.ms = 1000;
    expect(await Promise.all([ask(), ask()])).toEqual(["PLUGIN_CRASHED", "UNAVAILABLE"]);
    clock.ms = 2000;
    expect([await ask(), await ask()]).toEqual(["well", "well"]);
    expect(told).toEqual(["breaker-open", "breaker-closed"]);
  });

  it("takes a refusal for an answer, and not for a failure", async () => {
    const denied = portError("INSUFFICIENT_FUNDS", "too little", { outcome: "rejected" });
    const { guard, calls } = guarded({ breaker: { failures: 2, openMs: 1000 } }, [denied]);
    for (let i = 0; i < 5; i++) await expect(guard.ask()).rejects.toBe(denied);
    expect(calls()).toBe(5);
  });

  it("says in risk's own words that risk cannot be asked: nobody takes that for a yes", async () => {
    const { guard } = guarded({ breaker: { failures: 1, openMs: 1000 } }, [crashed()], "risk-pretrade");
    await expect(guard.ask()).rejects.toMatchObject({ code: "PLUGIN_CRASHED" });
    await expect(guard.ask()).rejects.toMatchObject({ code: "RISK_UNAVAILABLE", outcome: "not-sent" });
  });

  it("makes so many calls at once, lets so many wait in order, and refuses the rest unsent", async () => {
    const running: (() => void)[] = [];
    const provider = { ask: (what: string) => new Promise((resolve) => running.push(() => resolve(what))) };
    const guard = guardOf(provider, { bulkhead: { calls: 2, waiting: 1 } });
    const calls = ["a", "b", "c", "d"].map((what) => guard.ask(what));
    await expect(calls[3]).rejects.toMatchObject({
      code: "OVERLOADED",
      outcome: "not-sent",
      retryable: true,
    });
    expect(running).toHaveLength(2);
    running[0]?.();
    expect(await calls[0]).toBe("a");
    await expect.poll(() => running.length).toBe(3);
    for (const end of running) end();
    expect(await Promise.all(calls.slice(0, 3))).toEqual(["a", "b", "c"]);
    const again = guard.ask("e");
    running[3]?.();
    expect(await again).toBe("e");
  });

  it("does not begin a call whose caller gave up while it waited", async () => {
    const running: (() => void)[] = [];
    const provider = { ask: () => new Promise<void>((resolve) => running.push(resolve)) };
    const guard = guardOf(provider, { bulkhead: { calls: 1, waiting: 5 } });
    const first = guard.ask();
    await expect(limited({ ms: 5 }, async () => guard.ask())).rejects.toMatchObject({ code: "TIMEOUT" });
    running[0]?.();
    await first;
    expect(running).toHaveLength(1);
  });

  it("tells once that the error budget is spent, and once that it is whole again", async () => {
    const { guard, told, clock } = guarded({ budget: { share: 0.1, windowMs: 60_000, atLeast: 2 } }, [
      crashed(),
      crashed(),
      crashed(),
      "well",
    ]);
    for (let i = 0; i < 4; i++) await guard.ask().catch(() => undefined);
    expect(told).toEqual(["budget-spent"]);
    clock.ms = 120_000;
    await guard.ask();
    expect(told).toEqual(["budget-spent", "budget-restored"]);
  });

  it("hands subscriptions on as they are", () => {
    expect(guarded({ retry, timeoutMs: 5 }, []).guard.subscribe().events).toEqual([1]);
  });
});
