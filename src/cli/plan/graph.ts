import type { FacetId } from "../../domain/ids.ts";
import { instanceOf } from "../../domain/ids.ts";
import type { Change, Plan } from "../../domain/plan.ts";

/** The facets of the next generation as a graph, for tools that draw. */
export interface DrawnFacet {
  readonly id: FacetId;
  /** `n0`, `n1`, …: names that every tool takes. */
  readonly name: string;
  /** Wave of the start, counted from 1. */
  readonly wave: number;
  readonly action: Change["action"];
  readonly after: readonly string[];
}

export function facetsOf({ generation, start, changes }: Plan): DrawnFacet[] {
  const names = new Map(generation.facets.map(({ id }, i) => [id, `n${i}`]));
  const waves = new Map(start.waves.flatMap((wave, i) => wave.map((id) => [id, i + 1] as const)));
  const actions = new Map(changes.map(({ plugin, action }) => [plugin, action]));
  return generation.facets.map(({ id, after }) => ({
    id,
    name: names.get(id) ?? "",
    wave: waves.get(id) ?? 0,
    action: actions.get(instanceOf(id)) ?? "unchanged",
    after: after.flatMap((needed) => names.get(needed) ?? []),
  }));
}

/** The facet graph by waves, as a Mermaid flowchart. */
export function mermaid(plan: Plan): string {
  const facets = facetsOf(plan);
  const waves = Map.groupBy(facets, ({ wave }) => wave);
  return [
    "flowchart LR",
    ...[...waves].flatMap(([wave, members]) => [
      `  subgraph w${wave}["wave ${wave}"]`,
      ...members.map(({ name, id, action }) => `    ${name}["${id}"]:::${action}`),
      "  end",
    ]),
    ...facets.flatMap(({ name, after }) => after.map((needed) => `  ${needed} --> ${name}`)),
    "  classDef add stroke:#1a7f37,stroke-width:2px",
    ...["upgrade", "downgrade", "rebuild", "reconfigure", "rebind"].map(
      (action) => `  classDef ${action} stroke:#9a6700,stroke-width:2px`,
    ),
    "  classDef unchanged stroke:#6e7781",
    "",
  ].join("\n");
}

/** The facet graph by waves, for Graphviz. */
export function dot(plan: Plan): string {
  const facets = facetsOf(plan);
  const waves = Map.groupBy(facets, ({ wave }) => wave);
  return [
    "digraph plan {",
    "  rankdir=LR;",
    '  node [shape=box, fontname="sans-serif"];',
    ...[...waves].flatMap(([wave, members]) => [
      `  subgraph wave${wave} {`,
      "    rank=same;",
      ...members.map(({ name, id, action }) => `    ${name} [label="${id}", color="${COLOURS[action]}"];`),
      "  }",
    ]),
    ...facets.flatMap(({ name, after }) => after.map((needed) => `  ${needed} -> ${name};`)),
    "}",
    "",
  ].join("\n");
}

const COLOURS: Readonly<Record<Change["action"], string>> = {
  add: "#1a7f37",
  remove: "#cf222e",
  upgrade: "#9a6700",
  downgrade: "#8250df",
  rebuild: "#9a6700",
  reconfigure: "#9a6700",
  rebind: "#9a6700",
  unchanged: "#6e7781",
};
