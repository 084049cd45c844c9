/** As large as a file that is read may be. */
const SIZE = 4 * 1024 * 1024;

const fill = (piece: string): string => piece.repeat(Math.floor(SIZE / piece.length));
const numbered = (piece: (i: number) => string): string =>
  Array.from({ length: 250_000 }, (_, i) => piece(i)).join("");

/** Texts made to exhaust time, memory or the stack of a reader; all of them are refused. */
export const hostileTexts: Readonly<Record<string, () => string>> = {
  "open brackets": () => fill("["),
  "open braces": () => fill("{a: "),
  "closing brackets": () => fill("]"),
  "lists in lists on one line": () => fill("- "),
  "lists in lists by indentation": () =>
    Array.from({ length: 2500 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
  "explicit keys": () => fill("? "),
  "empty keys": () => fill(": "),
  "empty lists": () => `[${fill("[],")}]`,
  items: () => fill("- a\n"),
  "names in a block": () => numbered((i) => `k${i}: 1\n`),
  "names in braces": () => `{${numbered((i) => `k${i}: 1,`)}}`,
  "one name, many times": () => fill("a: 1\n"),
  anchors: () => fill("&a "),
  tags: () => fill("!a "),
  quotes: () => fill('"'),
  documents: () => fill("---\n"),
  directives: () => fill("%a\n"),
  comments: () => fill("#\n"),
  "empty lines": () => fill("\n"),
  "one long value": () => fill("a\n"),
  "one long quoted value": () => `a: "${fill("\\n")}"`,
  "one long block": () => `a: |\n${fill(" x\n")}`,
  "aliases that multiply": () =>
    `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join("\n")}`,
};
