import { SourceMap } from "node:module";
import { join } from "node:path";

import type { Location, Position } from "../domain/diagnostic.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Files } from "../platform/files.ts";
import { CODE_FOLDER, openCompilation } from "./compile.ts";
import { packageFinder } from "./packages.ts";

/** The place in the sources that a place in the compiled code comes from. */
export type Locate = (place: Position) => Location | undefined;

/**
 * Compiles a plugin once more, for its source map. Only what has gone wrong is located: a build where all is well
 * does not pay for a map.
 */
export async function sourceLocator(manifest: Manifest, folder: string, files: Files): Promise<Locate> {
  await using compilation = await openCompilation(manifest, folder, { sourceMap: true });
  const { map } = await compilation.compile(packageFinder(files));
  if (!map) throw new TypeError("esbuild wrote no source map");
  const sourceMap = new SourceMap(JSON.parse(Buffer.from(map).toString()));
  return ({ line, column }) => {
    const origin = sourceMap.findEntry(line - 1, column - 1);
    if (!("originalSource" in origin)) return undefined;
    return {
      file: join(folder, CODE_FOLDER, origin.originalSource),
      start: { line: origin.originalLine + 1, column: origin.originalColumn + 1 },
    };
  };
}

/** The line and column of an index into a text. */
export function positionAt(text: string, index: number): Position {
  const before = text.slice(0, index);
  return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
}
