import { createHash } from "node:crypto";

import type { Change, Plan, StepGroup } from "../../domain/plan.ts";
import { findPluginCycle } from "../../planner/cycle.ts";
import { plural, short } from "../documents.ts";
import { escaped } from "../escape.ts";
import { graphSection } from "./page-graph.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { timelineSection } from "./page-timeline.ts";
import { changeRow, groupRows, policyText, relaxedText, seconds, summary } from "./text.ts";

/**
 * A plan as one page that needs nothing else: no network, no fonts, no library. What it shows of plugins is text;
 * its policy lets only its own script run.
 */
export function planPage(plan: Plan): string {
  const { generation, changes, base, next } = plan;
  const hash = createHash("sha256").update(PAGE_SCRIPT).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  const cycle = findPluginCycle(generation.facets);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Plan for ${escaped(generation.deployment)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>Plan for ${escaped(generation.deployment)}</h1>
<p>${base === null ? "From an empty root" : `From generation <code>${short(base)}</code>`} to <code>${short(next)}</code>, made by ${escaped(plan.author)}.</p>
<p class="summary">${escaped(summary(plan))}</p>
<nav aria-label="Sections"><a href="#changes">Changes</a> <a href="#waves">Waves</a> <a href="#policy">Policy</a> <a href="#timeline">Timeline</a> <a href="#graph">Facets</a></nav>
</header>
<main>
<div class="columns">
${section("changes", "Changes", changesTable(changes))}
${section("waves", "Waves", wavesList(plan))}
</div>
${section("policy", "Policy and approvals", policyList(plan))}
${section("timeline", "Timeline", timelineSection(plan))}
${section("graph", "Facets by wave of the start", `${cycle ? `<p>${escaped(cycle.join(" → "))}: a cycle between plugins, none between their facets.</p>` : ""}${graphSection(plan)}`)}
</main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

const section = (id: string, title: string, body: string): string =>
  `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}\n</section>`;

function changesTable(changes: readonly Change[]): string {
  const acting = changes.filter(({ action }) => action !== "unchanged");
  if (acting.length === 0) return "<p>Nothing changes.</p>";
  const rows = acting.map((change) => {
    const { sign, subject, detail } = changeRow(change);
    return `<tr class="${change.action}"><td class="sign">${sign}</td><th scope="row">${escaped(subject)}</th><td>${change.action}</td><td>${escaped(detail)}</td></tr>`;
  });
  const rest = changes.length - acting.length;
  return `<div class="scroll"><table><thead><tr><th scope="col"><span class="hidden">Sign</span></th><th scope="col">Plugin</th><th scope="col">Change</th><th scope="col">Version</th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div>${rest > 0 ? `<p class="dim">${plural(rest, "plugin")} unchanged.</p>` : ""}`;
}

function wavesList({ waves, relaxed }: Plan): string {
  if (waves.length === 0) return "<p>There is nothing to do.</p>";
  const items = waves.map(({ groups, held, memoryMiB, estimateMs }) => {
    const rows = groups.map(groupItem).join("");
    const holds = held
      .map(
        (facet) =>
          `<li class="held">· ${escaped(facet)} <span class="dim">held: does not act yet</span></li>`,
      )
      .join("");
    const steps = plural(groups.flatMap(groupRows).length, "step");
    return `<li><details open><summary>${steps}, at most ${seconds(estimateMs)}, ${memoryMiB} MiB</summary><ul class="steps">${rows}${holds}</ul></details></li>`;
  });
  const notes = relaxed.map((each) => `<li>${escaped(relaxedText(each))}</li>`).join("");
  return `<ol class="waves">${items.join("\n")}</ol>${notes === "" ? "" : `<h3>On the way</h3><ul>${notes}</ul>`}`;
}

function groupItem(group: StepGroup): string {
  const rows = groupRows(group)
    .map(
      ({ sign, subject, detail }) =>
        `<li><span class="sign">${sign}</span> ${escaped(subject)} <span class="dim">${escaped(detail)}</span></li>`,
    )
    .join("");
  if (!group.because) return rows;
  const why = group.because.map((reason) => `<li>${escaped(reason)}</li>`).join("");
  return `<li class="together"><strong>At once:</strong><ul class="steps">${rows}</ul><details><summary>Why</summary><ul>${why}</ul></details></li>`;
}

function policyList(plan: Plan): string {
  const { material } = plan.policy;
  const lines = policyText(plan);
  const changed =
    material.length === 0
      ? '<p class="dim">No change is material.</p>'
      : `<details><summary>${plural(material.length, "material change")}</summary><p>${escaped(material.join(", "))}</p></details>`;
  return `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>${changed}`;
}
