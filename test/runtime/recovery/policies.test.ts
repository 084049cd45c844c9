import { expect, it } from "vitest";

import type { RuntimeEvent } from "../../../src/runtime/index.ts";
import { facet } from "../../support/root.ts";
import { start, withPort } from "../isolation/levels.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => (error as { code: string }).code);

it("holds every user of a port to the host's policy, each on its own, and tells what it does", async () => {
  const flaky = withPort(
    `async ask() { throw Object.assign(new Error("down"),
      { code: "CONNECTION_LOST", outcome: "not-sent", retryable: true }); }`,
  );
  const user = withPort(
    `async ask() { return venue.ask("user"); }`,
    `const venue = context.ports.one("account")`,
  );
  const runtime = await start(
    [
      { name: "venue", code: flaky },
      { name: "user", code: user, uses: ["venue"] },
    ],
    {
      policies: { account: { breaker: { failures: 2, openMs: 60_000 } } },
    },
  );
  const { ask, events } = runtime;
  const told: RuntimeEvent[] = [];
  events.listen((event) => told.push(event));
  expect(await codeOf(ask("venue", "ask", "host"))).toBe("CONNECTION_LOST");
  expect(await codeOf(ask("venue", "ask", "host"))).toBe("CONNECTION_LOST");
  expect(await codeOf(ask("venue", "ask", "host"))).toBe("UNAVAILABLE");
  expect(await codeOf(ask("user", "ask"))).toBe("CONNECTION_LOST");
  expect(runtime.health().platform).toBe("degraded");
  expect(runtime.health().facets.get(facet("user#main"))).toEqual({
    isAlive: true,
    verdict: "degraded",
    because: {
      facet: facet("venue#main"),
      reason: "a user leaves it alone after several failures in a row",
    },
  });
  expect(told).toMatchObject([
    {
      event: "guard",
      notice: "breaker-open",
      user: "the host",
      provider: "@acme/venue#main",
      port: "account",
    },
  ]);
});
