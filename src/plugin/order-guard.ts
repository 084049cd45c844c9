import type { Log } from "./define.ts";
import { isPortError, portError } from "./errors.ts";
import {
  isFinal,
  type Account,
  type Execution,
  type Order,
  type OrderEntry,
  type OrderIntent,
  type OrderState,
} from "./ports/orders.ts";
import type { RiskDecision, RiskPretrade } from "./ports/risk.ts";
import { isStrictlyReducing } from "./reducing.ts";
import { within } from "./within.ts";

export interface GuardOptions {
  /** Looked up for each order: risk is bound later than order entry, and may be replaced. */
  readonly risk: () => RiskPretrade;
  /** Longest wait for risk, in milliseconds. */
  readonly riskTimeoutMs: number;
  /** The same venue's account: proves that an order is reducing while risk is silent. */
  readonly account: Pick<Account, "openOrders" | "positions">;
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

/**
 * Puts risk in front of a venue's order entry. Nothing is sent without risk's consent, nothing is sent twice, and
 * risk hears how every order ended. Cancels and queries pass. While risk is silent only reducing orders pass.
 */
export function guardOrders(venue: OrderEntry, options: GuardOptions): GuardedOrders {
  const { risk, riskTimeoutMs, account, log } = options;
  const answers = new Map<string, { readonly intent: string; readonly answer: Promise<Order> }>();
  /** Orders whose end risk has not heard of. Without `last` the submit is still under way. */
  const unsettled = new Map<string, { readonly intent: OrderIntent; last?: Execution }>();

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

  async function askRisk(intent: OrderIntent): Promise<void> {
    let decision: RiskDecision;
    try {
      decision = await within(risk().evaluate(intent), { ms: riskTimeoutMs, what: "risk" });
    } catch (cause) {
      const pending = () => [...unsettled.values()].map((record) => record.intent);
      if (await isStrictlyReducing(intent, account, pending).catch(() => false)) return;
      const message = `risk did not decide on ${intent.clientOrderId}`;
      throw portError("RISK_UNAVAILABLE", message, { outcome: "not-sent", retryable: true, cause });
    }
    if (decision.verdict === "allow") return;
    const code = UNDECIDED.find((known) => decision.reasons.some((reason) => reason.code === known));
    const why = decision.reasons.map((reason) => `${reason.code}: ${reason.text}`).join("; ");
    throw portError(code ?? "RISK_DENIED", `risk denied ${intent.clientOrderId}: ${why}`, {
      outcome: "not-sent",
      retryable: code !== undefined,
    });
  }

  async function place(intent: OrderIntent): Promise<Order> {
    const { clientOrderId } = intent;
    const settle = (state: OrderState) => tellRisk({ clientOrderId, state, filledQuantity: "0" });
    unsettled.set(clientOrderId, { intent });
    try {
      await askRisk(intent);
    } catch (error) {
      // A decision that came too late may have reserved something.
      await settle("rejected");
      throw error;
    }
    try {
      const order = await venue.submit(intent);
      await tellRisk(order);
      return order;
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
    for (const { intent, last } of unsettled.values()) {
      if (!last) continue;
      try {
        await tellRisk(isFinal(last.state) ? last : await venue.query(intent));
      } catch (error) {
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

/** Whatever a connector did not explain may have happened after the order went out. */
const unexplained = (clientOrderId: string, cause: unknown) =>
  portError("BAD_RESPONSE", `nobody knows whether ${clientOrderId} was placed`, {
    outcome: "unknown",
    cause,
  });
