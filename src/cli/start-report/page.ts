import type { Phase, Runtime, Span } from "../../runtime/index.ts";
import { milliseconds, plural, short } from "../documents.ts";
import { escaped } from "../escape.ts";

const PHASES: readonly Phase[] = ["start", "compile", "evaluate", "activate"];

/**
 * A start as one page that needs nothing else: a row for each plugin, a bar for each thing it did. It is a table, so
 * that it reads without colours, without a mouse and without eyes.
 */
export function pageOf({ digest, report, plugins }: Runtime): string {
  const { spans, readyMs, verifyMs, criticalPath, codeCache } = report;
  const endMs = Math.max(readyMs, ...spans.map(({ toMs }) => toMs));
  const critical = new Set<string>(criticalPath);
  const byPlugin = Map.groupBy(spans, ({ plugin }) => plugin);
  const rows = plugins
    .map(({ name, version, bundle }) => ({
      name,
      version,
      activation: bundle.manifest.activation,
      own: byPlugin.get(name) ?? [],
    }))
    .toSorted((a, b) => firstOf(a.own) - firstOf(b.own));
  const bar = ({ phase, facet, fromMs, toMs }: Span): string => {
    const isCritical = facet !== undefined && critical.has(facet);
    const text = `${facet ?? phase}: ${ms(fromMs)} to ${ms(toMs)} ms, ${milliseconds(toMs - fromMs)}${isCritical ? ", on the critical path" : ""}`;
    const place = `left:${percent(fromMs, endMs)};width:${percent(toMs - fromMs, endMs)}`;
    return `<i class="${phase}${isCritical ? " critical" : ""}" style="${place}" title="${escaped(text)}"></i>`;
  };
  const row = ({ name, version, activation, own }: (typeof rows)[number]): string => {
    const isCritical = own.some(({ facet }) => facet !== undefined && critical.has(facet));
    const told = own.map(
      ({ phase, facet, fromMs, toMs }) => `${facet ?? phase} ${milliseconds(toMs - fromMs)}`,
    );
    const ready = own.filter(({ phase }) => phase === "start").map(({ toMs }) => toMs);
    return `<tr tabindex="-1" data-told="${escaped(`${name}@${version}: ${told.join(", ") || "not loaded"}`)}">
<th scope="row">${isCritical ? '<b title="on the critical path">●</b> ' : ""}${escaped(name)} <small>${escaped(version)}</small></th>
<td>${activation}</td><td class="number">${ready.length > 0 ? ms(Math.max(...ready)) : "–"}</td>
<td class="bars">${PHASES.flatMap((phase) => own.filter((span) => span.phase === phase))
      .map(bar)
      .join("")}</td></tr>`;
  };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Start of generation ${short(digest)}</title><style>${STYLE}</style></head><body>
<h1>Start of generation ${short(digest)}</h1>
<p>${plural(plugins.length, "plugin")} ready in <strong>${milliseconds(readyMs)}</strong>, of which ${milliseconds(verifyMs)} to read and prove them.
Compiled code: ${codeCache.hits} at hand, ${codeCache.misses} made, ${codeCache.rejected.length} stale. Pack: ${report.pack}.</p>
<p>Critical path (●): ${criticalPath.map((id) => `<code>${escaped(id)}</code>`).join(" → ") || "none"}</p>
<p class="legend">${PHASES.map((phase) => `<span><i class="${phase}"></i> ${phase}</span>`).join("")}</p>
<p><label>Show plugins whose name has <input type="search" id="filter"></label> <span>↑ and ↓ move through the rows.</span></p>
<output id="told" aria-live="polite">&nbsp;</output>
<table><thead><tr><th scope="col">Plugin</th><th scope="col">Starts</th><th scope="col">Ready, ms</th><th scope="col" class="scale"><span>0</span><span>${ms(endMs / 2)}</span><span>${ms(endMs)} ms</span></th></tr></thead>
<tbody>
${rows.map(row).join("\n")}
</tbody></table>
<script>${SCRIPT}</script></body></html>
`;
}

const firstOf = (spans: readonly Span[]): number => Math.min(Infinity, ...spans.map(({ fromMs }) => fromMs));
const ms = (value: number): string => value.toFixed(1);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(3)}%`;

const STYLE = `
:root { color-scheme: light dark; --text: light-dark(#1b1f24, #e6e8eb); --back: light-dark(#fff, #14171a);
  --line: light-dark(#d5d9de, #343a41); --start: light-dark(#c3cbd4, #4a525c);
  --compile: light-dark(#b34700, #ffab66); --evaluate: light-dark(#1455b3, #82b1ff); --activate: light-dark(#8e24aa, #ce93d8);
  --critical: light-dark(#c4001a, #ff6b78); }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 1.5rem; }
h1 { font-size: 1.3rem; } code { font-size: .9em; } small { opacity: .75; }
table { border-collapse: collapse; width: 100%; } thead { position: sticky; top: 0; background: var(--back); z-index: 1; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); font-weight: normal; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bars { position: relative; width: 60%; min-width: 20rem; padding: 0; }
.bars i { position: absolute; top: .25rem; bottom: .25rem; min-width: 2px; border-radius: 2px; }
.scale { display: flex; justify-content: space-between; }
.legend span { margin-right: 1.2rem; } .legend i { display: inline-block; width: .9em; height: .9em; border-radius: 2px; vertical-align: -.1em; }
${PHASES.map((phase) => `.${phase} { background: var(--${phase}); }`).join("\n")}
.bars .critical { outline: 2px solid var(--critical); } b { color: var(--critical); }
tr:focus-visible { outline: 2px solid var(--evaluate); outline-offset: -2px; } output { display: block; min-height: 1.5em; }
`;

const SCRIPT = `
const rows = [...document.querySelectorAll("tbody tr")], told = document.getElementById("told");
if (rows[0]) rows[0].tabIndex = 0;
const shown = () => rows.filter((row) => !row.hidden);
const focus = (row) => { if (!row) return; for (const each of rows) each.tabIndex = -1; row.tabIndex = 0; row.focus(); };
document.querySelector("tbody").addEventListener("keydown", (event) => {
  const list = shown(), at = list.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  focus(list[to]);
});
document.addEventListener("focusin", (event) => { if (event.target.dataset?.told) told.textContent = event.target.dataset.told; });
document.getElementById("filter").addEventListener("input", (event) => {
  for (const row of rows) row.hidden = !row.textContent.includes(event.target.value);
  const [first] = shown();
  for (const row of rows) row.tabIndex = row === first ? 0 : -1;
});
`;
