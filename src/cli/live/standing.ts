import type { WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";

/** As much of a terminal as standing lines need. */
type Terminal = Pick<WriteStream, "write" | "columns" | "rows">;

/** Lines at the end of a terminal that are replaced in place while what scrolls goes above them. */
export interface Standing {
  /** Lines may be coloured; what is too wide or too many is cut off by the caller. */
  show(lines: readonly string[]): void;
  /** Writes above the lines, which stay. */
  above(text: string): void;
  clear(): void;
}

/** A terminal that knows these draws everything between them at once, so that nothing flickers. */
const [BEGIN, END] = ["\u001B[?2026h", "\u001B[?2026l"];
const ERASE_LINE = "\u001B[K";
const ERASE_BELOW = "\u001B[J";

export function standingLines(terminal: Terminal): Standing {
  let shown: readonly string[] = [];
  /** What has yet to be written above them. */
  let told = "";

  /** Back to where the lines begin. One that became too wide for a narrowed terminal takes several rows by now. */
  const home = (): string => {
    const columns = terminal.columns || 80;
    const rows = shown.map((line) => Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)));
    const up = rows.reduce((sum, count) => sum + count, 0) - 1;
    return `\r${up > 0 ? `\u001B[${up}A` : ""}`;
  };
  const draw = (lines: readonly string[]): void => {
    const block = lines.map((line) => `${line}${ERASE_LINE}`).join("\n");
    terminal.write(`${BEGIN}${home()}${told}${block}${ERASE_BELOW}${END}`);
    shown = lines;
    told = "";
  };
  return {
    show: draw,
    above(text) {
      // A terminal holds up who writes to it: what is told in one turn of the event loop is written at once.
      if (told === "") setImmediate(() => told !== "" && draw(shown));
      told += text.replaceAll("\n", `${ERASE_LINE}\n`);
    },
    clear() {
      if (shown.length > 0 || told !== "") draw([]);
    },
  };
}
