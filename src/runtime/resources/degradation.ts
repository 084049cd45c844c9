import { byText } from "../../domain/by-text.ts";
import type { FacetId } from "../../domain/ids.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Mode } from "../../plugin/define.ts";
import type { Level, Pressure } from "./pressure.ts";

/** The least first. */
const MODES: readonly Mode[] = ["full", "reduced", "read-only", "off"];

/** What each level of pressure asks for. */
interface Measures {
  /** The deepest mode that facets are put in. */
  readonly mode: Mode;
  /** Facets that are put in another mode at each sample, at most. */
  readonly steps: number;
  /** Caches and spare workers are given up. */
  readonly trims: boolean;
  /** What is idle is unloaded. */
  readonly unloads: boolean;
}

export const MEASURES: Readonly<Record<Level, Measures>> = {
  normal: { mode: "full", steps: 0, trims: false, unloads: false },
  elevated: { mode: "reduced", steps: 2, trims: true, unloads: false },
  high: { mode: "read-only", steps: 5, trims: true, unloads: true },
  critical: { mode: "off", steps: 10, trims: true, unloads: true },
};

/** A facet that can do with less. */
export interface Degradable extends Pick<Manifest, "criticality" | "priority"> {
  readonly facet: FacetId;
  /** Whether it must be left as it is: it has open orders, or others depend on it. */
  readonly isPinned: boolean;
}

/** A facet that goes from one mode to another. */
export interface Step {
  readonly facet: FacetId;
  readonly from: Mode;
  readonly to: Mode;
}

const RELEVANCE: readonly Manifest["criticality"][] = ["optional", "important", "critical"];

/** Those that matter least first; among equals the one with the higher priority number, then by name. */
const byRelevance = (a: Degradable, b: Degradable): number =>
  RELEVANCE.indexOf(a.criticality) - RELEVANCE.indexOf(b.criticality) ||
  b.priority - a.priority ||
  byText(a.facet, b.facet);

/**
 * What to change after a sample.
 *
 * While the pressure is there, all facets are put in the next mode before any goes deeper, those that matter least
 * first, and no pinned one. Once a level has ended, its steps are taken back one at each sample, the last first.
 *
 * @param entered The steps that hold now, in the order in which they were taken.
 * @returns Steps to take now, in their order. One that takes an earlier one back undoes the last of `entered`.
 */
export function nextSteps(
  entered: readonly Step[],
  facets: readonly Degradable[],
  { level, calm }: Pressure,
): readonly Step[] {
  const { mode, steps } = MEASURES[level];
  const last = entered.at(-1);
  if (last && isDeeper(last.to, mode)) return [{ facet: last.facet, from: last.to, to: last.from }];
  if (calm > 0) return [];
  const modes = new Map(entered.map(({ facet, to }) => [facet, to]));
  const inOrder = facets.filter(({ isPinned }) => !isPinned).toSorted(byRelevance);
  return MODES.slice(1, MODES.indexOf(mode) + 1)
    .flatMap((to) =>
      inOrder.flatMap(({ facet }) => {
        const from = modes.get(facet) ?? "full";
        if (!isDeeper(to, from)) return [];
        modes.set(facet, to);
        return [{ facet, from, to }];
      }),
    )
    .slice(0, steps);
}

/** The steps that hold after one more. */
export function afterStep(entered: readonly Step[], step: Step): readonly Step[] {
  return isDeeper(step.to, step.from) ? [...entered, step] : entered.slice(0, -1);
}

const isDeeper = (a: Mode, b: Mode): boolean => MODES.indexOf(a) > MODES.indexOf(b);
