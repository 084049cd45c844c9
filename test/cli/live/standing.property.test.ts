import { setImmediate } from "node:timers/promises";

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { standingLines } from "../../../src/cli/live/standing.ts";

const COLUMNS = 20;
const TOKENS = new RegExp(String.raw`${"\u001B"}\[(\??(\d*))([A-Za-z])|[\s\S]`, "g");

/** As much of a terminal as is written to here, with all that ever scrolled out of sight. */
class Screen {
  readonly columns = COLUMNS;
  readonly rows = 24;
  readonly #lines: string[] = [""];
  #row = 0;
  #column = 0;
  writes = 0;

  readonly write = (text: string): boolean => {
    this.writes += 1;
    for (const [token, , count, final] of text.matchAll(TOKENS)) {
      if (final === undefined) this.#put(token);
      else this.#obey(final, Number(count || 1));
    }
    return true;
  };

  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#down();
    else {
      if (this.#column === COLUMNS) this.#down();
      const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column += 1;
    }
  }

  #down(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push("");
  }

  #obey(final: string, count: number): void {
    if (final === "A") this.#row = Math.max(0, this.#row - count);
    if (final === "K" || final === "J") {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    }
    if (final === "J") this.#lines.length = this.#row + 1;
  }
}

const line = fc.string({ minLength: 1, maxLength: COLUMNS - 1, unit: fc.constantFrom("a", "b", "#") });
const step = fc.oneof(
  fc.record({ show: fc.array(line, { maxLength: 5 }) }),
  fc.record({ above: fc.string({ minLength: 1, maxLength: 3 * COLUMNS, unit: fc.constantFrom("x", "y") }) }),
);

it("keeps its lines at the end and all that was told above them, and writes once for all that is told at once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const screen = new Screen();
      const standing = standingLines(screen);
      let told = "";
      let shown: readonly string[] = [];
      for (const each of steps) {
        if ("show" in each) standing.show((shown = each.show));
        else {
          standing.above(`${each.above}\n`);
          told += `${each.above}\n`;
        }
      }
      await setImmediate();
      const drawings = steps.filter((each) => "show" in each).length;
      expect(screen.writes).toBe(drawings + Number("above" in (steps.at(-1) ?? {})));
      const wrapped = told
        .split("\n")
        .slice(0, -1)
        .flatMap((text) => text.match(/.{1,20}/g) ?? []);
      expect(screen.lines).toEqual([...wrapped, ...(shown.length > 0 ? shown : [""])]);
      standing.clear();
      expect(screen.lines).toEqual([...wrapped, ""]);
    }),
  );
});

it("finds its place again when a terminal was made so narrow that lines take several rows", () => {
  let written = "";
  const terminal = { columns: 40, rows: 24, write: (text: string) => ((written = text), true) };
  const standing = standingLines(terminal);
  standing.show(["x".repeat(39), "\u001B[32mgreen\u001B[39m"]);
  terminal.columns = 15;
  standing.show(["y"]);
  expect(written).toContain("\r\u001B[3Ay");
});
