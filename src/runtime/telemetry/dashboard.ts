import { byText } from "../../domain/by-text.ts";
import type { Catalogued } from "./catalogue.ts";

const WIDTH = 12;
const HEIGHT = 8;

/** A Grafana dashboard with a panel for each metric, a row for each system. Equal catalogues give equal bytes. */
export function dashboardOf(catalogue: readonly Catalogued[]) {
  const rows = Map.groupBy(catalogue, ({ name }) => name.split("_")[1] ?? "");
  const panels: object[] = [];
  let y = 0;
  for (const [system, metrics] of [...rows].toSorted(([a], [b]) => byText(a, b))) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: system,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    for (const [i, metric] of metrics.entries()) {
      const gridPos = { x: (i % 2) * WIDTH, y: y + Math.floor(i / 2) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push({ id: panels.length + 1, gridPos, ...panelOf(metric) });
    }
    y += Math.ceil(metrics.length / 2) * HEIGHT;
  }
  return {
    uid: "tradsys",
    title: "TradSys",
    tags: ["tradsys"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "utc",
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels,
  };
}

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const UNITS: Readonly<Record<string, string>> = { seconds: "s", bytes: "bytes", ratio: "percentunit" };

function panelOf({ exposed, help, type, unit }: Catalogued) {
  const targets = queriesOf(exposed, type).map(([legendFormat, expr], i) => ({
    refId: "ABC".charAt(i),
    datasource: SOURCE,
    expr,
    legendFormat,
  }));
  // A rate of seconds is a share of time.
  const shown = type === "counter" ? (unit === "seconds" ? "percentunit" : "ops") : (UNITS[unit] ?? "short");
  return {
    type: "timeseries",
    title: exposed,
    description: help,
    datasource: SOURCE,
    fieldConfig: { defaults: { unit: shown }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets,
  };
}

/** What to draw of a metric, each with the name of its lines. */
function queriesOf(name: string, type: Catalogued["type"]): [legend: string, query: string][] {
  if (type === "counter") return [["{{plugin}}", `sum by (plugin) (rate(${name}[$__rate_interval]))`]];
  if (type === "gauge") return [["{{plugin}} {{facet}}", name]];
  const buckets = `sum by (plugin, le) (rate(${name}_bucket[$__rate_interval]))`;
  return ["0.5", "0.99"].map((share) => [`{{plugin}} ${share}`, `histogram_quantile(${share}, ${buckets})`]);
}
