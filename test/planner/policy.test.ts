import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Candidate } from "../../src/domain/lock.ts";
import type { DeploymentPolicy, MarketCalendar, WeeklyHours } from "../../src/domain/policy.ts";
import { parseDeployment } from "../../src/manifest/parse.ts";
import { explainRefusal } from "../../src/planner/explain.ts";
import { planDeployment } from "../../src/planner/plan.ts";
import { windowAt, type WindowRules } from "../../src/planner/policy/window.ts";
import { named, needs, plugin } from "../resolver/registry.ts";
import { activated, planFor, planInput } from "./lock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const week = (open: string, close: string): WeeklyHours[] => [
  { days: ["mon", "tue", "wed", "thu", "fri"], open, close },
];

/** Abu Dhabi: pre-open to close, shorter in Ramadan. */
const ADX: MarketCalendar = {
  zone: "Asia/Dubai",
  sessions: week("09:30", "15:00"),
  holidays: ["2026-03-20"],
  exceptions: [{ name: "Ramadan", from: "2026-02-18", to: "2026-03-19", sessions: week("09:30", "14:00") }],
};
const LONDON: MarketCalendar = {
  zone: "Europe/London",
  sessions: week("08:00", "16:30"),
  holidays: [],
  exceptions: [],
};

const MARGINS = { beforeOpenMs: 30 * MINUTE, afterCloseMs: 15 * MINUTE };

const judged = (
  instant: string,
  markets: Readonly<Record<string, MarketCalendar>>,
  policy: DeploymentPolicy = { sessions: MARGINS },
) =>
  windowAt(Date.parse(instant), {
    policies: [policy],
    markets: Object.entries(markets).map(([market, calendar]) => ({ market, calendar })),
    durationMs: 5 * MINUTE,
  });

const iso = (instant: number | null | undefined) =>
  typeof instant === "number" ? new Date(instant).toISOString() : instant;

describe("sessions of a market", () => {
  it("refuses before the close and names the next window", () => {
    const verdict = judged("2026-04-14T14:50:00+04:00", { ADX });
    expect(verdict).toMatchObject({
      kind: "frozen",
      because: ["ADX trades from 09:30 to 15:00 Asia/Dubai"],
      zone: "Asia/Dubai",
    });
    expect(verdict.kind === "frozen" && iso(verdict.next?.start)).toBe("2026-04-14T11:15:00.000Z");
  });

  it("is shorter in Ramadan", () => {
    expect(judged("2026-03-10T14:20:00+04:00", { ADX }).kind).toBe("open");
    expect(judged("2026-04-14T14:20:00+04:00", { ADX }).kind).toBe("frozen");
    expect(judged("2026-03-10T13:50:00+04:00", { ADX })).toMatchObject({
      because: ["ADX trades from 09:30 to 14:00 Asia/Dubai (Ramadan)"],
    });
  });

  it("is closed on holidays and at weekends", () => {
    expect(judged("2026-03-20T11:00:00+04:00", { ADX }).kind).toBe("open");
    expect(judged("2026-04-12T11:00:00+04:00", { ADX }).kind).toBe("open");
  });

  it("keeps to the wall clock when the clock changes", () => {
    // Summer time began in London on 29 March 2026: the session opens an hour earlier by UTC.
    const winter = judged("2026-03-27T16:50:00Z", { LONDON });
    const summer = judged("2026-03-29T16:50:00Z", { LONDON });
    expect(winter.kind === "open" && iso(winter.window.end)).toBe("2026-03-30T06:30:00.000Z");
    expect(summer.kind === "open" && iso(summer.window.end)).toBe("2026-03-30T06:30:00.000Z");
    expect(judged("2026-03-27T07:00:00Z", { LONDON }).kind).toBe("open");
    expect(judged("2026-03-30T07:00:00Z", { LONDON }).kind).toBe("frozen");
  });

  it("waits until every market is closed for long enough", () => {
    const verdict = judged("2026-04-14T14:50:00+04:00", { ADX, LONDON });
    expect(verdict.kind === "frozen" && iso(verdict.next?.start)).toBe("2026-04-14T15:45:00.000Z");
  });

  it("does not begin what cannot be done before the next session", () => {
    const verdict = judged("2026-04-14T08:57:00+04:00", { ADX });
    expect(verdict).toMatchObject({ kind: "frozen", because: ["ADX trades from 09:30 to 15:00 Asia/Dubai"] });
  });
});

