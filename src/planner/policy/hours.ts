import { Temporal } from "temporal-polyfill";

import type { MarketCalendar, Weekday, WeeklyHours } from "../../domain/policy.ts";

/** A span of time in milliseconds since the epoch, the end not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** What happens in it, for a person. */
  readonly what: string;
}

/** Days of the week in the order in which ISO 8601 counts them, from 1. */
export const WEEKDAYS: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/**
 * When weekly hours fall between two instants, on the wall clock of their zone.
 *
 * A time that a change of the clock skips or repeats counts so that the span is the longer one: it opens at the
 * earlier and closes at the later of the two.
 */
export function spansOf(
  hoursOn: (
    date: string,
    weekday: Weekday,
  ) => readonly { readonly hours: WeeklyHours; readonly what: string }[],
  zone: string,
  { start, end }: { readonly start: number; readonly end: number },
): Span[] {
  const spans: Span[] = [];
  // Hours that began the day before may reach into the first day.
  let date = localDate(start, zone).subtract({ days: 1 });
  const last = localDate(end, zone);
  for (; Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    const weekday = WEEKDAYS[date.dayOfWeek - 1] ?? "mon";
    for (const { hours, what } of hoursOn(date.toString(), weekday)) {
      const closing = hours.close <= hours.open ? date.add({ days: 1 }) : date;
      const span = {
        start: instantOf(`${date.toString()}T${hours.open}`, zone, "earlier"),
        end: instantOf(`${closing.toString()}T${hours.close}`, zone, "later"),
        what,
      };
      if (span.start < end && span.end > start) spans.push(span);
    }
  }
  return spans;
}

/** The trading sessions of a market. Holidays have none, and exceptions stand before the ordinary week. */
export const sessionsOf = (market: string, calendar: MarketCalendar) => (date: string, weekday: Weekday) => {
  if (calendar.holidays.includes(date)) return [];
  const exception = calendar.exceptions.find(({ from, to }) => from <= date && date <= to);
  const season = exception ? ` (${exception.name})` : "";
  return (exception?.sessions ?? calendar.sessions)
    .filter(({ days }) => days.includes(weekday))
    .map((hours) => ({
      hours,
      what: `${market} trades from ${hours.open} to ${hours.close} ${calendar.zone}${season}`,
    }));
};

/** The instant of a local date and time, `YYYY-MM-DDTHH:MM`. @throws {RangeError} for a zone that is none. */
export const instantOf = (local: string, timeZone: string, disambiguation: "earlier" | "later"): number =>
  Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds;

const localDate = (instant: number, timeZone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).toPlainDate();

/** An instant as a person at a place reads it: `2026-03-10 15:15 Asia/Dubai`. */
export function localTime(instant: number, timeZone: string): string {
  const there = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
  return `${there.toPlainDate().toString()} ${there.toPlainTime().toString({ smallestUnit: "minute" })} ${timeZone}`;
}

export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}
