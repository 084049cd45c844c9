import {
  count,
  either,
  exactly,
  type Guard,
  instant,
  listOf,
  oneOf,
  optional,
  text,
  textThat,
} from "../bundle/shape.ts";
import { isDigest, isInstanceName, isPluginName, type Digest, type InstanceName } from "../domain/ids.ts";
import type { AcceptedEvidence } from "../domain/plan.ts";
import type { Role } from "../domain/trust.ts";

/** Who agreed to a plan, and the proof of it. */
export interface RecordedApproval {
  /** Name of the key in the trust policy, and what the holder signed as. */
  readonly key: string;
  readonly role: Role;
  readonly approver: string;
  /** UTC, ISO 8601, as the approver said. */
  readonly at: string;
  /** The whole envelope: it can be verified again when the plan is long gone. */
  readonly envelope: string;
}

/** What becomes of a plugin, and what its code was built from. */
export interface RecordedChange {
  readonly plugin: InstanceName;
  readonly from: string | null;
  readonly to: string | null;
  /** Of the bundle that runs afterwards. */
  readonly content: Digest | null;
  /** SHA-256 over all source files that went into it. */
  readonly inputs: Digest | null;
}

interface Happening {
  readonly action: "apply" | "rollback";
  /** The generation that was active before the action, and the one it leads to; null for none. */
  readonly from: Digest | null;
  readonly to: Digest | null;
  /** Who asked for it. */
  readonly actor: string;
  /** UTC, ISO 8601. */
  readonly at: string;
}

/** An action begins. What is optional is missing where a rollback, or version 0.1.0, has begun it. */
export interface Started extends Happening {
  readonly event: "started";
  readonly deployment?: string;
  /** SHA-256 of the canonical form of the plan. */
  readonly plan?: Digest;
  readonly author?: string;
  readonly approvals?: readonly RecordedApproval[];
  /** Why the plan's window was disregarded. */
  readonly emergency?: string;
  /** Evidence that was asked for and done without. */
  readonly accepted?: readonly AcceptedEvidence[];
  readonly changes?: readonly RecordedChange[];
  /** The states that it goes through: the last wave done in each, and its generation. */
  readonly stages?: readonly { readonly wave: number; readonly digest: Digest }[];
}

/** It has come to a state on its way. */
interface Switched extends Happening {
  readonly event: "switched";
  readonly current: Digest | null;
}

/** Something kept it from going on. */
interface Failed extends Happening {
  readonly event: "failed";
  readonly reason: string;
}

/**
 * It has ended: where it led, where it began, or on the way. `interrupted` is written by the next action, for one
 * whose process died; `current` is missing in lines of version 0.1.0, where it was `from`.
 */
interface Ended extends Happening {
  readonly event: "finished" | "rolled-back" | "paused" | "interrupted";
  readonly current?: Digest | null;
}

/** What happened to a root. */
export type JournalRecord = Started | Switched | Failed | Ended;

const digest = textThat(isDigest);
const nothing: Guard<null> = (value): value is null => value === null;
const digestOrNothing = either(digest, nothing);
const textOrNothing = either(text, nothing);

const happening = {
  action: oneOf("apply", "rollback"),
  from: digestOrNothing,
  to: digestOrNothing,
  actor: text,
  at: instant,
};

const isStarted = exactly<Started>({
  ...happening,
  event: oneOf("started"),
  deployment: optional(text),
  plan: optional(digest),
  author: optional(text),
  emergency: optional(text),
  accepted: optional(
    listOf(
      exactly<AcceptedEvidence>({
        plugin: textThat(isPluginName),
        type: oneOf("conformance", "backtest", "shadow"),
        reason: text,
      }),
    ),
  ),
  approvals: optional(
    listOf(
      exactly<RecordedApproval>({
        key: text,
        role: oneOf("builder", "release", "risk"),
        approver: text,
        at: instant,
        envelope: text,
      }),
    ),
  ),
  changes: optional(
    listOf(
      exactly<RecordedChange>({
        plugin: textThat(isInstanceName),
        from: textOrNothing,
        to: textOrNothing,
        content: digestOrNothing,
        inputs: digestOrNothing,
      }),
    ),
  ),
  stages: optional(listOf(exactly<{ wave: number; digest: Digest }>({ wave: count, digest }))),
});

const isSwitched = exactly<Switched>({ ...happening, event: oneOf("switched"), current: digestOrNothing });
const isFailed = exactly<Failed>({ ...happening, event: oneOf("failed"), reason: text });
const isEnded = exactly<Ended>({
  ...happening,
  event: oneOf("finished", "rolled-back", "paused", "interrupted"),
  current: optional(digestOrNothing),
});

/** Tells whether a line of the journal, its chain checked, holds a record that this version can read. */
export const isJournalRecord: Guard<JournalRecord> = either(
  either(isStarted, isSwitched),
  either(isFailed, isEnded),
);
