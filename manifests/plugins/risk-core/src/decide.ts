import {
  isPortError,
  portError,
  type Bound,
  type OrderIntent,
  type RiskDecision,
  type RiskLimit,
  type RiskReason,
  type RiskRules,
} from "tradsys/plugin";

/** What a decision needs. Every member may fail or be late. */
export interface Checks {
  rules(): RiskRules;
  limits(): readonly Bound<RiskLimit>[];
  referencePrice(instrument: string): string;
  /** Whether the account proves that the order only makes a position smaller. */
  isReducing(intent: OrderIntent): Promise<boolean>;
  /** Gives up waiting after a while. */
  timely<T>(work: Promise<T>, what: string): Promise<T>;
}

const ALLOW: RiskDecision = { verdict: "allow", reasons: [] };
const deny = (...reasons: readonly RiskReason[]): RiskDecision => ({ verdict: "deny", reasons });

/**
 * Allows an order if every rule passes and every limit has room, and keeps that room. Whatever goes wrong on the way
 * denies it, unless the account proves that it is strictly reducing.
 */
export async function decide(intent: OrderIntent, checks: Checks): Promise<RiskDecision> {
  try {
    if (intent.reduceOnly) return (await allowReducing(intent, checks)) ?? notReducing(intent);
    return (await brokenRules(intent, checks)) ?? (await reserve(intent, checks)) ?? ALLOW;
  } catch (error) {
    const reducing = await allowReducing(intent, checks).catch(() => undefined);
    return reducing ?? unchecked(error);
  }
}

async function brokenRules(intent: OrderIntent, checks: Checks): Promise<RiskDecision | undefined> {
  const facts = { intent, referencePrice: checks.referencePrice(intent.instrument) };
  const results = await checks.timely(checks.rules().evaluate(facts), "risk rules");
  if (results.length === 0) throw portError("RISK_UNAVAILABLE", "no rule looked at the order");
  const broken = results.filter((result) => result.verdict !== "pass");
  return broken.length === 0 ? undefined : deny(...broken);
}

/** Takes room in every limit; all of it is given back by the order's final execution, also where one denies. */
async function reserve(intent: OrderIntent, checks: Checks): Promise<RiskDecision | undefined> {
  const limits = checks.limits();
  if (limits.length === 0) throw portError("RISK_UNAVAILABLE", "no limit is bound");
  const reasons: RiskReason[] = [];
  for (const { provider, port } of limits) {
    const { verdict, observed, threshold } = await checks.timely(port.reserve(intent), provider);
    if (verdict === "allow") continue;
    const text = `${observed} would pass the limit of ${threshold}`;
    reasons.push({ code: "LIMIT_EXCEEDED", rule: provider, text, observed, threshold });
  }
  return reasons.length === 0 ? undefined : deny(...reasons);
}

/** Limits are told, so that they count the fill, but they have no say. */
async function allowReducing(intent: OrderIntent, checks: Checks): Promise<RiskDecision | undefined> {
  if (!(await checks.timely(checks.isReducing(intent), "account"))) return undefined;
  await reserve({ ...intent, reduceOnly: true }, checks).catch(() => undefined);
  return ALLOW;
}

const notReducing = ({ clientOrderId }: OrderIntent): RiskDecision =>
  deny({ code: "NOT_REDUCING", rule: "reduce-only", text: `${clientOrderId} is not proven to be reducing` });

function unchecked(error: unknown): RiskDecision {
  const code = isPortError(error) && error.code === "RISK_STALE" ? "RISK_STALE" : "RISK_UNAVAILABLE";
  return deny({ code, rule: "risk-core", text: error instanceof Error ? error.message : String(error) });
}
