import type { DeploymentPolicy, MarketCalendar } from "../../domain/policy.ts";
import { instantOf, sessionsOf, spansOf, type Span } from "./hours.ts";

/** What decides when a plan may be applied. */
export interface WindowRules {
  /** Each must agree. */
  readonly policies: readonly Pick<DeploymentPolicy, "sessions" | "windows" | "freezes">[];
  /** Calendars of the markets that the plan touches, by name. A market may have several: each must agree. */
  readonly markets: readonly { readonly market: string; readonly calendar: MarketCalendar }[];
  /** How long applying it is expected to take, in ms. */
  readonly durationMs: number;
}

/** A time in which a plan may be applied; null where it has no bound that matters. */
export interface LegalWindow {
  readonly start: number | null;
  readonly end: number | null;
}

export type WindowVerdict =
  | { readonly kind: "open"; readonly window: LegalWindow }
  | {
      readonly kind: "frozen";
      readonly because: readonly string[];
      /** The first window from now on that is long enough; null where the next year has none. */
      readonly next: LegalWindow | null;
      /** A zone that people there read the clock in. */
      readonly zone: string;
    };

/** Milliseconds since the epoch. */
interface Range {
  readonly start: number;
  readonly end: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** How far a window is looked for, in days: near first, since nearly every week has one. */
const HORIZONS = [14, 400];

/**
 * Whether a plan may be applied at an instant, and when it may if not.
 *
 * @param at Milliseconds since the epoch.
 */
export function windowAt(at: number, rules: WindowRules): WindowVerdict {
  const zone =
    rules.markets[0]?.calendar.zone ??
    rules.policies.flatMap(({ windows = [], freezes = [] }) => [...windows, ...freezes])[0]?.zone ??
    "UTC";
  let because: readonly string[] = [];
  for (const days of HORIZONS) {
    const range = { start: at - 7 * DAY_MS, end: at + days * DAY_MS };
    const closed = closedSpans(rules, range);
    const gaps = gapsBetween(closed, range);
    const isLongEnough = ({ start, end }: LegalWindow): boolean =>
      end === null || end - Math.max(start ?? at, at) >= rules.durationMs;
    const now = gaps.find(({ start, end }) => (start ?? -Infinity) <= at && at < (end ?? Infinity));
    if (now && isLongEnough(now)) return { kind: "open", window: now };

    because = reasons(closed, { at, end: now?.end ?? at });
    const next = gaps.find((gap) => gap.start !== null && gap.start > at && isLongEnough(gap));
    if (next) return { kind: "frozen", because, next, zone };
  }
  return { kind: "frozen", because, next: null, zone };
}

/** All times in which nothing may be changed. */
const closedSpans = ({ policies, markets }: WindowRules, range: Range): Span[] =>
  policies.flatMap((policy) => closedBy(policy, markets, range));

function closedBy(
  { sessions, windows, freezes = [] }: WindowRules["policies"][number],
  markets: WindowRules["markets"],
  range: Range,
): Span[] {
  const traded = sessions
    ? markets.flatMap(({ market, calendar }) =>
        spansOf(sessionsOf(market, calendar), calendar.zone, range).map(({ start, end, what }) => ({
          start: start - sessions.beforeOpenMs,
          end: end + sessions.afterCloseMs,
          what,
        })),
      )
    : [];
  const frozen = freezes.map(({ name, from, to, zone }) => ({
    start: instantOf(from, zone, "earlier"),
    end: instantOf(to, zone, "later"),
    what: `the freeze ${name}`,
  }));
  const open = windows?.flatMap(({ zone, ...hours }) =>
    spansOf((_, day) => (hours.days.includes(day) ? [{ hours, what: "" }] : []), zone, range),
  );
  const outside = open
    ? gapsBetween(open, range).map(({ start, end }) => ({
        start: start ?? range.start,
        end: end ?? range.end,
        what: "outside of the change windows",
      }))
    : [];
  return [...traded, ...frozen, ...outside];
}

/** What is left of a range. A bound that is the range's own is no bound of the gap. */
function gapsBetween(spans: readonly Span[], range: Range): LegalWindow[] {
  const gaps: LegalWindow[] = [];
  let from: number | null = null;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start > (from ?? range.start)) gaps.push({ start: from, end: start });
    from = Math.max(from ?? range.start, end);
  }
  if ((from ?? range.start) < range.end) gaps.push({ start: from, end: null });
  return gaps;
}

/** What is going on at an instant, or begins where the time until `end` is too short. */
const reasons = (
  closed: readonly Span[],
  { at, end }: { readonly at: number; readonly end: number },
): string[] => [
  ...new Set(
    closed.filter((span) => span.start <= Math.max(at, end) && span.end > at).map(({ what }) => what),
  ),
];
