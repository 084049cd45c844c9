import {
  isPortError,
  portError,
  type Bound,
  type OrderIntent,
  type RiskDecision,
  type RiskFacts,
  type RiskLimit,
  type RiskReason,
  type RiskRules,
} from "tradsys/plugin";

/** What a decision needs. Every member may fail or be late. */
export interface Checks {
  rules(): RiskRules;
  limits(): readonly Bound<RiskLimit>[];
  /** Counts the order as open from now on. Fails for one that is none. */
  take(intent: OrderIntent): void;
  facts(intent: OrderIntent): Promise<RiskFacts> | RiskFacts;
  /** Whether the account proves that the order only makes a position smaller. */
  isReducing(intent: OrderIntent): Promise<boolean>;
  /** Gives up waiting after a while. */
  timely<T>(work: Promise<T>, what: string): Promise<T>;
}

export const ALLOW: RiskDecision = { verdict: "allow", reasons: [] };
const deny = (...reasons: readonly RiskReason[]): RiskDecision => ({ verdict: "deny", reasons });

/**
 * Allows an order if every rule passes and every limit has room, and keeps that room. Whatever goes wrong on the way
 * denies it, unless the account proves that it is strictly reducing.
 */
export async function decide(intent: OrderIntent, checks: Checks): Promise<RiskDecision> {
  try {
    checks.take(intent);
    if (intent.reduceOnly) return (await allowReducing(intent, checks)) ?? notReducing(intent);
    // One deadline for all of it: a caller does not care which check is slow.
    return await checks.timely(judge(intent, checks), "a rule or a limit");
  } catch (error) {
    const reducing = await allowReducing(intent, checks).catch(() => undefined);
    return reducing ?? unchecked(error);
  }
}

async function judge(intent: OrderIntent, checks: Checks): Promise<RiskDecision> {
  const facts = await checks.facts(intent);
  const results = await checks.rules().evaluate(facts);
  if (results.length === 0) throw portError("RISK_UNAVAILABLE", "no rule looked at the order");
  const broken = results.filter((result) => result.verdict !== "pass");
  if (broken.length > 0) return deny(...broken);
  return (await reserve(intent, checks, facts.referencePrice)) ?? ALLOW;
}

/** Takes room in every limit; all of it is given back by the order's final execution, also where one denies. */
async function reserve(
  intent: OrderIntent,
  checks: Checks,
  price?: string,
): Promise<RiskDecision | undefined> {
  const limits = checks.limits();
  if (limits.length === 0) throw portError("RISK_UNAVAILABLE", "no limit is bound");
  const reasons: RiskReason[] = [];
  for (const { provider, port } of limits) {
    const { verdict, observed, threshold, latches } = await port.reserve(intent, price);
    if (verdict === "allow") continue;
    const text = `${observed} would pass the limit of ${threshold}`;
    const reason = { code: "LIMIT_EXCEEDED", rule: provider, text, observed, threshold };
    reasons.push(latches === true ? { ...reason, latches } : reason);
  }
  return reasons.length === 0 ? undefined : deny(...reasons);
}

/** Limits are told, so that they count the fill, but they have no say. */
async function allowReducing(intent: OrderIntent, checks: Checks): Promise<RiskDecision | undefined> {
  if (!(await checks.timely(checks.isReducing(intent), "account"))) return undefined;
  await checks.timely(reserve({ ...intent, reduceOnly: true }, checks), "a limit").catch(() => undefined);
  return ALLOW;
}

const notReducing = ({ clientOrderId }: OrderIntent): RiskDecision =>
  deny({ code: "NOT_REDUCING", rule: "reduce-only", text: `${clientOrderId} is not proven to be reducing` });

/** An id that goes out for another order is refused, and what goes out stays. */
export const otherOrder = ({ clientOrderId }: OrderIntent): RiskDecision =>
  deny({ code: "DUPLICATE_ID_MISMATCH", rule: "risk-core", text: `${clientOrderId} was used before` });

function unchecked(error: unknown): RiskDecision {
  const code = isPortError(error) && error.code === "RISK_STALE" ? "RISK_STALE" : "RISK_UNAVAILABLE";
  return deny({ code, rule: "risk-core", text: error instanceof Error ? error.message : String(error) });
}
