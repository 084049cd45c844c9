import type { PluginName } from "./ids.ts";
import type { Evidence } from "./manifest.ts";
import type { Role } from "./trust.ts";

export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/** Hours of some days of the week, `HH:MM` on the wall clock of a time zone. A close before its open is on the next day. */
export interface WeeklyHours {
  readonly days: readonly Weekday[];
  readonly open: string;
  readonly close: string;
}

/** When a market trades. Comes as data, in the capabilities of a calendar plugin. */
export interface MarketCalendar {
  /** IANA name, for example `Asia/Dubai`. */
  readonly zone: string;
  /** Trading sessions of an ordinary week. */
  readonly sessions: readonly WeeklyHours[];
  /** Days without trading, `YYYY-MM-DD`. */
  readonly holidays: readonly string[];
  /** Days with other sessions, both ends inclusive: Ramadan, half days. */
  readonly exceptions: readonly {
    readonly name: string;
    readonly from: string;
    readonly to: string;
    readonly sessions: readonly WeeklyHours[];
  }[];
}

/** What happens to the orders of a plugin before it is stopped. */
export interface DrainPolicy {
  readonly orders: "cancel" | "keep" | "hand-over";
  /** Longest wait for what is in flight, in ms. */
  readonly maxWaitMs: number;
  /** What happens when the wait is over. */
  readonly onTimeout: "abort" | "stop";
}

/** Limits on what was changed until it has proved itself (RTS 6, Article 8). Absent means unlimited. */
export interface CanaryLimits {
  readonly instruments?: number;
  readonly orders?: number;
  /** Largest value of one order: a decimal and a currency, for example `1000 USDT`. */
  readonly orderValue?: string;
  readonly venues?: readonly string[];
  /** How long the limits hold, in ms. */
  readonly forMs: number;
}

/** How many people must agree, and in which role. */
export interface ApprovalRule {
  readonly role: Role;
  readonly count: number;
}

/** When and how a deployment may be changed. */
export interface DeploymentPolicy {
  /** How close to a trading session of an affected market a change may come, in ms. Absent: sessions do not matter. */
  readonly sessions?: { readonly beforeOpenMs: number; readonly afterCloseMs: number };
  /** Weekly hours in which changes may be made. Absent: at any time. */
  readonly windows?: readonly (WeeklyHours & { readonly zone: string })[];
  /** Times in which nothing may be changed; local date and time, the end not included. */
  readonly freezes?: readonly {
    readonly name: string;
    readonly from: string;
    readonly to: string;
    readonly zone: string;
  }[];
  /** By plugin name. Others are drained as long as their manifest says, and their orders are kept. */
  readonly drain?: Readonly<Record<PluginName, DrainPolicy>>;
  readonly canary?: CanaryLimits;
  /** What a material change needs. */
  readonly material?: {
    readonly approvals?: readonly ApprovalRule[];
    readonly evidence?: readonly Evidence["type"][];
    /** What shadow evidence must show: fewest decisions compared, and most that may differ. */
    readonly shadow?: { readonly samples: number; readonly disagreements: number };
  };
  /** Most plugins that may have to change at once. */
  readonly largestGroup?: number;
}

/** The order in which the stages of a deployment start. */
export const STAGES = [
  "load",
  "reference",
  "market-data",
  "account",
  "risk",
  "order-entry",
  "strategy",
] as const;

/** Order beyond what plugins require of each other. Members are facets, or plugins for all of their facets. */
export interface DeploymentOrder {
  readonly stages?: Partial<Readonly<Record<(typeof STAGES)[number], readonly string[]>>>;
  readonly rules?: readonly {
    readonly start: string;
    readonly after?: readonly string[];
    readonly before?: readonly string[];
  }[];
}