describe("windows and freezes", () => {
  const saturdays = [{ days: ["sat" as const], open: "22:00", close: "02:00", zone: "Asia/Dubai" }];

  it("opens weekly hours that reach into the next day", () => {
    expect(judged("2026-04-11T23:00:00+04:00", {}, { windows: saturdays }).kind).toBe("open");
    expect(judged("2026-04-12T01:00:00+04:00", {}, { windows: saturdays }).kind).toBe("open");
    expect(judged("2026-04-12T03:00:00+04:00", {}, { windows: saturdays })).toMatchObject({
      kind: "frozen",
      because: ["outside of the change windows"],
    });
  });

  it("closes them in a freeze, and finds the window after it", () => {
    const freezes = [
      { name: "year end", from: "2026-12-01T00:00", to: "2027-01-04T00:00", zone: "Asia/Dubai" },
    ];
    const verdict = judged("2026-12-05T23:00:00+04:00", {}, { windows: saturdays, freezes });
    expect(verdict).toMatchObject({ kind: "frozen", because: ["the freeze year end"] });
    expect(verdict.kind === "frozen" && iso(verdict.next?.start)).toBe("2027-01-09T18:00:00.000Z");
  });

  it("says so where there is no window at all", () => {
    const forever = [{ name: "for good", from: "2020-01-01T00:00", to: "2040-01-01T00:00", zone: "UTC" }];
    expect(judged("2026-04-14T00:00:00Z", {}, { freezes: forever })).toMatchObject({
      kind: "frozen",
      next: null,
    });
  });
});

const two = (number: number): string => String(number).padStart(2, "0");

const times = fc
  .integer({ min: 0, max: 24 * 4 - 1 })
  .map((quarter) => `${two(Math.floor(quarter / 4))}:${two((quarter % 4) * 15)}`);
const days = fc.uniqueArray(
  fc.constantFrom<WeeklyHours["days"][number]>("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
  { minLength: 1 },
);
const zones = fc.constantFrom(
  "Asia/Dubai",
  "Europe/London",
  "America/New_York",
  "Australia/Lord_Howe",
  "UTC",
);

/** A market with one session, and nothing that keeps a change away from it. */
const markets: fc.Arbitrary<WindowRules["markets"][number]> = fc
  .record({ days, open: times, close: times, zone: zones })
  .map(({ zone, ...session }) => ({
    market: "M",
    calendar: { zone, sessions: [session], holidays: [], exceptions: [] },
  }));

const instants = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true });

it("agrees with the wall clock of the zone at every instant of a year, changes of the clock apart", () => {
  fc.assert(
    fc.property(markets, instants, (market, at) => {
      const { zone, sessions } = market.calendar;
      const [{ days: on, open, close }] = sessions as [WeeklyHours];
      fc.pre(open < close && !isNearClockChange(at, zone));
      const rules = {
        policies: [{ sessions: { beforeOpenMs: 0, afterCloseMs: 0 } }],
        markets: [market],
        durationMs: 0,
      };
      const { weekday, time } = wallClock(at, zone);
      const isTrading = on.some((day) => day === weekday) && open <= time && time < close;
      expect(windowAt(at.getTime(), rules).kind).toBe(isTrading ? "frozen" : "open");
    }),
    { numRuns: 1000 },
  );
});

it("names a next window that is open, as early as it can be", () => {
  fc.assert(
    fc.property(markets, fc.integer({ min: 1, max: 30 }), (market, minutes) => {
      const rules = { policies: [{ sessions: MARGINS }], markets: [market], durationMs: minutes * MINUTE };
      const at = Date.parse("2026-05-05T12:00:00Z");
      const verdict = windowAt(at, rules);
      fc.pre(verdict.kind === "frozen" && verdict.next !== null);
      const start = verdict.kind === "frozen" ? (verdict.next?.start ?? 0) : 0;
      expect(windowAt(start, rules).kind).toBe("open");
      for (let earlier = at; earlier < start; earlier += HOUR)
        expect(windowAt(earlier, rules).kind).toBe("frozen");
    }),
    { numRuns: 100 },
  );
});

/** The local time as the platform formats it, which knows nothing of how sessions are laid out. */
function wallClock(at: Date, timeZone: string): { weekday: string; time: string } {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const part = (type: string): string =>
    format.formatToParts(at).find((each) => each.type === type)?.value ?? "";
  return { weekday: part("weekday").toLowerCase(), time: `${part("hour")}:${part("minute")}` };
}

