import { TradsysError, messageOf } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Plan } from "../domain/plan.ts";
import { learn, type Place } from "./locked.ts";
import { named } from "./ready.ts";
import type { Arrival } from "./walk.ts";

/** What is written about an action on its way and at its end. */
export type Ending =
  | { readonly event: "switched"; readonly current: Digest | null }
  | { readonly event: "finished" | "paused" | "rolled-back"; readonly current: Digest | null }
  | { readonly event: "failed"; readonly reason: string };

interface Settling extends Pick<Place, "files" | "root" | "now"> {
  readonly plan: Plan;
  /** Number of waves. */
  readonly of: number;
  readonly write: (record: Ending) => Promise<void>;
}

/** What is active at the end, and how far that is if it is not all of the way. */
interface Settled {
  readonly to: Digest;
  readonly paused?: { readonly wave: number; readonly of: number };
}

/** Writes down how an application ended. @throws {TradsysError} unless it came as far as it was asked to. */
export async function settle(arrival: Arrival, settling: Settling): Promise<Settled> {
  const { plan, of, write } = settling;
  switch (arrival.kind) {
    case "there":
      // Not earlier: a root must not learn from what did not prove itself in it.
      await learn(plan.generation, settling);
      await write({ event: "finished", current: plan.next });
      return { to: plan.next };
    case "paused": {
      const { at, why } = arrival;
      const paused = { wave: at.wave, of };
      if (why) await write({ event: "failed", reason: why.message });
      await write({ event: "paused", current: at.digest });
      if (why) throw stoppedAt(paused, why);
      return { to: at.digest, paused };
    }
    case "taken-back": {
      const { to, why } = arrival;
      await write({ event: "failed", reason: messageOf(why) });
      await write(
        to === null ? { event: "rolled-back", current: plan.base } : { event: "paused", current: to.digest },
      );
      throw gateFailure(arrival, plan.base, of);
    }
    default:
      return arrival satisfies never;
  }
}

function stoppedAt({ wave, of }: { wave: number; of: number }, why: TradsysError): TradsysError {
  return new TradsysError(why.code, `${why.message}: it stopped after wave ${wave} of ${of}`, {
    cause: why,
    hint: "Apply the same plan again to go on, or take it back with `tradsys rollback`.",
  });
}

function gateFailure(
  { from, to, why }: Extract<Arrival, { kind: "taken-back" }>,
  base: Digest | null,
  of: number,
): TradsysError {
  const where =
    to === null
      ? `everything was taken back, and ${base === null ? "nothing" : named(base)} is active`
      : `it was taken back to after wave ${to.wave}: a step of that wave cannot be undone`;
  const message = `wave ${from.wave} of ${of} did not pass: ${messageOf(why)}; ${where}`;
  const own = { code: "GATE_FAILED", severity: "error", message } as const;
  const causes = why instanceof TradsysError ? why.diagnostics : [];
  return new TradsysError("GATE_FAILED", message, { cause: why, diagnostics: [own, ...causes] });
}
