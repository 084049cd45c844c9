import { relative } from "node:path";
import { inspect } from "node:util";

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

/** The beginning of an order that is obeyed anywhere in a line. */
const BRACKET_COMMAND = /##(?=(?:vso)?\[)/g;

/**
 * Printed lines that the runners of pipelines would take for orders, `::error file=x::` or `##[command]`, made into
 * text. They look at every line of a step's output, indented or not.
 */
export const inert = (text: string): string =>
  text.replaceAll(/^([ \t]*)::/gm, "$1\\::").replaceAll(BRACKET_COMMAND, "#\\#");

/** Text that must not pass for more lines than one. */
export const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]\s*/g, " ");

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

/** A value as JSON for files and reports, as safe to print. */
export const indentedJson = (value: unknown): string => `${escaped(JSON.stringify(value, undefined, 2))}\n`;

const escaped = (json: string): string =>
  json
    .replaceAll(STEERING, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll(BRACKET_COMMAND, "#\\u0023");

function tellable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
