import { styleText } from "node:util";

import type { Diagnostic, Location } from "../../domain/diagnostic.ts";
import { startOfLine } from "../../manifest/text.ts";
import { printable, shownPath } from "../render.ts";
import { detailsOf } from "./format.ts";
import { highlight } from "./highlight.ts";
import { wrap } from "./wrap.ts";

/** How text is drawn for a person. */
export interface Style {
  readonly color: boolean;
  /** Paths are shown relative to this folder where that is shorter. */
  readonly cwd: string;
  /** The text of a file that a diagnostic points into, where it can still be read. */
  readonly sourceOf: (file: string) => string | undefined;
}

/** Columns that a diagnostic is drawn in, whatever the width of the terminal: pipes have none. */
const WIDTH = 80;

/**
 * Draws a diagnostic with the line it points at, and those that belong to it:
 *
 *     error[FIELD_UNKNOWN]: the document has no field `verson`
 *       --> plugin.yaml:4:1
 *        |
 *      4 | verson: 1.0.0
 *        | ^^^^^^
 *        = Did you mean `version`?
 */
export function renderDiagnostic(diagnostic: Diagnostic, style: Style): string[] {
  const { code, severity, message, location, related = [] } = diagnostic;
  const paint = painter(style);
  const lineNumbers = [location, ...related.map((other) => other.location)].map((at) => at?.start?.line ?? 0);
  const gutter = " ".repeat(Math.max(2, ...lineNumbers.map((line) => String(line).length)));

  const label = `${severity}[${code}]`;
  const [first = "", ...more] = wrap(`${label}: ${printable(message)}`, WIDTH, "  ");
  const tell = (line: string): string =>
    highlight(line, (format, text) => (format ? paint(format, text) : text));
  const head = `${paint(severity === "error" ? "red" : "yellow", label)}: ${paint("bold", tell(first.slice(label.length + 2)))}`;
  // A message of several lines is headed by its first.
  const follow = (line: string): string => (message.includes("\n") ? tell(line) : paint("bold", tell(line)));

  const note = (text: string): string[] => {
    const [begin = "", ...rest] = wrap(printable(text), WIDTH - gutter.length - 3, "  ");
    return [
      `${gutter} ${paint("cyan", "=")} ${tell(begin)}`,
      ...rest.map((line) => `${gutter}   ${tell(line)}`),
    ];
  };
  return [
    head,
    ...more.map(follow),
    ...(location ? place(location, style, gutter) : []),
    ...related.flatMap((other) => [...note(other.message), ...place(other.location, style, gutter)]),
    ...detailsOf(diagnostic).flatMap(note),
  ];
}

/** Where it is, and the line that stands there. */
function place(location: Location, style: Style, gutter: string): string[] {
  const at = location.start ? `:${location.start.line}:${location.start.column}` : "";
  const arrow = painter(style)("cyan", "-->");
  return [
    `${gutter}${arrow} ${printable(shownPath(location.file, style.cwd))}${at}`,
    ...frame(location, style, gutter),
  ];
}

function frame({ file, start, end }: Location, style: Style, gutter: string): string[] {
  const text = start && lineOf(style.sourceOf(file) ?? "", start.line);
  if (!start || text === undefined) return [];
  const paint = painter(style);
  // A line too long to be shown whole is cut around the place.
  const width = WIDTH - gutter.length - 3;
  const cut = text.length > width ? Math.max(0, start.column - Math.floor(width / 2)) : 0;
  const shown = printable(text.slice(cut, cut + width));
  const from = start.column - 1 - cut;
  const to = end && end.line === start.line ? end.column - 1 - cut : shown.length;
  const length = Math.max(1, Math.min(to, shown.trimEnd().length) - from);
  const bar = paint("cyan", "|");
  return [
    `${gutter} ${bar}`,
    `${paint("cyan", String(start.line).padStart(gutter.length))} ${bar} ${shown}`,
    `${gutter} ${bar} ${" ".repeat(from)}${paint("red", "^".repeat(length))}`,
  ];
}

/** One line of a text, without its end, and without building millions of others. */
function lineOf(text: string, number: number): string | undefined {
  const from = startOfLine(text, number);
  if (from === undefined) return undefined;
  const end = text.indexOf("\n", from);
  return text.slice(from, end === -1 ? undefined : end).replace(/\r$/, "");
}

type Format = Parameters<typeof styleText>[0];

const painter =
  ({ color }: Style) =>
  (format: Format, text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
