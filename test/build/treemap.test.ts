import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { Share } from "../../src/build/sizes.ts";
import { squarify, treemap } from "../../src/cli/builds/treemap.ts";

const AREA = { left: 0, top: 0, width: 160, height: 90 };
const sizes = fc
  .array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 60 })
  .map((values) => values.toSorted((a, b) => b - a).map((bytes) => ({ bytes })));

it("fills the area with rectangles as large as their items, none over another", () => {
  fc.assert(
    fc.property(sizes, (items) => {
      const tiles = squarify(items, AREA);
      const total = items.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const [i, { item, left, top, width, height }] of tiles.entries()) {
        expect(width * height).toBeCloseTo((item.bytes / total) * AREA.width * AREA.height, 6);
        expect(left).toBeGreaterThan(-1e-9);
        expect(left + width).toBeLessThan(AREA.width + 1e-6);
        expect(top + height).toBeLessThan(AREA.height + 1e-6);
        for (const other of tiles.slice(i + 1)) {
          const apart =
            other.left >= left + width - 1e-6 ||
            left >= other.left + other.width - 1e-6 ||
            other.top >= top + height - 1e-6 ||
            top >= other.top + other.height - 1e-6;
          expect(apart).toBe(true);
        }
      }
    }),
    { numRuns: 100 },
  );
});

const shares: readonly Share[] = [
  { file: "lib/a.js", package: "dep@1.0.0", bytes: 900 },
  { file: 'src/<b>"&.ts', package: undefined, bytes: 100 },
];
const page = treemap({ name: "@acme/sample", version: "1.0.0" }, shares);

it("gives a tile that can be reached with the keyboard, and a row in a table, to every file", () => {
  expect(page.match(/<a tabindex="0"[^>]* aria-label="[^"]+"/g)).toHaveLength(2);
  expect(page).toContain('aria-label="dep@1.0.0: lib/a.js, 0.9 KiB, 90.0 %"');
  expect(page).toContain("<td>dep@1.0.0</td><td>lib/a.js</td><td>0.9</td><td>90.0</td>");
});

it("runs nothing, loads nothing, and shows names as text", () => {
  expect(page).not.toMatch(/<script|https?:|url\(|\son\w+=/);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toContain("<b>");
  expect(page).toContain("src/&lt;b&gt;&quot;&amp;.ts");
});
