import { relative } from "node:path";
import { inspect, styleText } from "node:util";

import type { Diagnostic } from "../domain/diagnostic.ts";

/** How text is drawn for a person. */
export interface Style {
  readonly color: boolean;
  /** Paths are shown relative to this folder where that is shorter. */
  readonly cwd: string;
  /** The text of a file that a diagnostic points into, where it can still be read. */
  readonly sourceOf: (file: string) => string | undefined;
}

/**
 * Draws a diagnostic with the line it points at:
 *
 *     error[FIELD_UNKNOWN]: the document has no field `verson`
 *       --> plugin.yaml:4:1
 *        |
 *      4 | verson: 1.0.0
 *        | ^^^^^^
 *        = Did you mean `version`?
 */
export function renderDiagnostic(diagnostic: Diagnostic, style: Style): string[] {
  const { code, severity, location, hint } = diagnostic;
  const message = printable(diagnostic.message);
  const paint = painter(style);
  const head = `${paint(severity === "error" ? "red" : "yellow", `${severity}[${code}]`)}: ${paint("bold", message)}`;
  const lines = [head];
  const start = location?.start;
  const gutter = " ".repeat(Math.max(2, String(start?.line ?? "").length));
  if (location) {
    const at = start ? `:${start.line}:${start.column}` : "";
    lines.push(`${gutter}${paint("cyan", "-->")} ${printable(shownPath(location.file, style.cwd))}${at}`);
  }
  lines.push(...frame(diagnostic, style, gutter));
  if (hint !== undefined) lines.push(`${gutter} ${paint("cyan", "=")} ${printable(hint)}`);
  return lines;
}

/** Widest source line that is shown whole; a longer one is cut around the place. */
const MAX_SOURCE_WIDTH = 100;

function frame({ location }: Diagnostic, style: Style, gutter: string): string[] {
  const { start, end } = location ?? {};
  const text = start && location ? style.sourceOf(location.file)?.split(/\r?\n/)[start.line - 1] : undefined;
  if (!start || text === undefined) return [];
  const paint = painter(style);
  const cut = text.length > MAX_SOURCE_WIDTH ? Math.max(0, start.column - MAX_SOURCE_WIDTH / 2) : 0;
  const shown = printable(text.slice(cut, cut + MAX_SOURCE_WIDTH));
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

/** A path as a person would type it here. */
export function shownPath(path: string, cwd: string): string {
  const here = relative(cwd, path);
  return path.startsWith("/") && here.length < path.length && !here.startsWith("../../..")
    ? here || "."
    : path;
}

/** Control characters, and those that turn the direction of text around; tab and line feed stay. */
const STEERING = /[^\P{Cc}\t\n]|[\u202A-\u202E\u2066-\u2069]/gu;

/** Text from files and plugins must not steer the terminal. */
export const printable = (text: string): string => text.replaceAll(STEERING, "\uFFFD").replaceAll("\t", " ");

/**
 * A value as one line of JSON that steers no terminal either. Plugins log what they like: what JSON cannot
 * carry is told as text.
 */
export function jsonLine(value: unknown): string {
  try {
    return escaped(JSON.stringify(value, tellable) ?? "null");
  } catch {
    // It contains itself.
    return escaped(JSON.stringify(inspect(value)));
  }
}

const escaped = (json: string): string =>
  json.replaceAll(STEERING, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

function tellable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}

type Format = Parameters<typeof styleText>[0];

const painter =
  ({ color }: Style) =>
  (format: Format, text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
