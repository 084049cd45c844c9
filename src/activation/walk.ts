import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Generation, Plan, PlanPolicy } from "../domain/plan.ts";
import { generationFolder, rootPaths } from "../store/generations.ts";
import { closedWindow } from "./authority.ts";
import type { Place } from "./locked.ts";
import type { Stage } from "./stages.ts";

/** A state that has just become active. */
export interface Reached {
  readonly digest: Digest;
  readonly generation: Generation;
  /** The last wave that is done, and the number of waves. */
  readonly wave: number;
  readonly of: number;
}

/** Judges a state that has just become active: whatever it throws takes the plan back. */
export type Gate = (reached: Reached) => Promise<void>;

/** What carrying out a plan may use. */
export interface Guide extends Pick<Place, "files" | "root" | "now"> {
  readonly gate?: Gate;
  /** Aborted when it is to stop at the next state. */
  readonly signal?: AbortSignal;
}

/** A plan whose every state is verified and lies on the disk. */
export interface Journey {
  readonly plan: Plan;
  /** What must hold all the way. */
  readonly policy: PlanPolicy;
  /** Where the root can stand on the way; the last is the plan's generation. */
  readonly stages: readonly Stage[];
  /** The last wave that was done before; 0 for none. */
  readonly done: number;
  /** The last wave to do. */
  readonly until: number;
  /** Writes down that a state was reached. */
  readonly reached: (stage: Stage) => Promise<void>;
}

/** How a journey ended. */
export type Arrival =
  | { readonly kind: "there" }
  /** On the way: as asked for, or since it must not go on now. */
  | { readonly kind: "paused"; readonly at: Stage; readonly why?: TradsysError }
  /** Where it began; or as near to it as was possible, where a step on the way cannot be undone. */
  | { readonly kind: "taken-back"; readonly to: Stage | null; readonly from: Stage; readonly why: unknown };

/** Goes from state to state as far as wanted. Each must pass the gate before the next is begun. */
export async function travel(journey: Journey, guide: Guide): Promise<Arrival> {
  const { stages, done, until } = journey;
  let at = stages.find(({ wave }) => wave === done);
  // What was reached before a crash was perhaps never judged.
  const way = [...(at ? [at] : []), ...stages.filter(({ wave }) => wave > done && wave <= until)];
  for (const stage of way) {
    if (stage !== at) {
      const why = at && reasonToStop(journey, guide);
      if (at && why) return { kind: "paused", at, why };
      await switchLink(stage.digest, guide);
      at = stage;
      await journey.reached(stage);
    }
    try {
      await guide.gate?.({ ...stage, of: stages.at(-1)?.wave ?? stage.wave });
    } catch (why) {
      return { kind: "taken-back", from: stage, to: await takeBack(stage, journey, guide), why };
    }
  }
  return !at || at === stages.at(-1) ? { kind: "there" } : { kind: "paused", at };
}

/** Points `current` at a generation with one rename; removes it for null. */
export const switchLink = (
  to: Digest | null,
  { files, root }: Pick<Place, "files" | "root">,
): Promise<void> =>
  to === null
    ? files.remove(rootPaths(root).current)
    : files.switchLink(rootPaths(root).current, generationFolder(to));

function reasonToStop({ policy }: Journey, { now, signal }: Guide): TradsysError | undefined {
  return signal?.aborted === true
    ? new TradsysError("CALLED_OFF", "the application was called off")
    : closedWindow(policy, "go on", now());
}

/** Goes back state by state, in reverse, up to a step that cannot be undone. Null is where the plan starts from. */
async function takeBack(from: Stage, { plan, stages }: Journey, guide: Guide): Promise<Stage | null> {
  const before = stages.filter(({ wave }) => wave < from.wave).toReversed();
  let at: Stage | null = from;
  for (const target of [...before, null]) {
    const undone = plan.waves.slice(target?.wave ?? 0, at?.wave);
    const isOneWay = undone.some(({ groups }) =>
      groups.some(({ steps }) => steps.some(({ oneWay }) => oneWay)),
    );
    if (isOneWay) return at;
    await switchLink(target?.digest ?? plan.base, guide);
    at = target;
  }
  return at;
}
