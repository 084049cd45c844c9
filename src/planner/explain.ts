import type { Cycle } from "./cycle.ts";

/** Renders a cycle for a terminal: the whole path, every edge, and which of them a later `when` would remove. */
export function explainCycle({ path, edges }: Cycle): string {
  return [
    `These facets wait for each other: ${path.join(" -> ")}`,
    ...edges.map(
      ({ from, to, requirement, when, statedBy }) =>
        `  - ${from} waits for ${to}: ${statedBy === from ? "it" : statedBy} requires ${requirement} (when: ${when})`,
    ),
    ...new Set(
      edges
        .filter(({ from, statedBy }) => from !== statedBy)
        .map(
          ({ statedBy, requirement }) =>
            `With \`when: start\` for ${requirement}, ${statedBy} alone would wait, and not its whole plugin.`,
        ),
    ),
  ].join("\n");
}
