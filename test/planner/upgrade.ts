import * as fc from "fast-check";

import type { Candidate } from "../../src/domain/lock.ts";
import type { FacetRequirement, When } from "../../src/domain/manifest.ts";
import type { PlanInput } from "../../src/planner/plan.ts";
import { named, needs, needsPort, plugin } from "../resolver/registry.ts";
import { activated, planInput } from "./lock.ts";

/** What one plugin needs of another. A strict need accepts the other only as it is on its own side. */
interface SketchedNeed {
  readonly on: number;
  readonly by: "plugin" | "port";
  readonly when: When;
  readonly strictBefore: boolean;
  readonly strictAfter: boolean;
}

/** A plugin on the way from one deployment to another. */
export interface SketchedPlugin {
  readonly life: "stays" | "changes" | "comes" | "goes";
  readonly needs: readonly SketchedNeed[];
  /** Provides the port that {@link gathers} takes from all. */
  readonly shares: boolean;
  readonly gathers: boolean;
  readonly mayOverlap: boolean;
  /** Another plugin that it does not run beside, as that is on the other side. */
  readonly refuses: number | undefined;
}

export interface SketchOptions {
  readonly most: number;
  readonly lenient: boolean;
}

/** @param lenient Also what may be given up on the way: lazy needs, and versions side by side. */
export const sketches = ({ most, lenient }: SketchOptions): fc.Arbitrary<readonly SketchedPlugin[]> =>
  fc.integer({ min: 1, max: most }).chain((count) =>
    fc.tuple(
      ...Array.from(
        { length: count },
        (_, i) =>
          fc.record({
            life: fc.constantFrom("stays", "changes", "changes", "changes", "comes", "goes"),
            needs:
              i === 0
                ? fc.constant([])
                : fc.uniqueArray(
                    fc.record({
                      on: fc.nat(i - 1),
                      by: fc.constantFrom("plugin", "port"),
                      when: lenient
                        ? fc.constantFrom("load", "start", "enable")
                        : fc.constantFrom("load", "start"),
                      strictBefore: fc.boolean(),
                      strictAfter: fc.boolean(),
                    }),
                    { maxLength: 3, selector: ({ on }) => on },
                  ),
            shares: fc.boolean(),
            gathers: fc.nat(2).map((chance) => chance === 0),
            refuses: fc
              .option(fc.nat(count - 1), { freq: 3, nil: undefined })
              .map((other) => (other === i ? undefined : other)),
            mayOverlap: lenient ? fc.boolean() : fc.constant(false),
          }) as fc.Arbitrary<SketchedPlugin>,
      ),
    ),
  );

export const isIn = (side: "before" | "after", { life }: SketchedPlugin): boolean =>
  life !== (side === "before" ? "comes" : "goes");

/** The needs that a plugin has on a side: what stays keeps to what stays there, and to no version of it. */
export function needsOn(side: "before" | "after", sketch: readonly SketchedPlugin[], i: number) {
  const own = sketch[i];
  if (!own || !isIn(side, own)) return [];
  return own.needs.flatMap(({ on, by, when, strictBefore, strictAfter }) => {
    const other = sketch[on];
    if (!other || !isIn(side, other)) return [];
    if (own.life === "stays" && (other.life === "comes" || other.life === "goes")) return [];
    const isStrict = own.life !== "stays" && (side === "before" ? strictBefore : strictAfter);
    return [{ on, by, when, isStrict }];
  });
}

/** Whose shared port a plugin gathers on a side. It gathers on both or not at all, since what stays has one manifest. */
export function gathered(side: "before" | "after", sketch: readonly SketchedPlugin[], i: number): number[] {
  const own = sketch[i];
  if (!own?.gathers || !isIn(side, own)) return [];
  const on = (each: "before" | "after"): number[] =>
    sketch.flatMap((other, j) => (j < i && other.shares && isIn(each, other) ? [j] : []));
  const isEmpty = (["before", "after"] as const).some((each) => isIn(each, own) && on(each).length === 0);
  return isEmpty ? [] : on(side);
}

/** Whom a plugin refuses on a side: one that is not there in that form on this side. */
export function refusedOn(
  side: "before" | "after",
  sketch: readonly SketchedPlugin[],
  i: number,
): number | undefined {
  const own = sketch[i];
  const other = own?.refuses === undefined ? undefined : sketch[own.refuses];
  if (!own || !other || own.life === "stays" || !isIn(side, own)) return undefined;
  const isElsewhere = other.life === "changes" || !isIn(side, other);
  return isElsewhere ? own.refuses : undefined;
}

const versionOn = (side: "before" | "after", { life }: SketchedPlugin): string =>
  side === "after" && life === "changes" ? "2.0.0" : "1.0.0";

function candidatesOn(side: "before" | "after", sketch: readonly SketchedPlugin[]): Candidate[] {
  return sketch.flatMap((own, i) => {
    if (!isIn(side, own)) return [];
    const requires = needsOn(side, sketch, i).map(({ on, by, when, isStrict }): FacetRequirement => {
      const version = versionOn(side, sketch[on] as SketchedPlugin);
      const range = isStrict ? `^${version}` : ">=1";
      return by === "plugin" ? needs(`p${on}`, range, { when }) : needsPort(`port-${on}`, range, { when });
    });
    const version = versionOn(side, own);
    const refused = refusedOn(side, sketch, i);
    const shared = own.shares ? sketch.keys().filter((other) => other > i && sketch[other]?.gathers) : [];
    return [
      plugin(
        `p${i} ${version}`,
        {
          provides: Object.fromEntries(
            [`port-${i}`, ...shared.map((other) => `shared-${other}`)].map((port) => [port, version]),
          ),
          requires:
            gathered(side, sketch, i).length > 0
              ? [...requires, needsPort(`shared-${i}`, ">=1", { cardinality: "many" })]
              : requires,
        },
        {
          multiVersion: own.mayOverlap,
          conflicts:
            refused === undefined
              ? []
              : [
                  {
                    plugin: named(`p${refused}`),
                    range: sketch[refused]?.life === "changes" ? OTHER[side] : "*",
                  },
                ],
        },
      ),
    ];
  });
}

/** The versions that plugins which change have on the other side. */
const OTHER = { before: "^2", after: "^1" } as const;

const all = (candidates: readonly Candidate[] = []) =>
  planInput(
    candidates,
    Object.fromEntries(candidates.map(({ manifest: { name } }) => [name.replace("@tradsys/", ""), "*"])),
  );

/** What a planner is given for a sketch: the first set is active, the second is to be. */
export function upgradeInput(sketch: readonly SketchedPlugin[]): PlanInput {
  const [before, after] = (["before", "after"] as const).map((side) => candidatesOn(side, sketch));
  return { ...all(after), base: activated(all(before)) };
}
