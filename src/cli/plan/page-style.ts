/** Colours follow the system's theme; every pair keeps a contrast of at least 4.5 (WCAG 2.2, 1.4.3). */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --back: #ffffff; --panel: #f6f8fa; --text: #1f2328; --dim: #59636e; --line: #d1d9e0; --edge: #818b98; --add: #116329; --change: #7d4e00; --down: #6639ba; --remove: #a40e26; --focus: #0969da; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --panel: #151b23; --text: #f0f6fc; --dim: #9198a1; --line: #3d444d; --edge: #656c76; --add: #56d364; --change: #e3b341; --down: #bc8cff; --remove: #ff7b72; --focus: #4493f8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main { padding: 0 24px; max-width: 1600px; margin: 0 auto; }
h1 { margin: 24px 0 4px; font-size: 24px; }
h2 { margin: 0 0 12px; font-size: 18px; }
h3 { margin: 16px 0 8px; font-size: 15px; }
p { margin: 4px 0; }
code, .steps, table, .timeline .name, svg text { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
.summary { font-weight: 600; }
nav { margin: 12px 0; display: flex; gap: 16px; flex-wrap: wrap; }
a { color: var(--focus); }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 0 0 16px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; align-items: start; }
.columns section { max-height: 70vh; overflow: auto; }
.scroll { overflow: auto; }
.drawing { max-height: 85vh; border: 1px solid var(--line); border-radius: 6px; background: var(--back); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 2px 12px 2px 0; font-weight: 400; white-space: nowrap; }
thead th { color: var(--dim); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.dim { color: var(--dim); }
.sign { display: inline-block; width: 1.2em; font-weight: 700; }
.add .sign { color: var(--add); } .remove .sign { color: var(--remove); } .downgrade .sign { color: var(--down); }
.upgrade .sign, .rebuild .sign, .reconfigure .sign, .rebind .sign { color: var(--change); }
ul.steps, .timeline { list-style: none; padding: 0; margin: 4px 0 8px; }
.together { border-left: 3px solid var(--change); padding-left: 12px; margin: 6px 0; }
summary { cursor: pointer; }
.timeline li { display: grid; grid-template-columns: minmax(120px, 24em) 1fr 10em; gap: 12px; align-items: center; }
.timeline .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.timeline .track { background: var(--line); border-radius: 3px; }
.timeline .bar { display: block; height: 12px; min-width: 2px; border-radius: 3px; background: var(--focus); }
.timeline .time { color: var(--dim); font-size: 13px; }
.tools { display: flex; gap: 16px; flex-wrap: wrap; align-items: center; margin-bottom: 8px; }
input[type=search] { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--edge); border-radius: 6px; padding: 4px 8px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
svg { display: block; }
svg text { fill: var(--text); font-size: 11px; }
svg text.wave { fill: var(--dim); font-weight: 600; }
.lines path { fill: none; stroke: var(--edge); stroke-width: 1; }
.crowded .lines path { display: none; }
.lines path.near { display: inline; stroke: var(--focus); stroke-width: 1.8; }
.facet { cursor: pointer; }
.facet rect { fill: var(--panel); stroke: var(--edge); }
.facet.add rect { stroke: var(--add); stroke-width: 2; }
.facet.upgrade rect, .facet.rebuild rect, .facet.reconfigure rect, .facet.rebind rect { stroke: var(--change); stroke-width: 2; }
.facet.downgrade rect { stroke: var(--down); stroke-width: 2; }
.facet:focus { outline: none; }
.facet:focus rect, .facet[aria-selected=true] rect { stroke: var(--focus); stroke-width: 3; }
.looking .facet:not(.near) { opacity: .35; }
.facet.away { display: none; }
@media (max-width: 600px) { header, main { padding: 0 12px; } .timeline li { grid-template-columns: 1fr; gap: 2px; } }
@media print { .columns section, .drawing { max-height: none; } }
`;
