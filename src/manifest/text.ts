import { isUtf8 } from "node:buffer";

import type { Diagnostic, Location, Position } from "../domain/diagnostic.ts";
import { err, ok, type Result } from "../domain/result.ts";

/** Largest manifest, lock or plan that is read, in bytes. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * Decodes a file that a person wrote: UTF-8, with or without a byte order mark.
 *
 * @returns The text without the mark, or one `TEXT_ENCODING` finding.
 */
export function decodeText(bytes: Uint8Array, file: string): Result<string, readonly Diagnostic[]> {
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return err([
      {
        code: "TEXT_ENCODING",
        severity: "error",
        message: "the file is not UTF-8 text",
        location: { file, ...firstBadByte(bytes) },
        hint: "Save it as UTF-8.",
      },
    ]);
  }
}

/** Line feeds stand alone in UTF-8, so each line decodes, or does not, by itself. */
function firstBadByte(bytes: Uint8Array): Pick<Location, "start" | "end"> {
  for (let line = 1, from = 0; from < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, from);
    const next = end === -1 ? bytes.length : end + 1;
    const one = bytes.subarray(from, next);
    if (!isUtf8(one)) {
      const column = new TextDecoder().decode(one).indexOf("\uFFFD") + 1;
      return { start: { line, column }, end: { line, column: column + 1 } };
    }
    from = next;
  }
  return {};
}

/**
 * What may not stand in the text as it is, in words; a quoted value can still hold it as an escape. Control
 * characters reach terminals and logs; characters that turn the direction around make a reviewer read something else.
 *
 * @see YAML 1.2.2, section 5.1; CVE-2021-42574 for the second kind.
 */
export function forbiddenCharacter(text: string): { readonly name: string; readonly at: number } | undefined {
  const found = /[^\P{Cc}\t\n\r\u0085]|\r(?!\n)|[\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]|\p{Cs}/u.exec(text);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return { name: `U+${code}`, at: found.index };
}

/**
 * Lines and columns of offsets. Counts itself: the parser's counter loses lines inside some multi-line scalars.
 * Goes on from where the last one was: findings come mostly in order, and a table of lines may be larger than the text.
 */
export function placeIn(text: string): (offset: number) => Position {
  let line = 1;
  let start = 0;
  return (offset) => {
    const within = Math.min(Math.max(offset, 0), text.length);
    if (within < start) [line, start] = [1, 0];
    for (let end = text.indexOf("\n", start); end !== -1 && end < within; end = text.indexOf("\n", start)) {
      line += 1;
      start = end + 1;
    }
    return { line, column: within - start + 1 };
  };
}

/** Where a line starts, counted from 1; `undefined` where there is none. Builds none of the lines. */
export function startOfLine(text: string, line: number): number | undefined {
  let start = 0;
  for (let before = 1; before < line; before += 1) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  return start;
}
