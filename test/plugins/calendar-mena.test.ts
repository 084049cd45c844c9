import { expect, it } from "vitest";

import { calendarsOf } from "../../src/planner/policy/calendars.ts";
import { readManifest, runPlugin } from "./host.ts";

const us = (instant: string): number => Date.parse(instant) * 1000;

async function phase(market: string, instant: string): Promise<string> {
  await using plugin = await runPlugin("calendar-mena");
  return (await plugin.port("calendar").phaseAt(market, us(instant))).phase;
}

it.each([
  ["ADX", "2026-01-05T05:29:59Z", "closed"],
  ["ADX", "2026-01-05T05:30:00Z", "pre-open"],
  ["ADX", "2026-01-05T06:00:00Z", "continuous"],
  ["ADX", "2026-01-05T10:50:00Z", "pre-close"],
  ["ADX", "2026-01-05T10:55:00Z", "trade-at-last"],
  ["ADX", "2026-01-05T11:00:00Z", "closed"],
  // Friday is a trading day, and Sunday none, since 2022.
  ["ADX", "2026-01-09T07:00:00Z", "continuous"],
  ["ADX", "2026-01-11T07:00:00Z", "closed"],
  // Winter time is UTC+2 in Cairo, summer time UTC+3.
  ["EGX", "2026-01-06T12:29:00Z", "continuous"],
  ["EGX", "2026-07-07T11:29:00Z", "continuous"],
  ["EGX", "2026-07-07T11:30:00Z", "closed"],
  ["EGX", "2026-01-09T09:00:00Z", "closed"],
  // Ramadan ends the session an hour earlier.
  ["EGX", "2026-03-03T11:29:00Z", "continuous"],
  ["EGX", "2026-03-03T11:30:00Z", "closed"],
])("%s at %s is %s", async (market, instant, expected) => {
  expect(await phase(market, instant)).toBe(expected);
});

it("says until when a phase holds, and never longer than it does", async () => {
  await using plugin = await runPlugin("calendar-mena");
  const calendar = plugin.port("calendar");
  for (const market of await calendar.markets()) {
    for (let atUs = us("2026-04-23T00:00:00Z"); atUs < us("2026-04-26T00:00:00Z");) {
      const { phase: now, untilUs } = await calendar.phaseAt(market, atUs);
      expect(untilUs).toBeGreaterThan(atUs);
      expect((await calendar.phaseAt(market, untilUs - 1)).phase).toBe(now);
      atUs = untilUs;
    }
  }
});

it("tells plans the same hours that it tells the risk manager", async () => {
  const manifest = await readManifest("calendar-mena");
  const [adx] = calendarsOf(manifest).get("ADX")?.sessions ?? [];
  expect(adx).toEqual({ days: ["mon", "tue", "wed", "thu", "fri"], open: "09:30", close: "15:00" });
  expect(await phase("ADX", "2026-01-05T05:30:00Z")).not.toBe("closed");
  expect(await phase("ADX", "2026-01-05T10:59:00Z")).not.toBe("closed");
});
