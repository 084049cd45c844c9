import type { PhaseUntil } from "tradsys/plugin";

import type { Hours, Phased } from "./hours.ts";

const MINUTE_US = 60_000_000;
const DAY_MINUTES = 24 * 60;

/** A moment as the market's own clock and calendar show it. */
interface Local {
  readonly date: string;
  readonly weekday: number;
  /** Of the day. */
  readonly minute: number;
}

/**
 * The phase at a moment, and when it ends at the latest: phases that follow each other with one name are told apart at
 * midnight. Minutes are counted on the market's clock, so that a change of summer time moves the sessions with it.
 *
 * @param atUs Microseconds since the epoch.
 */
export function phaseAt(hours: Hours, atUs: number): PhaseUntil {
  const local = localTime(hours.zone, atUs);
  const phases = phasesOn(hours, local);
  const current = phases.findLast(([from]) => from <= local.minute);
  const next = phases.find(([from]) => from > local.minute);
  const minutesLeft = (next?.[0] ?? DAY_MINUTES) - local.minute;
  const minuteBegan = Math.floor(atUs / MINUTE_US) * MINUTE_US;
  // A day of 23 hours ends sooner than its minutes say: nothing is promised beyond an hour, and asking again is cheap.
  const untilUs = minuteBegan + Math.min(minutesLeft, 60) * MINUTE_US;
  return { phase: current?.[1] ?? "closed", untilUs };
}

function phasesOn({ days, phases, exceptions }: Hours, { date, weekday }: Local): readonly Phased[] {
  if (!days.includes(weekday)) return [];
  return exceptions.find(({ from, to }) => from <= date && date <= to)?.phases ?? phases;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(zone: string, atUs: number): Local {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  formats.set(zone, format);
  const parts = new Map(format.formatToParts(atUs / 1000).map(({ type, value }) => [type, value]));
  const date = `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
  return {
    date,
    weekday: new Date(`${date}T00:00:00Z`).getUTCDay(),
    minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
  };
}
