import type { Json } from "../../domain/canonical.ts";
import { TradsysError } from "../../domain/errors.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { MarketCalendar, WeeklyHours } from "../../domain/policy.ts";
import { isZone, WEEKDAYS } from "./hours.ts";

/**
 * The calendars that a calendar plugin brings as data: `capabilities.calendars`, by the name of the market.
 *
 * @throws {TradsysError} `CALENDAR_INVALID`: nothing is planned on hours that nobody can read.
 */
export function calendarsOf(manifest: Manifest): ReadonlyMap<string, MarketCalendar> {
  const fail = (pointer: string, expected: string): never => {
    throw new TradsysError(
      "CALENDAR_INVALID",
      `${manifest.name} ${manifest.version} has a calendar that cannot be read: ${pointer} must be ${expected}`,
      {
        hint: "Publish a corrected version of the calendar.",
        location: { file: `${manifest.name}@${manifest.version}/plugin.json` },
      },
    );
  };
  const root = "/capabilities/calendars";
  const calendars =
    record(manifest.capabilities["calendars"]) ?? fail(root, "an object, one member for each market");
  return new Map(
    Object.entries(calendars).map(([market, value]) => [
      market,
      readCalendar(value, `${root}/${market}`, fail),
    ]),
  );
}

type Fail = (pointer: string, expected: string) => never;

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

function readCalendar(value: Json, pointer: string, fail: Fail): MarketCalendar {
  const fields = record(value) ?? fail(pointer, "an object");
  const { zone, sessions, holidays = [], exceptions = [] } = fields;
  const unknown = Object.keys(fields).find(
    (name) => !["zone", "sessions", "holidays", "exceptions"].includes(name),
  );
  if (unknown !== undefined) fail(`${pointer}/${unknown}`, "left out: it is not known");
  return {
    zone: typeof zone === "string" && isZone(zone) ? zone : fail(`${pointer}/zone`, "an IANA time zone"),
    sessions: readSessions(sessions, `${pointer}/sessions`, fail),
    holidays: list(holidays, `${pointer}/holidays`, fail).map((day, i) =>
      date(day, `${pointer}/holidays/${i}`, fail),
    ),
    exceptions: list(exceptions, `${pointer}/exceptions`, fail).map((exception, i) => {
      const at = `${pointer}/exceptions/${i}`;
      const { name, from, to, sessions: hours = [] } = record(exception) ?? fail(at, "an object");
      return {
        name: typeof name === "string" ? name : fail(`${at}/name`, "text"),
        from: date(from, `${at}/from`, fail),
        to: date(to, `${at}/to`, fail),
        sessions: readSessions(hours, `${at}/sessions`, fail),
      };
    }),
  };
}

const readSessions = (value: Json | undefined, pointer: string, fail: Fail): WeeklyHours[] =>
  list(value, pointer, fail).map((session, i) => {
    const at = `${pointer}/${i}`;
    const { days, open, close } = record(session) ?? fail(at, "an object");
    return {
      days: list(days, `${at}/days`, fail).map(
        (day, j) =>
          WEEKDAYS.find((weekday) => weekday === day) ??
          fail(`${at}/days/${j}`, `one of ${WEEKDAYS.join(", ")}`),
      ),
      open: typeof open === "string" && TIME.test(open) ? open : fail(`${at}/open`, "a time, HH:MM"),
      close: typeof close === "string" && TIME.test(close) ? close : fail(`${at}/close`, "a time, HH:MM"),
    };
  });

const date = (value: Json | undefined, pointer: string, fail: Fail): string =>
  typeof value === "string" && DATE.test(value) ? value : fail(pointer, "a day, YYYY-MM-DD");

const list = (value: Json | undefined, pointer: string, fail: Fail): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : fail(pointer, "a list");

const record = (value: Json | undefined): { readonly [key: string]: Json } | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })
    : undefined;
