import { resolve } from "node:path";

import type { Metafile } from "esbuild";

import { CODE_FILE } from "../domain/bundle.ts";
import { byText } from "../domain/by-text.ts";
import type { Input } from "./packages.ts";

/** What one source file adds to the code of a bundle. */
export interface Share {
  /** `src/index.ts` of the plugin, or a path in its package. */
  readonly file: string;
  /** `name@version`; undefined for the plugin's own. */
  readonly package: string | undefined;
  readonly bytes: number;
}

/** Which sources the code of a bundle is made of, the largest first. Files of which nothing was kept are left out. */
export function sharesOf(metafile: Metafile, inputs: readonly Input[], folder: string): Share[] {
  const byPath = new Map(inputs.map((input) => [input.path, input]));
  return Object.entries(metafile.outputs[CODE_FILE]?.inputs ?? {})
    .flatMap(([path, { bytesInOutput: bytes }]): Share[] => {
      const input = byPath.get(resolve(folder, path));
      if (!input || bytes === 0) return [];
      const owner = input.package && `${input.package.name}@${input.package.version}`;
      const prefix = owner === undefined ? "" : `npm:${owner}/`;
      return [{ file: input.name.slice(prefix.length), package: owner, bytes }];
    })
    .toSorted((a, b) => b.bytes - a.bytes || byText(nameOf(a), nameOf(b)));
}

export const nameOf = ({ file, package: owner }: Share): string =>
  owner === undefined ? file : `${owner}/${file}`;
