import * as fc from "fast-check";
import { expect, it } from "vitest";

import { decodeText, forbiddenCharacter, placeIn } from "../../src/manifest/text.ts";

it("decodes whatever is UTF-8, and leaves the byte order mark out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, hasMark) => {
      fc.pre(!text.startsWith("\uFEFF"));
      const bytes = Buffer.from(`${hasMark ? "\uFEFF" : ""}${text}`);
      expect(decodeText(bytes, "a.yaml")).toEqual({
        ok: true,
        value: bytes.toString().replace(/^\uFEFF/, ""),
      });
    }),
  );
});

it.each([
  ["in the middle of a line", [0x61, 0x0a, 0x62, 0xff, 0x63], { line: 2, column: 2 }],
  ["cut off at the end", [0x61, 0xe2, 0x82], { line: 1, column: 2 }],
  ["behind a character that stands for one", [0xef, 0xbf, 0xbd, 0x0a, 0xc0], { line: 2, column: 1 }],
  ["as half of a surrogate pair", [0xed, 0xa0, 0x80], { line: 1, column: 1 }],
  ["in text of another encoding", [...Buffer.from("\uFEFFa", "utf16le")], { line: 1, column: 1 }],
])("says where bytes are not UTF-8: %s", (_, bytes, start) => {
  expect(decodeText(Uint8Array.from(bytes), "a.yaml")).toMatchObject({
    ok: false,
    error: [{ code: "TEXT_ENCODING", location: { file: "a.yaml", start } }],
  });
});

it.each([
  ["\u0000", "U+0000"],
  ["\u001B", "U+001B"],
  ["\u007F", "U+007F"],
  ["\u009B", "U+009B"],
  ["\u202E", "U+202E"],
  ["\r", "U+000D"],
  ["\uD800", "U+D800"],
])("finds what may not stand in a text: %j", (character, name) => {
  expect(forbiddenCharacter(`a\nb${character}c`)).toEqual({ name, at: 3 });
});

it.each(["tab\there", "a\r\nb\n", "عربي", "日本語 😀", "a\u0085b"])("lets ordinary text pass: %j", (text) => {
  expect(forbiddenCharacter(text)).toBeUndefined();
});

it("counts lines and columns as splitting at line feeds does", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "\r\n", "😀") }), fc.nat(), (text, n) => {
      const offset = n % (text.length + 1);
      const before = text.slice(0, offset).split("\n");
      expect(placeIn(text)(offset)).toEqual({
        line: before.length,
        column: (before.at(-1) ?? "").length + 1,
      });
    }),
  );
});
