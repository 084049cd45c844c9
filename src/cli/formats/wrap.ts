/** What stays on one line: text in backticks, which is there to be copied, and everything between spaces. */
const WORDS = /(?:`[^`\n]*`|[^\s`]|`)+/g;

/**
 * Breaks each line of a text between words where it is wider than `width` columns. A line's own indentation is
 * kept, and `indent` is added where it goes on; a word wider than the line sticks out.
 */
export const wrap = (text: string, width: number, indent: string): string[] =>
  text.split("\n").flatMap((line) => {
    if (line.length <= width) return [line];
    const own = /^ */.exec(line)?.[0] ?? "";
    const lines: string[] = [];
    let current = "";
    for (const [word] of line.matchAll(WORDS)) {
      const start = lines.length === 0 ? own : own + indent;
      const longer = current === "" ? start + word : `${current} ${word}`;
      if (current !== "" && longer.length > width) {
        lines.push(current);
        current = own + indent + word;
      } else current = longer;
    }
    return [...lines, current];
  });
