import type { CallScope, Log } from "./define.ts";
import { isPortError, portError, type PortErrorCode } from "./errors.ts";
import type { Account } from "./ports/account.ts";
import {
  isFinal,
  type Execution,
  type Order,
  type OrderEntry,
  type OrderIntent,
  type OrderState,
  type RiskApproved,
  type VenueOrders,
} from "./ports/order-entry.ts";
import type { RiskDecision, RiskPretrade, RiskReason } from "./ports/risk-pretrade.ts";
import { isStrictlyReducing } from "./reducing.ts";
import { within } from "./within.ts";

export interface GuardOptions {
  /** Looked up for each order: risk is bound later than order entry, and may be replaced. */
  readonly risk: () => RiskPretrade;
  /** Longest wait for risk, in milliseconds. */
  readonly riskTimeoutMs: number;
  /** The same venue's account: proves that an order is reducing while risk is silent. */
  readonly account: Pick<Account, "openOrders" | "positions">;
  /** The context's: an order whose sender was stopped while risk was deciding is not sent. */
  readonly scope: () => CallScope;
  readonly log: Log;
}

export interface GuardedOrders {
  readonly orderEntry: OrderEntry;
  /** Asks the venue about every order whose end risk has not heard of. Never fails. Call it regularly while running. */
  reconcile(): Promise<void>;
}

/** Answers that are remembered, so that a repeated submit is not sent again. */
const REMEMBERED = 10_000;

/** Denials that say nothing about the order: it may pass later. */
const UNDECIDED = ["RISK_UNAVAILABLE", "RISK_STALE"] as const;

/** How often in a row a venue must not know an order of unknown fate before it counts as never placed. */
const ABSENCES = 3;

/** An order whose end risk has not heard of. Without `last` the submit is still under way. */
interface Unsettled {
  readonly intent: OrderIntent;
  last?: Execution;
  /** Times in a row that the venue did not know it. */
  absences: number;
}

/**
 * Puts risk in front of a venue's order entry. Nothing is sent without risk's consent, nothing is sent twice, and
 * risk hears how every order ended. Cancels and queries pass. While risk is silent only reducing orders pass.
 */
