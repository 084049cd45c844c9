import type { FacetId } from "../../domain/ids.ts";
import type { Plan } from "../../domain/plan.ts";
import { escaped } from "../escape.ts";
import { seconds } from "./text.ts";

interface Bar {
  readonly label: string;
  readonly begin: number;
  readonly ms: number;
}

/** Two timelines: how long the waves take one after the other, and what a start from nothing waits for. */
export function timelineSection({ waves, start }: Plan): string {
  let clock = 0;
  const steps = waves.map(({ estimateMs }, i): Bar => {
    const bar = { label: `wave ${i + 1}`, begin: clock, ms: estimateMs };
    clock += estimateMs;
    return bar;
  });
  let ready = 0;
  const path = start.criticalPath.map((facet): Bar => {
    const ms = estimateOf(start, facet);
    const bar = { label: facet, begin: ready, ms };
    ready += ms;
    return bar;
  });
  return [
    ...(steps.length > 0
      ? [`<h3>The waves of this plan</h3>${bars(steps, "Expected times of the waves")}`]
      : []),
    `<h3>Critical path of a start from nothing</h3>${bars(path, "Critical path of a start")}`,
  ].join("\n");
}

const estimateOf = ({ estimatesMs }: Plan["start"], facet: FacetId): number => estimatesMs[facet] ?? 0;

function bars(items: readonly Bar[], label: string): string {
  const end = Math.max(1, ...items.map(({ begin, ms }) => begin + ms));
  const percent = (ms: number): string => ((100 * ms) / end).toFixed(2);
  const rows = items.map(
    ({ label: name, begin, ms }) =>
      `<li><span class="name">${escaped(name)}</span><span class="track"><span class="bar" style="margin-left:${percent(begin)}%;width:${percent(ms)}%"></span></span><span class="time">${seconds(begin)} – ${seconds(begin + ms)}</span></li>`,
  );
  return `<ol class="timeline" aria-label="${label}">${rows.join("\n")}</ol>`;
}
