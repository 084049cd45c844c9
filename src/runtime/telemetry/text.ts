import { byText } from "../../domain/by-text.ts";
import type { Entry, Family } from "./family.ts";
import { BUCKETS, bucketsUpTo } from "./histogram.ts";

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type TextFormat = "prometheus" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Powers of two that are bounds of buckets, by unit: seconds from a microsecond to a minute, bytes from 1 KiB to 16 GiB. */
const BOUNDS: Readonly<Record<string, readonly [first: number, last: number]>> = {
  seconds: [-20, 6],
  bytes: [10, 34],
};
const OTHER_BOUNDS = [-4, 20] as const;

export const boundsOf = (unit: string): readonly [first: number, last: number] =>
  BOUNDS[unit] ?? OTHER_BOUNDS;

/** Families that have series, in the order of their names. */
export function writeText(families: readonly Family[], format: TextFormat): string {
  let text = "";
  for (const family of families.toSorted((a, b) => byText(a.name, b.name))) {
    if (family.entries.size > 0) text += head(family, format) + body(family);
  }
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function head({ name, help, metric: { type, unit } }: Family, format: TextFormat): string {
  if (format === "prometheus") {
    const full = type === "counter" ? `${name}_total` : name;
    return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`;
  }
  const unitLine = unit === "1" ? "" : `# UNIT ${name} ${unit}\n`;
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${help}\n`;
}

function body(family: Family): string {
  let text = "";
  for (const entry of family.entries.values()) {
    const lines = linesOf(family, entry);
    if (family.metric.type === "histogram") text += histogramText(lines, entry, family.metric.unit);
    else {
      const value = family.metric.type === "counter" ? entry.total : entry.newest;
      if (value !== undefined) text += `${lines[0]}${number(value)}\n`;
    }
  }
  return text;
}

/** What each line of a series begins with: it never changes, and is most of the text. */
const known = new WeakMap<Entry, readonly string[]>();

function linesOf(family: Family, entry: Entry): readonly string[] {
  const found = known.get(entry);
  if (found) return found;
  const lines = begin(family, entry.labels);
  known.set(entry, lines);
  return lines;
}

function begin({ name, labelNames, metric: { type, unit } }: Family, values: readonly string[]): string[] {
  const pairs = labelNames.map((label, i) => `${label}="${escaped(values[i] ?? "")}"`);
  const labels = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  if (type === "counter") return [`${name}_total${labels} `];
  if (type === "gauge") return [`${name}${labels} `];
  const [first, last] = boundsOf(unit);
  const bounds = Array.from({ length: last - first + 1 }, (_, i) => float(2 ** (first + i)));
  const buckets = [...bounds, "+Inf"].map((le) => `${name}_bucket{${[...pairs, `le="${le}"`].join(",")}} `);
  return [...buckets, `${name}_sum${labels} `, `${name}_count${labels} `];
}

function histogramText(lines: readonly string[], entry: Entry, unit: string): string {
  const { slots } = entry;
  const [first, last] = boundsOf(unit);
  let text = "";
  let count = 0;
  let bucket = 0;
  for (let exponent = first; exponent <= last; exponent++) {
    for (const end = bucketsUpTo(exponent); bucket < end; bucket++) count += slots[bucket] ?? 0;
    text += `${lines[exponent - first]}${count}\n`;
  }
  for (; bucket < BUCKETS; bucket++) count += slots[bucket] ?? 0;
  const beyond = last - first + 1;
  return `${text}${lines[beyond]}${count}\n${lines[beyond + 1]}${number(slots[BUCKETS] ?? 0)}\n${lines[beyond + 2]}${count}\n`;
}

const SPECIAL: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", '"': '\\"' };

const escaped = (text: string): string =>
  text.replaceAll(/[\\\n"]/g, (special) => SPECIAL[special] ?? special);

const number = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

/** OpenMetrics wants bounds as floating-point numbers. */
const float = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