export function guardOrders(venue: VenueOrders, options: GuardOptions): GuardedOrders {
  const { risk, riskTimeoutMs, account, scope, log } = options;
  const answers = new Map<string, { readonly intent: string; readonly answer: Promise<Order> }>();
  const unsettled = new Map<string, Unsettled>();

  async function tellRisk(execution: Execution): Promise<void> {
    const record = unsettled.get(execution.clientOrderId);
    if (record) record.last = execution;
    try {
      await within(risk().onExecution(execution), { ms: riskTimeoutMs, what: "risk" });
      if (isFinal(execution.state)) unsettled.delete(execution.clientOrderId);
    } catch (error) {
      const { clientOrderId, state } = execution;
      log.warn("risk was not told about an order", { clientOrderId, state, reason: String(error) });
    }
  }

  async function askRisk(intent: OrderIntent): Promise<RiskApproved> {
    let decision: RiskDecision;
    try {
      decision = await within(risk().evaluate(intent), { ms: riskTimeoutMs, what: "risk" });
    } catch (cause) {
      const pending = () => [...unsettled.values()].map((record) => record.intent);
      if (await isStrictlyReducing(intent, account, pending).catch(() => false)) return approved(intent);
      const message = `risk did not decide on ${intent.clientOrderId}`;
      throw portError("RISK_UNAVAILABLE", message, { outcome: "not-sent", retryable: true, cause });
    }
    if (decision.verdict === "allow") return approved(intent);
    const code = denialCode(decision.reasons);
    const why = decision.reasons.map((reason) => `${reason.code}: ${reason.text}`).join("; ");
    throw portError(code, `risk denied ${intent.clientOrderId}: ${why}`, {
      outcome: "not-sent",
      retryable: UNDECIDED.some((undecided) => undecided === code),
    });
  }

  async function place(intent: OrderIntent): Promise<Order> {
    const { clientOrderId } = intent;
    const settle = (state: OrderState) => tellRisk({ clientOrderId, state, filledQuantity: "0" });
    // Taken now: later the caller's scope may be gone.
    const { signal } = scope();
    unsettled.set(clientOrderId, { intent, absences: 0 });
    let order: RiskApproved;
    try {
      order = await askRisk(intent);
      if (signal.aborted) {
        throw portError("CANCELLED", `${clientOrderId} was called off`, { outcome: "not-sent" });
      }
    } catch (error) {
      // A decision that came too late may have reserved something.
      await settle("rejected");
      throw error;
    }
    try {
      const placed = await venue.submit(order);
      await tellRisk(placed);
      return placed;
    } catch (cause) {
      const failure = isPortError(cause) ? cause : unexplained(clientOrderId, cause);
      const neverPlaced = failure.outcome === "not-sent" || failure.outcome === "rejected";
      await settle(neverPlaced ? "rejected" : "unknown");
      throw failure;
    }
  }

  function submit(intent: OrderIntent): Promise<Order> {
    const { clientOrderId } = intent;
    const text = JSON.stringify(intent, Object.keys(intent).toSorted());
    const known = answers.get(clientOrderId);
    if (known) {
      if (known.intent === text) return known.answer;
      const message = `${clientOrderId} was used for another order`;
      return Promise.reject(portError("DUPLICATE_ID_MISMATCH", message, { outcome: "rejected" }));
    }
    const answer = place(intent).catch((error: unknown) => {
      const mayComeAgain = isPortError(error) && (error.outcome === "not-sent" || error.retryable);
      if (mayComeAgain) answers.delete(clientOrderId);
      throw error;
    });
    answers.set(clientOrderId, { intent: text, answer });
    if (answers.size > REMEMBERED) {
      const oldest = answers.keys().find((id) => !unsettled.has(id));
      if (oldest !== undefined) answers.delete(oldest);
    }
    return answer;
  }

  async function settleAll(): Promise<void> {
    for (const record of unsettled.values()) {
      const { intent, last } = record;
      if (!last) continue;
      try {
        await tellRisk(isFinal(last.state) ? last : await venue.query(intent));
        record.absences = 0;
      } catch (error) {
        const isAbsent = isPortError(error) && error.code === "ORDER_NOT_FOUND" && last.state === "unknown";
        record.absences = isAbsent ? record.absences + 1 : 0;
        // One answer may be from before the order arrived.
        if (record.absences >= ABSENCES) await tellRisk({ ...last, state: "rejected" });
        const { clientOrderId } = intent;
        log.warn("the venue did not tell about an order", { clientOrderId, reason: String(error) });
      }
    }
  }
  let reconciling: Promise<void> | undefined;

  const telling = async (work: Promise<Order>): Promise<Order> => {
    const order = await work;
    await tellRisk(order);
    return order;
  };

  return {
    orderEntry: {
      submit,
      cancel: (ref) => telling(venue.cancel(ref)),
      query: (ref) => telling(venue.query(ref)),
    },

    reconcile() {
      reconciling ??= settleAll().finally(() => (reconciling = undefined));
      return reconciling;
    },
  };
}

/** The one place that turns an intent into what a venue takes. */
const approved = (intent: OrderIntent): RiskApproved => intent as RiskApproved;

function denialCode(reasons: readonly RiskReason[]): PortErrorCode {
  if (reasons.some(({ latches }) => latches === true)) return "RISK_BREACHED";
  return UNDECIDED.find((known) => reasons.some(({ code }) => code === known)) ?? "RISK_DENIED";
}

/** Whatever a connector did not explain may have happened after the order went out. */
const unexplained = (clientOrderId: string, cause: unknown) =>
  portError("BAD_RESPONSE", `nobody knows whether ${clientOrderId} was placed`, {
    outcome: "unknown",
    cause,
  });
