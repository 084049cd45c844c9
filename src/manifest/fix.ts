import type { Diagnostic, Position } from "../domain/diagnostic.ts";
import { parseAny } from "./parse.ts";
import { startOfLine } from "./text.ts";

/** One replacement that was made. */
export interface Fix {
  readonly file: string;
  /** Where it stood when it was replaced. */
  readonly start: Position;
  readonly from: string;
  readonly to: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly to: string;
}

/**
 * Mends what has exactly one right answer: names and values with a suggestion, versions with a leading `v`, and
 * ranges that YAML reads as numbers. Only the words in question are replaced, so comments and layout stay; a
 * replacement that does not remove its finding, or breaks the document, is taken back.
 */
export function fixText(
  text: string,
  file: string,
): { readonly text: string; readonly fixes: readonly Fix[] } {
  const fixes: Fix[] = [];
  const tried = new Set<string>();
  let current = { text, found: findingsIn(text, file) };
  for (;;) {
    const finding = current.found.find((each) => !tried.has(keyOf(each)) && editOf(each, current.text));
    const edit = finding && editOf(finding, current.text);
    const start = finding?.location?.start;
    if (!edit || !start) return { text: current.text, fixes };
    tried.add(keyOf(finding));
    const better = current.text.slice(0, edit.start) + edit.to + current.text.slice(edit.end);
    const found = findingsIn(better, file);
    if (isRemaining(finding, found)) continue;
    fixes.push({ file, start, from: current.text.slice(edit.start, edit.end), to: edit.to });
    current = { text: better, found };
  }
}

function findingsIn(text: string, file: string): readonly Diagnostic[] {
  const parsed = parseAny(text, file);
  return parsed.ok ? parsed.value.warnings : parsed.error;
}

const keyOf = ({ code, pointer }: Diagnostic): string => `${code} ${pointer}`;

/** Renaming to a name that is there already breaks the document, and must not hide the finding in that way. */
const isRemaining = (finding: Diagnostic, found: readonly Diagnostic[]): boolean =>
  found.some((each) => each.code === "YAML_SYNTAX" || keyOf(each) === keyOf(finding));

/** A word as it stands in the text, with or without quotes. */
const WORD = /^(["']?)([\w@./+~^=-]+)\1$/;

function editOf(finding: Diagnostic, text: string): Edit | undefined {
  const { start: from, end: to } = finding.location ?? {};
  if (!from || !to) return undefined;
  const [start, end] = [offsetOf(text, from), offsetOf(text, to)];
  const [source, quote, word] = WORD.exec(text.slice(start, end)) ?? [];
  if (source === undefined || quote === undefined || word === undefined) return undefined;
  const right = replacementFor(finding, { word, quote });
  return right === undefined || right === source ? undefined : { start, end, to: right };
}

/** Members that hold a version range. */
const RANGE = /\/(?:range|hostApi|node|canRestoreFrom)$/;

function replacementFor(
  { code, meant, pointer = "" }: Diagnostic,
  { word, quote }: { readonly word: string; readonly quote: string },
): string | undefined {
  if (meant !== undefined && WORD.test(meant)) return quote + meant + quote;
  if (code === "VERSION_INVALID") return quote + word.replace(/^[vV=]+/, "") + quote;
  // What stands in the text is kept, so that nothing a number would lose is lost: `1.10` is not `1.1`.
  if (code === "FIELD_TYPE" && RANGE.test(pointer) && /^\d+(?:\.\d+)?$/.test(word)) return `"${word}"`;
  return undefined;
}

const offsetOf = (text: string, { line, column }: Position): number =>
  (startOfLine(text, line) ?? text.length) + column - 1;
