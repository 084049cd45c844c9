import * as fc from "fast-check";
import { expect, it } from "vitest";

import { firstDifference } from "../../src/bundle/first-difference.ts";

const files = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([name, text]) => [name, Buffer.from(text)]));

it("finds none between equal files, in whatever order they come", () => {
  expect(firstDifference(files({ a: "1", b: "2" }), files({ b: "2", a: "1" }))).toBeUndefined();
});

it("names the byte that was changed, wherever it is", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, place, by) => {
        const offset = place % bytes.length;
        const changed = Buffer.from(bytes);
        changed.writeUInt8((changed.readUInt8(offset) + by) % 256, offset);
        const found = firstDifference(new Map([["f", Buffer.from(bytes)]]), new Map([["f", changed]]));
        expect(found).toMatchObject({ file: "f", offset });
        expect(found?.expected?.[0]).toBe(bytes[offset]);
        expect(found?.found?.[0]).toBe(changed[offset]);
      },
    ),
  );
});

it("names the end of the shorter file, and a file that only one has", () => {
  expect(firstDifference(files({ a: "same" }), files({ a: "same and more" }))).toMatchObject({
    file: "a",
    offset: 4,
    expected: Buffer.of(),
  });
  expect(firstDifference(files({ a: "1" }), files({ a: "1", b: "2" }))).toMatchObject({
    file: "b",
    expected: undefined,
    found: Buffer.from("2"),
  });
});

it("looks at plugin.json last, which differs whenever something else does", () => {
  const one = files({ "plugin.json": "1", "z.js": "1" });
  expect(firstDifference(one, files({ "plugin.json": "2", "z.js": "2" }))?.file).toBe("z.js");
  expect(firstDifference(one, files({ "plugin.json": "2", "z.js": "1" }))?.file).toBe("plugin.json");
});
