import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { expect, it } from "vitest";

import { parseAny } from "../../src/manifest/parse.ts";
import { checkSet } from "../../src/manifest/set/check-set.ts";

const root = dirname(dirname(import.meta.dirname));
const files = (await Array.fromAsync(glob("manifests/**/*.yaml", { cwd: root }))).toSorted();
const texts = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), "utf8")] as const)),
);

it("has something to look at", () => {
  expect(files.length).toBeGreaterThanOrEqual(8);
});

it.each(files)("%s has no findings, and tells editors its schema", (file) => {
  const text = texts.get(file) ?? "";
  const parsed = parseAny(text, join(root, file));
  expect(parsed.ok ? parsed.value.warnings : parsed.error).toEqual([]);
  const format = parsed.ok ? parsed.value.format : "";
  const schema = relative(dirname(file), `schemas/${format}.schema.json`);
  expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${schema}`);
});

it("contradicts itself nowhere", () => {
  const documents = files.flatMap((file) => {
    const parsed = parseAny(texts.get(file) ?? "", join(root, file));
    return parsed.ok ? [parsed.value] : [];
  });
  expect(checkSet(documents)).toEqual([]);
});
