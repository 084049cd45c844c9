import type { Diagnostic } from "../../domain/diagnostic.ts";
import { messageOf, TradsysError } from "../../domain/errors.ts";
import type { ConfigChange } from "../../plugin/define.ts";
import { within } from "../lifecycle/deadline.ts";

/** A plugin whose configuration is to change. */
export interface Participant {
  /** `<name>@<version>`. */
  readonly plugin: string;
  readonly changes: readonly ConfigChange[];
  /** Longest wait for one step, in ms. */
  readonly limitMs: number;
  /** Checks the change and readies for it. Throws to refuse it. */
  prepare(): Promise<void>;
  commit(): Promise<void>;
  /** Goes back to what was, from wherever it is. */
  undo(): Promise<void>;
  /** Gives up a plugin that cannot go back: nobody knows what it runs with. */
  abandon(reason: TradsysError): void;
}

/**
 * Changes the configuration of several plugins, or of none: all of them prepare before any of them commits, and what
 * one refuses or fails at is undone by all, the last first.
 *
 * @throws {TradsysError} `CONFIG_REFUSED`, with what was asked of each plugin and who would not.
 */
export async function changeTogether(participants: readonly Participant[]): Promise<void> {
  const touched: Participant[] = [];
  try {
    for (const step of ["prepare", "commit"] as const) {
      for (const participant of participants) {
        if (step === "prepare") touched.push(participant);
        await take(step, participant);
      }
    }
  } catch (error) {
    const stuck: TradsysError[] = [];
    for (const participant of touched.toReversed()) {
      await take("undo", participant).catch((reason: TradsysError) => {
        participant.abandon(reason);
        stuck.push(reason);
      });
    }
    throw refusal(participants, error as TradsysError, stuck);
  }
}

const STEPS = {
  prepare: "refused its new configuration",
  commit: "failed to change over to its new configuration",
  undo: "could not go back to its configuration, and nobody knows what it runs with",
} as const;

/** @throws {TradsysError} `CONFIG_REFUSED`, naming the plugin and what it said. */
async function take(step: keyof typeof STEPS, participant: Participant): Promise<void> {
  const { plugin, limitMs, changes } = participant;
  const failed = (why: string, cause?: unknown): TradsysError =>
    new TradsysError("CONFIG_REFUSED", `${plugin} ${STEPS[step]} (${told(changes)}): ${why}`, { cause });
  try {
    const outcome = await within(limitMs, participant[step]());
    if (outcome.kind === "done") return;
  } catch (cause) {
    throw failed(messageOf(cause), cause);
  }
  throw failed(`it did not answer within ${limitMs} ms`);
}

/** Who would not, and all that was asked of the others: a change is one, and so is its refusal. */
function refusal(
  participants: readonly Participant[],
  cause: TradsysError,
  stuck: readonly TradsysError[],
): TradsysError {
  const others = participants.filter(({ plugin }) => !cause.message.startsWith(`${plugin} `));
  const kept = others.map(({ plugin, changes }) => `${plugin} (${told(changes)})`).join(" and ");
  const also = kept === "" ? "nothing was changed" : `nothing was changed, in ${kept} neither`;
  const diagnostics: Diagnostic[] = [
    {
      code: "CONFIG_REFUSED",
      severity: "error",
      message: `${cause.message}; ${also}`,
      hint: "Correct one of the two, plan and apply the deployment, and reconfigure again.",
    },
    ...stuck.flatMap((each) => each.diagnostics),
  ];
  return new TradsysError("CONFIG_REFUSED", diagnostics[0]?.message ?? "", { diagnostics, cause });
}

const told = (changes: readonly ConfigChange[]): string =>
  changes.map(({ pointer, before, after }) => `${pointer}: ${text(before)} → ${text(after)}`).join(", ");

const text = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value));
