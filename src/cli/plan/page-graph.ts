import { graphlib, layout } from "@dagrejs/dagre";

import type { Plan } from "../../domain/plan.ts";
import { escaped } from "../escape.ts";
import { facetsOf, type DrawnFacet } from "./graph.ts";

const ROW = 26;
const BOX = 20;
const GAP = 64;
const MARGIN = 28;
/** Width of a character of the graph's font, in px; a box that is a little too wide does no harm. */
const CHARACTER = 6.7;

/** Facets beyond which the lines show only around a facet that is looked at: hundreds of them tell nothing. */
const CROWDED = 150;

/** The facet graph as a drawing: one column for each wave, lines from what is needed to what needs it. */
export function graphSection(plan: Plan): string {
  const facets = facetsOf(plan);
  const byName = new Map(facets.map((facet) => [facet.name, facet]));
  const lines = withoutImplied(facets);
  const { boxes, width, height } = placed(facets, lines);
  const waves = [...new Set(facets.map(({ wave }) => wave))];
  const titles = waves.map((wave) => {
    const first = facets.find((facet) => facet.wave === wave);
    return `<text class="wave" x="${boxes.get(first?.name ?? "")?.x ?? 0}" y="16">wave ${wave}</text>`;
  });
  const paths = lines.flatMap(({ from, to }) => {
    const [a, b] = [boxes.get(from), boxes.get(to)];
    if (!a || !b) return [];
    const [x1, y1, x2, y2] = [a.x + a.width, a.y + BOX / 2, b.x, b.y + BOX / 2];
    const bend = Math.max(24, (x2 - x1) / 2);
    return `<path data-from="${from}" data-to="${to}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`;
  });
  const users = Map.groupBy(
    facets.flatMap(({ name, after }) => after.map((needed) => ({ needed, name }))),
    ({ needed }) => needed,
  );
  // The order in the document is that on the page: column by column, from top to bottom.
  const nodes = [...boxes].flatMap(([name, box], i) => {
    const facet = byName.get(name);
    if (!facet) return [];
    const needs = facet.after.join(" ");
    const usedBy = (users.get(facet.name) ?? []).map((user) => user.name).join(" ");
    const label = `${facet.id}, wave ${facet.wave}, ${facet.action}`;
    return `<g class="facet ${facet.action}" id="${facet.name}" role="option" aria-selected="false" aria-label="${escaped(label)}" tabindex="${i === 0 ? 0 : -1}" data-wave="${facet.wave}" data-needs="${needs}" data-used="${usedBy}" transform="translate(${box.x} ${box.y})"><rect width="${box.width}" height="${BOX}" rx="4"/><text x="8" y="14">${escaped(facet.id)}</text></g>`;
  });
  return `<div class="tools"><label>Find <input id="find" type="search" autocomplete="off" placeholder="name of a facet"></label> <label><input id="only" type="checkbox"> only what changes</label> <span id="told" role="status" class="dim">${facets.length} facets. Arrow keys move, Enter selects, / finds.</span></div>
<div class="scroll drawing${facets.length > CROWDED ? " crowded" : ""}"><svg role="listbox" aria-label="Facets by wave" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><g class="waves">${titles.join("")}</g><g class="lines">${paths.join("")}</g><g class="facets">${nodes.join("\n")}</g></svg></div>`;
}

interface Line {
  readonly from: string;
  readonly to: string;
}

/** The lines that are not implied by others: what a facet's needs need, it need not be joined to. */
function withoutImplied(facets: readonly DrawnFacet[]): readonly Line[] {
  const reached = new Map<string, Set<string>>();
  // Facets come in start order, so that what each needs is known.
  return facets.flatMap(({ name, after }) => {
    const implied = new Set(after.flatMap((needed) => [...(reached.get(needed) ?? [])]));
    reached.set(name, implied.union(new Set(after)));
    return after.filter((needed) => !implied.has(needed)).map((from) => ({ from, to: name }));
  });
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Columns are waves; within one, dagre finds the order in which lines cross least. */
function placed(facets: readonly DrawnFacet[], lines: readonly Line[]) {
  const graph = new graphlib.Graph();
  const waves = new Map(facets.map(({ name, wave }) => [name, wave]));
  graph.setGraph({ rankdir: "LR", ranker: byWave(waves) });
  for (const { name } of facets) graph.setNode(name, { width: 10, height: BOX });
  for (const { from, to } of lines) graph.setEdge(from, to, {});
  layout(graph);

  const columns = Map.groupBy(facets, ({ wave }) => wave);
  const boxes = new Map<string, Box>();
  let [x, height] = [MARGIN, 0];
  for (const [, members] of [...columns].toSorted(([a], [b]) => a - b)) {
    const width = Math.ceil(Math.max(...members.map(({ id }) => id.length)) * CHARACTER) + 16;
    const ordered = members.toSorted((a, b) => (graph.node(a.name).y ?? 0) - (graph.node(b.name).y ?? 0));
    for (const [row, { name }] of ordered.entries()) boxes.set(name, { x, y: MARGIN + row * ROW, width });
    x += width + GAP;
    height = Math.max(height, 2 * MARGIN + members.length * ROW);
  }
  return { boxes, width: x - GAP + MARGIN, height };
}

/** Dagre doubles ranks, to have room for labels of lines between any two. Its types know only its own rankers. */
const byWave = (waves: ReadonlyMap<string, number>): "longest-path" =>
  ((graph: graphlib.Graph) => {
    for (const name of graph.nodes()) graph.node(name).rank = 2 * (waves.get(name) ?? 0);
  }) as unknown as "longest-path";