function isNearClockChange(at: Date, timeZone: string): boolean {
  const offset = (instant: number): string =>
    new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "longOffset" })
      .formatToParts(new Date(instant))
      .find(({ type }) => type === "timeZoneName")?.value ?? "";
  return offset(at.getTime() - 26 * HOUR) !== offset(at.getTime() + 26 * HOUR);
}

const calendar = (version: string, sessions = week("10:00", "15:00")) =>
  plugin(
    `calendar-mena ${version}`,
    {},
    {
      kind: "calendar",
      capabilities: {
        calendars: { ADX: { zone: "Asia/Dubai", sessions: sessions.map((session) => ({ ...session })) } },
      },
    },
  );
const core = (version: string) => plugin(`core ${version}`, { provides: { quotes: "1.0.0" } });

const evidence = (type: "conformance" | "shadow") => ({
  type,
  digest: calendar("1.0.0").content,
  result: "passed" as const,
});

describe("a plan under a policy", () => {
  const venue = plugin(
    "venue 1.0.0",
    { requires: [needs("core", "*"), needs("calendar-mena", "*", { when: "load" })] },
    { calendar: named("calendar-mena"), capabilities: { calendar: "ADX" } },
  );
  const ranges = { venue: "*", core: "*", "calendar-mena": "*", lone: "*" };
  const upgrade = (after: readonly Candidate[], at: string, policy: DeploymentPolicy) => {
    const before = [calendar("2026.2.0"), core("1.0.0"), venue, plugin("lone 1.0.0")];
    const { generation, ...base } = activated(planInput(before, ranges));
    const input = planInput(after, ranges, {
      base: { ...base, generation: { ...generation, policy } },
      policy,
    });
    return { ...input, request: { author: "ann", at: new Date(at) } };
  };
  const newCore = [calendar("2026.2.0"), core("1.1.0"), venue, plugin("lone 1.0.0")];
  const newLone = [calendar("2026.2.0"), core("1.0.0"), venue, plugin("lone 1.1.0")];

  it("is refused in the session of a market that only a dependant follows", () => {
    const outcome = planDeployment(upgrade(newCore, "2026-04-14T14:50:00+04:00", { sessions: MARGINS }));
    expect(!outcome.ok && explainRefusal(outcome.error)).toMatchInlineSnapshot(`
      {
        "hint": "The next window is from 2026-04-14 15:15 Asia/Dubai (2026-04-14T11:15:00.000Z) to 2026-04-15 09:30 Asia/Dubai. --emergency REASON goes ahead, with one approval more.",
        "message": "nothing may be changed now: ADX trades from 10:00 to 15:00 Asia/Dubai",
      }
    `);
  });

  it("is not refused where nothing that follows the market is touched", () => {
    expect(planDeployment(upgrade(newLone, "2026-04-14T14:50:00+04:00", { sessions: MARGINS })).ok).toBe(
      true,
    );
  });

  it("asks the running calendar and the new one, and both must agree", () => {
    const longer = [calendar("2026.3.0", week("10:00", "18:00")), core("1.0.0"), venue, plugin("lone 1.0.0")];
    const shorter = [
      calendar("2026.3.0", week("10:00", "12:00")),
      core("1.0.0"),
      venue,
      plugin("lone 1.0.0"),
    ];
    expect(planDeployment(upgrade(longer, "2026-04-14T17:00:00+04:00", { sessions: MARGINS })).ok).toBe(
      false,
    );
    expect(planDeployment(upgrade(shorter, "2026-04-14T14:00:00+04:00", { sessions: MARGINS })).ok).toBe(
      false,
    );
  });

  it("carries the window in which it may be applied", () => {
    const { policy } = planFor(upgrade(newCore, "2026-04-14T20:00:00+04:00", { sessions: MARGINS }));
    expect(policy.window).toEqual({
      notBefore: "2026-04-14T11:15:00.000Z",
      startBy: "2026-04-15T05:29:57.000Z",
      doneBy: "2026-04-15T05:30:00.000Z",
    });
  });

  it("goes ahead in an emergency, with one approval more and never fewer than two", () => {
    const approvals = [{ role: "risk", count: 2 }] as const;
    const input = upgrade(newCore, "2026-04-14T14:50:00+04:00", {
      sessions: MARGINS,
      material: { approvals },
    });
    const emergency = { ...input, request: { ...input.request, emergency: "runaway orders" } };
    expect(planFor(emergency).policy).toMatchObject({ emergency: "runaway orders", approvers: 3 });
    const unapproved = upgrade(newCore, "2026-04-14T14:50:00+04:00", { sessions: MARGINS });
    expect(planFor({ ...unapproved, request: emergency.request }).policy.approvers).toBe(2);
  });

  it("asks for approval and evidence of material changes only", () => {
    const policy: DeploymentPolicy = {
      material: { approvals: [{ role: "risk", count: 1 }], evidence: ["shadow"] },
    };
    const at = "2026-04-11T12:00:00Z";
    const release = (manifest: Partial<Candidate["manifest"]>) =>
      upgrade(
        [
          calendar("2026.2.0"),
          plugin("core 1.1.0", { provides: { quotes: "1.0.0" } }, manifest),
          venue,
          plugin("lone 1.0.0"),
        ],
        at,
        policy,
      );
    const refused = planDeployment(release({ evidence: [evidence("conformance")] }));
    expect(!refused.ok && explainRefusal(refused.error).message).toMatch(/@tradsys\/core 1\.1\.0: shadow/);
    const material = planFor(release({ evidence: [evidence("shadow")] })).policy;
    expect(material).toMatchObject({ material: ["@tradsys/core"], approvers: 1 });
    expect(planFor(release({ changeClass: "non-material" })).policy).toMatchObject({
      material: [],
      approvers: 0,
    });
  });

  it("carries drain policies and canary limits to those who keep to them", () => {
    const policy: DeploymentPolicy = {
      drain: { [named("core")]: { orders: "hand-over", maxWaitMs: 30_000, onTimeout: "stop" } },
      canary: { instruments: 1, orders: 20, orderValue: "1000 USDT", venues: ["ADX"], forMs: 600_000 },
    };
    const plan = planFor(upgrade(newCore, "2026-04-11T12:00:00Z", policy));
    expect(plan.waves[0]?.groups[0]?.steps[0]?.drain).toEqual({
      orders: "hand-over",
      maxWaitMs: 30_000,
      onTimeout: "stop",
    });
    expect(plan.policy.canary).toEqual(policy.canary);
  });

  it.for([
    { what: "no zone", calendars: { ADX: { sessions: [] } }, pointer: "/capabilities/calendars/ADX/zone" },
    { what: "a zone that is none", calendars: { ADX: { zone: "EST5", sessions: [] } }, pointer: "/zone" },
    {
      what: "an impossible hour",
      calendars: { ADX: { zone: "UTC", sessions: [{ days: ["mon"], open: "25:00", close: "26:00" }] } },
      pointer: "/sessions/0/open",
    },
    {
      what: "an unknown day",
      calendars: { ADX: { zone: "UTC", sessions: [{ days: ["Monday"], open: "10:00", close: "11:00" }] } },
      pointer: "/days/0",
    },
    {
      what: "a field that nobody reads",
      calendars: { ADX: { zone: "UTC", sessions: [], holiday: [] } },
      pointer: "/holiday",
    },
    { what: "no calendar at all", calendars: undefined, pointer: "/capabilities/calendars" },
  ])("plans nothing on a calendar with $what", ({ calendars, pointer }) => {
    const broken = plugin(
      "calendar-mena 2026.3.0",
      {},
      { kind: "calendar", capabilities: calendars === undefined ? {} : { calendars: calendars } },
    );
    const input = upgrade([broken, core("1.1.0"), venue, plugin("lone 1.0.0")], "2026-04-11T12:00:00Z", {
      sessions: MARGINS,
    });
    expect(() => planDeployment(input)).toThrow(pointer);
  });
});

it.for([
  {
    what: "a zone that is none",
    policy: "windows: [{ days: [sat], open: '08:00', close: '20:00', zone: Asia/Dubay }]",
    code: "FIELD_VALUE",
    pointer: "/policy/windows/0/zone",
  },
  {
    what: "a day that is none",
    policy: "freezes: [{ name: f, from: 2026-02-30T00:00, to: 2026-03-02T00:00, zone: UTC }]",
    code: "FIELD_VALUE",
    pointer: "/policy/freezes/0/from",
  },
  {
    what: "a freeze that ends before it begins",
    policy: "freezes: [{ name: f, from: 2026-03-02T00:00, to: 2026-03-01T00:00, zone: UTC }]",
    code: "CONFIG_CONTRADICTION",
    pointer: "/policy/freezes/0/to",
  },
])("lets no deployment in with $what", ({ policy, code, pointer }) => {
  const text = `apiVersion: tradsys/deployment/v1\nname: desk\nplugins: [{ name: "@acme/a", range: "*" }]\npolicy:\n  ${policy}\n`;
  const parsed = parseDeployment(text, "desk.yaml");
  expect(!parsed.ok && parsed.error).toMatchObject([{ code, pointer }]);
});
