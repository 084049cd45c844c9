import {
  definePlugin,
  isStrictlyReducing,
  isFinal,
  type Execution,
  type OrderIntent,
  type RiskDecision,
} from "tradsys/plugin";

import { Accounts } from "./accounts.ts";
import { Book } from "./book.ts";
import { ALLOW, decide, otherOrder, type Checks } from "./decide.ts";
import { Flow, venueOf } from "./flow.ts";
import { Holdings, type Groups } from "./holdings.ts";
import { Market } from "./market.ts";
import { Patience } from "./patience.ts";
import { Phases } from "./phases.ts";
import { Quotes } from "./quotes.ts";

/** Validated against the schema in `plugin.yaml`. */
interface Config {
  readonly maxQuoteAgeMs: number;
  readonly checkTimeoutMs: number;
  readonly accountRefreshMs: number;
  readonly maxAccountAgeMs: number;
  readonly correlated: Groups;
}

export default definePlugin<Config>({
  activate({ config, log, now, ports }) {
    const market = new Market();
    const holdings = new Holdings(config.correlated);
    const accounts = new Accounts({ market, holdings, log });
    const phases = new Phases();
    const book = new Book({ market, holdings, accounts, phases, flow: new Flow() });
    const quotes = new Quotes(log, (quote) => holdings.mark(quote.instrument, market.update(quote)));
    /** Decisions under way: an order's end is heard after the decision on it. */
    const deciding = new Map<string, Promise<RiskDecision>>();
    const patience = new Patience(config.checkTimeoutMs);
    // Taken once: each stands for its provider, whichever that is.
    const rules = once(() => ports.one("risk-rules"));
    const limits = once(() => ports.all("risk-limit"));
    let refreshing: NodeJS.Timeout | undefined;

    const factsNow = (intent: OrderIntent, nowUs: number) =>
      book.facts(intent, nowUs, {
        seenSinceUs: nowUs - config.maxQuoteAgeMs * 1000,
        statedSinceUs: nowUs - config.maxAccountAgeMs * 1000,
      });

    const checks: Checks = {
      rules,
      limits,
      take: (intent) => book.take(intent),
      facts(intent) {
        const nowUs = now();
        const venue = venueOf(intent.instrument);
        if (phases.isCurrent(venue, nowUs)) return factsNow(intent, nowUs);
        return phases.refresh(venue, nowUs).then(() => factsNow(intent, nowUs));
      },
      async isReducing(intent) {
        const proofs = ports
          .all("account")
          .map(({ port }) => isStrictlyReducing(intent, port, () => book.pending()));
        // One account that proves it is enough, whatever became of the others.
        const settled = await Promise.allSettled(proofs);
        if (settled.some((proof) => proof.status === "fulfilled" && proof.value)) return true;
        const failure = settled.find((proof) => proof.status === "rejected");
        if (failure) throw failure.reason;
        return false;
      },
      timely: (work, what) => patience.timely(work, what),
    };

    function evaluate(intent: OrderIntent): Promise<RiskDecision> {
      const { clientOrderId } = intent;
      const known = deciding.get(clientOrderId);
      if (known) return known;
      const decision = decideOnce(intent).finally(() => deciding.delete(clientOrderId));
      deciding.set(clientOrderId, decision);
      return decision;
    }

    async function decideOnce(intent: OrderIntent): Promise<RiskDecision> {
      const answered = book.answered(intent);
      if (answered !== "no") return answered === "same" ? ALLOW : otherOrder(intent);
      const decision = await decide(intent, checks);
      if (decision.verdict === "allow") {
        book.allow(intent, now());
        return decision;
      }
      // What could not be given back now is given back when the order's end is reported.
      await settle(intent.clientOrderId).catch((error: unknown) => {
        log.warn("a limit was not released", { ...intent, reason: String(error) });
      });
      return decision;
    }

    async function onExecution(execution: Execution): Promise<void> {
      const { clientOrderId, filledQuantity, averagePrice, state } = execution;
      await deciding.get(clientOrderId);
      book.apply(execution);
      for (const { port, provider } of limits()) {
        await checks.timely(port.commit(clientOrderId, filledQuantity, averagePrice), provider);
      }
      if (isFinal(state)) await settle(clientOrderId);
    }

    async function settle(clientOrderId: string): Promise<void> {
      book.drop(clientOrderId);
      for (const { port, provider } of limits()) {
        await checks.timely(port.release(clientOrderId), provider);
      }
    }

    const refresh = () => accounts.refresh(ports.all("account"), now);
    return {
      pretrade: {
        provides: { "risk-pretrade": { evaluate, onExecution } },
        async start() {
          await phases.open(ports.all("calendar"));
          await Promise.all(ports.all("market-data").map((provider) => quotes.follow(provider)));
          await refresh();
          refreshing = setInterval(() => void refresh(), config.accountRefreshMs);
        },
        stop() {
          clearInterval(refreshing);
          quotes.stop();
        },
      },
    };
  },
});

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
