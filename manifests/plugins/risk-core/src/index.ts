import {
  definePlugin,
  isFinal,
  isStrictlyReducing,
  within,
  type Execution,
  type OrderIntent,
  type RiskDecision,
} from "tradsys/plugin";

import { decide, type Checks } from "./decide.ts";
import { Quotes } from "./quotes.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config {
  readonly maxQuoteAgeMs: number;
  readonly checkTimeoutMs: number;
}

export default definePlugin<Config>({
  activate({ config, log, now, ports }) {
    const quotes = new Quotes(log);
    /** Orders that were allowed, or are being decided on, and have not ended. */
    const pending = new Map<string, OrderIntent>();

    const checks: Checks = {
      rules: () => ports.one("risk-rules"),
      limits: () => ports.all("risk-limit"),
      referencePrice: (instrument) => quotes.middle(instrument, now() - config.maxQuoteAgeMs * 1000),
      async isReducing(intent) {
        const proofs = ports
          .all("account")
          .map(({ port }) => isStrictlyReducing(intent, port, () => pending.values()));
        // One account that proves it is enough, whatever became of the others.
        const settled = await Promise.allSettled(proofs);
        if (settled.some((proof) => proof.status === "fulfilled" && proof.value)) return true;
        const failure = settled.find((proof) => proof.status === "rejected");
        if (failure) throw failure.reason;
        return false;
      },
      timely: (work, what) => within(work, { ms: config.checkTimeoutMs, what, code: "RISK_UNAVAILABLE" }),
    };

    async function evaluate(intent: OrderIntent): Promise<RiskDecision> {
      pending.set(intent.clientOrderId, intent);
      const decision = await decide(intent, checks);
      if (decision.verdict === "allow") return decision;
      // What could not be given back now is given back when the order's end is reported.
      await settle(intent.clientOrderId).catch((error: unknown) => {
        log.warn("a limit was not released", { ...intent, reason: String(error) });
      });
      return decision;
    }

    async function onExecution({ clientOrderId, filledQuantity, state }: Execution): Promise<void> {
      for (const { port, provider } of checks.limits()) {
        await checks.timely(port.commit(clientOrderId, filledQuantity), provider);
      }
      if (isFinal(state)) await settle(clientOrderId);
    }

    async function settle(clientOrderId: string): Promise<void> {
      pending.delete(clientOrderId);
      for (const { port, provider } of checks.limits()) {
        await checks.timely(port.release(clientOrderId), provider);
      }
    }

    const inTurn = oneAtATime();
    return {
      pretrade: {
        provides: {
          "risk-pretrade": {
            evaluate: (intent) => inTurn(() => evaluate(intent)),
            onExecution: (execution) => inTurn(() => onExecution(execution)),
          },
        },
        async start() {
          await Promise.all(ports.all("market-data").map((provider) => quotes.follow(provider)));
        },
        stop: () => quotes.stop(),
      },
    };
  },
});

/** Runs tasks one after the other, so that no two decisions see the same room in a limit. */
function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => undefined);
    return run;
  };
}
