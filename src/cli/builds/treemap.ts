import type { Share } from "../../build/sizes.ts";
import { byText } from "../../domain/by-text.ts";
import { escaped } from "../escape.ts";

/** A share of an area, in percent of the whole. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Tile<T> extends Box {
  readonly item: T;
}

/**
 * Fills an area with rectangles whose sizes are as those of the items, as near to squares as can be.
 *
 * @param items The largest first.
 * @see Bruls, Huizing, van Wijk: Squarified Treemaps, 2000.
 */
export function squarify<T extends { readonly bytes: number }>(items: readonly T[], area: Box): Tile<T>[] {
  const total = sum(items.map(({ bytes }) => bytes));
  const scale = (area.width * area.height) / total;
  const sizes = items.map(({ bytes }) => bytes * scale);
  const tiles: Tile<T>[] = [];
  let rest = area;
  while (tiles.length < items.length) {
    const start = tiles.length;
    const side = Math.min(rest.width, rest.height);
    const end = endOfRow(sizes, start, side);
    const depth = sum(sizes.slice(start, end)) / side;
    const lies = rest.width < rest.height;
    let offset = 0;
    for (const [i, item] of items.slice(start, end).entries()) {
      const length = (sizes[start + i] ?? 0) / depth;
      const place = lies
        ? { left: rest.left + offset, top: rest.top, width: length, height: depth }
        : { left: rest.left, top: rest.top + offset, width: depth, height: length };
      tiles.push({ item, ...place });
      offset += length;
    }
    rest = lies
      ? { ...rest, top: rest.top + depth, height: rest.height - depth }
      : { ...rest, left: rest.left + depth, width: rest.width - depth };
  }
  return tiles;
}

/** A row along a side takes items as long as that brings its rectangles nearer to squares. */
function endOfRow(sizes: readonly number[], start: number, side: number): number {
  let end = start + 1;
  while (
    end < sizes.length &&
    worst(sizes.slice(start, end + 1), side) <= worst(sizes.slice(start, end), side)
  ) {
    end++;
  }
  return end;
}

/** The longest of a row's rectangles: its length over its width, 1 for a square. */
function worst(row: readonly number[], side: number): number {
  const [largest = 0, smallest = 0] = [row[0], row.at(-1)];
  const all = sum(row);
  return Math.max((side ** 2 * largest) / all ** 2, all ** 2 / (side ** 2 * smallest));
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

interface Group {
  readonly name: string;
  readonly shares: readonly Share[];
  readonly bytes: number;
}

/**
 * A page that shows what a bundle's code is made of, package by package. One file without any script and without any
 * other resource; every tile can be reached with the keyboard, and everything in it is in a table too.
 */
export function treemap(
  plugin: { readonly name: string; readonly version: string },
  shares: readonly Share[],
): string {
  const total = sum(shares.map(({ bytes }) => bytes));
  const title = `${plugin.name}@${plugin.version}`;
  const groups = groupsOf(shares);
  const told = (bytes: number): string => `${kib(bytes)} KiB, ${((100 * bytes) / total).toFixed(1)} %`;
  const tiles = squarify(groups, { left: 0, top: 0, width: 160, height: 90 }).map(
    ({ item: group, ...box }, i) => {
      const inner = squarify(group.shares, { ...box, left: 0, top: 0 }).map(
        ({ item, ...place }) =>
          `<a tabindex="0" href="#files" style="${styleOf(place, box)}" aria-label="${escaped(`${group.name}: ${item.file}, ${told(item.bytes)}`)}"><span>${escaped(lastOf(item.file))}</span></a>`,
      );
      return `<section style="${styleOf(box, { width: 160, height: 90 })};--hue:${(i * 137) % 360}" aria-label="${escaped(`${group.name}, ${told(group.bytes)}`)}">${inner.join("")}</section>`;
    },
  );
  const packages = groups.map(
    ({ name, bytes }, i) =>
      `<tr><td><i style="--hue:${(i * 137) % 360}"></i>${escaped(name)}</td><td>${kib(bytes)}</td><td>${((100 * bytes) / total).toFixed(1)}</td></tr>`,
  );
  const files = shares.map(
    ({ package: owner = plugin.name, file, bytes }) =>
      `<tr><td>${escaped(owner)}</td><td>${escaped(file)}</td><td>${kib(bytes)}</td><td>${((100 * bytes) / total).toFixed(1)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}: what it is made of</title>
<style>${STYLE}</style>
<h1>${escaped(title)}</h1>
<p>${kib(total)} KiB of code from ${shares.length} files, before compression. Point at a tile, or go through them with Tab.</p>
<main>
${tiles.join("\n")}
</main>
<h2>Packages</h2>
<table><thead><tr><th>Package</th><th>KiB</th><th>%</th></tr></thead><tbody>
${packages.join("\n")}
</tbody></table>
<h2 id="files">Files</h2>
<table><thead><tr><th>Package</th><th>File</th><th>KiB</th><th>%</th></tr></thead><tbody>
${files.join("\n")}
</tbody></table>
</html>
`;

  function groupsOf(all: readonly Share[]): Group[] {
    const byPackage = Map.groupBy(all, ({ package: owner }) => owner ?? plugin.name);
    return [...byPackage]
      .map(([name, own]) => ({ name, shares: own, bytes: sum(own.map(({ bytes }) => bytes)) }))
      .toSorted((a, b) => b.bytes - a.bytes || byText(a.name, b.name));
  }
}

const STYLE = `
:root { color-scheme: light dark; --tile: 72%; --ink: #111; --line: #fff; }
@media (prefers-color-scheme: dark) { :root { --tile: 30%; --ink: #eee; --line: #111; } }
body { margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; font: 1rem/1.4 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
main { position: relative; aspect-ratio: 16 / 9; margin-bottom: 3.5rem; }
section, main a { position: absolute; box-sizing: border-box; overflow: hidden; border: 1px solid var(--line); }
section { border-width: 2px; }
main a { background: hsl(var(--hue) 45% var(--tile)); color: var(--ink); text-decoration: none; container-type: size; }
main span { display: block; padding: .15rem .3rem; font-size: .75rem; white-space: nowrap; }
@container (max-width: 4rem) or (max-height: 1.2rem) { main span { display: none; } }
main a:hover, main a:focus { filter: brightness(1.15); outline: 3px solid currentcolor; outline-offset: -3px; }
main a:is(:hover, :focus)::after { content: attr(aria-label); position: fixed; inset: auto 0 0 0; padding: .6rem 1rem;
  background: Canvas; color: CanvasText; border-top: 1px solid currentcolor; font-size: .95rem; z-index: 1; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: left; padding: .15rem 1rem .15rem 0; overflow-wrap: anywhere; }
th:nth-last-child(-n + 2), td:nth-last-child(-n + 2) { text-align: right; }
i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; background: hsl(var(--hue) 45% var(--tile)); }
`;

const kib = (bytes: number): string => (bytes / 1024).toFixed(1);

const lastOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1);

/** A place inside of an area, both in the same unit. */
const styleOf = (
  { left, top, width, height }: Box,
  area: { readonly width: number; readonly height: number },
): string =>
  [
    ["left", left / area.width],
    ["top", top / area.height],
    ["width", width / area.width],
    ["height", height / area.height],
  ]
    .map(([name, share]) => `${name}:${(100 * Number(share)).toFixed(3)}%`)
    .join(";");
