import type { Span, StartReport } from "../../runtime/index.ts";

/**
 * A start in the Trace Event Format, which Chrome (`chrome://tracing`), Perfetto and speedscope open. One row for each
 * plugin. Times are microseconds.
 *
 * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, "Complete Events"
 */
export function traceOf({ spans, criticalPath }: StartReport): string {
  const plugins = [...new Set(spans.map(({ plugin }) => plugin))].toSorted();
  const rows = new Map(plugins.map((plugin, i) => [plugin, i + 1]));
  const critical = new Set<string>(criticalPath);
  const events = [
    ...plugins.map((plugin) => ({
      ph: "M",
      name: "thread_name",
      pid: 1,
      tid: rows.get(plugin),
      args: { name: plugin },
    })),
    ...spans.map(({ phase, plugin, facet, fromMs, toMs }: Span) => ({
      ph: "X",
      name: facet ?? phase,
      cat: facet !== undefined && critical.has(facet) ? `${phase},critical-path` : phase,
      pid: 1,
      tid: rows.get(plugin),
      ts: Math.round(fromMs * 1000),
      dur: Math.round((toMs - fromMs) * 1000),
    })),
  ];
  return `${JSON.stringify({ displayTimeUnit: "ms", traceEvents: events })}\n`;
}
