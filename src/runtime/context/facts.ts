import type { CallLimits } from "../../plugin/define.ts";
import { portError } from "../../plugin/errors.ts";
import { parseTraceparent, type Trace } from "./traceparent.ts";

/** What stays the same for a call through any number of plugins. */
export interface CallFacts {
  readonly trace: Trace | undefined;
  /** 0 to 100; lower is served first. */
  readonly priority: number;
  /** For whom. Told, and not proved: it decides nothing. */
  readonly actor: string;
  /** What belongs together beyond one trace, an order's id for example. */
  readonly correlation: string;
}

export const NO_FACTS: CallFacts = { trace: undefined, priority: 50, actor: "", correlation: "" };

/** Characters that the actor and the correlation have together, of Latin-1: as many as the wire form has room for. */
export const MAX_TEXT = 24;

/**
 * The facts of a call within another one.
 *
 * @throws {PortError} `CONTRACT_VIOLATION` for what the wire form cannot carry.
 */
export function factsWithin(outer: CallFacts, limits: CallLimits): CallFacts {
  const { traceparent, priority, actor, correlation } = limits;
  if ((traceparent ?? priority ?? actor ?? correlation) === undefined) return outer;
  const facts: CallFacts = {
    trace: traceparent === undefined ? outer.trace : parseTraceparent(traceparent),
    priority: priority ?? outer.priority,
    actor: actor ?? outer.actor,
    correlation: correlation ?? outer.correlation,
  };
  const text = facts.actor + facts.correlation;
  if (text.length <= MAX_TEXT && isLatin1(text) && isPriority(facts.priority)) return facts;
  throw portError(
    "CONTRACT_VIOLATION",
    isPriority(facts.priority)
      ? `actor and correlation have ${MAX_TEXT} characters of Latin-1 together, and these are \`${facts.actor}\` and \`${facts.correlation}\``
      : `a priority is a whole number from 0 to 100, and this is ${facts.priority}`,
    { outcome: "not-sent" },
  );
}

const isPriority = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 100;

const isLatin1 = (text: string): boolean => /^[\u0020-\u007e\u00a0-\u00ff]*$/.test(text);
