import type { OrderIntent } from "../plugin/ports/order-entry.ts";
import type { RiskFacts, RiskRules, RuleResult } from "../plugin/ports/risk-rules.ts";
import type { PortGuard } from "../runtime/ports.ts";

/** An order that two sets of rules judge differently. */
export interface Disagreement {
  readonly intent: OrderIntent;
  /** Codes of what speaks against it, sorted; empty for an order that passes. */
  readonly primary: readonly string[];
  readonly candidate: readonly string[];
}

export interface ShadowReport {
  readonly judged: number;
  readonly disagreements: readonly Disagreement[];
}

/** Keeps the latest facts that rules were asked about: what a candidate is tried on. Nothing is changed by it. */
export class FactRecorder {
  readonly #capacity: number;
  #facts: RiskFacts[] = [];

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** For the runtime's option `gate`. */
  readonly guard: PortGuard = (offered, { port }) => {
    if (port !== "risk-rules") return offered;
    const rules = offered as RiskRules;
    const recorded: RiskRules = {
      evaluate: (facts) => {
        this.#facts.push(facts);
        if (this.#facts.length >= 2 * this.#capacity) this.#facts = this.#facts.slice(-this.#capacity);
        return rules.evaluate(facts);
      },
    };
    return recorded;
  };

  facts(): readonly RiskFacts[] {
    return this.#facts.slice(-this.#capacity);
  }
}

/**
 * Judges recorded facts by rules that run and by others that may come after them. Rules know nothing but the facts,
 * so trying them has no effect on anything. A rule that fails to answer counts as speaking against the order.
 */
export async function shadow(
  facts: readonly RiskFacts[],
  primary: RiskRules,
  candidate: RiskRules,
): Promise<ShadowReport> {
  const disagreements: Disagreement[] = [];
  for (const each of facts) {
    const [said, wouldSay] = await Promise.all([codesOf(primary, each), codesOf(candidate, each)]);
    if (said.join() !== wouldSay.join()) {
      disagreements.push({ intent: each.intent, primary: said, candidate: wouldSay });
    }
  }
  return { judged: facts.length, disagreements };
}

async function codesOf(rules: RiskRules, facts: RiskFacts): Promise<readonly string[]> {
  let results: readonly RuleResult[];
  try {
    results = await rules.evaluate(facts);
  } catch {
    return ["RISK_UNAVAILABLE"];
  }
  return results.flatMap(({ verdict, code }) => (verdict === "pass" ? [] : [code])).toSorted();
}
