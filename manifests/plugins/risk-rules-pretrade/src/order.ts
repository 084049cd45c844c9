import { decimal, type RiskFacts } from "tradsys/plugin";

/** An order with its amounts in units of 10^-18, each worked out at most once and only where a rule asks for it. */
export class JudgedOrder {
  readonly facts: RiskFacts;
  readonly buys: boolean;
  #quantity: bigint | undefined;
  #reference: bigint | undefined;
  #price: bigint | undefined;
  #value: bigint | undefined;

  constructor(facts: RiskFacts) {
    this.facts = facts;
    this.buys = facts.intent.side === "buy";
  }

  get quantity(): bigint {
    return (this.#quantity ??= decimal.toScaled(this.facts.intent.quantity));
  }

  get reference(): bigint {
    return (this.#reference ??= decimal.toScaled(this.facts.referencePrice));
  }

  /** A market order is taken to trade at the reference price. */
  get price(): bigint {
    const { intent } = this.facts;
    return (this.#price ??= intent.type === "limit" ? decimal.toScaled(intent.price) : this.reference);
  }

  /** In the quote asset, rounded against the sender. */
  get value(): bigint {
    return (this.#value ??= decimal.timesScaled(this.price, this.quantity, "ceil"));
  }

  /** What the order adds to something that counts purchases up and sales down. */
  signed(amount: bigint): bigint {
    return this.buys ? amount : -amount;
  }

  /** Whether a limit price reaches this price on the other side; a market order reaches any. */
  reaches(price: bigint): boolean {
    if (this.facts.intent.type === "market") return true;
    return this.buys ? this.price >= price : this.price <= price;
  }
}

/** Facts that came with a later version of the port, or that the risk manager does not know: no rule guesses them. */
export function known<T>(fact: T | null | undefined, name: string): T {
  if (fact === null || fact === undefined) throw new TypeError(`${name} is not known`);
  return fact;
}
