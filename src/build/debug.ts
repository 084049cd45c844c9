import { resolve } from "node:path";

import type { Metafile } from "esbuild";

import { CODE_FILE } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import { CODE_FOLDER, type Compiled } from "./compile.ts";
import { packBehind } from "./pack.ts";
import { nameInputs, type FindPackage } from "./packages.ts";

interface Sources {
  /** `plugin.json` of the bundle. */
  readonly manifest: string;
  /** Absolute path of the plugin's folder. */
  readonly folder: string;
  readonly findPackage: FindPackage;
}

/**
 * The second artifact of a build: the source map and esbuild's metafile, which help to understand a bundle and are
 * not needed to run it. Sources go by the names that they have on every machine, so that it is as reproducible as
 * the bundle; it starts with the bundle's own `plugin.json`, which says by digest what the map belongs to.
 */
export async function debugArtifact(
  { map, metafile, inputs }: Compiled,
  { manifest, folder, findPackage }: Sources,
): Promise<Buffer> {
  const parsed = JSON.parse(Buffer.from(map ?? []).toString()) as { readonly sources: readonly string[] };
  // Packages that come with maps of their own are traced to what those name.
  const traced = parsed.sources.map((source) => resolve(folder, CODE_FOLDER, source));
  const named = await nameInputs([...new Set([...inputs, ...traced])], folder, findPackage);
  const names = new Map(named.map(({ name, path }) => [path, name]));
  const nameOf = (path: string): string => names.get(resolve(folder, path)) ?? path;
  const files = {
    [`${CODE_FILE}.map`]: canonical({ ...parsed, sources: traced.map(nameOf) }),
    "metafile.json": canonical(renamed(metafile, nameOf)),
  };
  return packBehind(
    manifest,
    new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
  );
}

/** Without the map's own entry: how many bytes esbuild wrote there depends on how long the paths here are. */
function renamed({ inputs, outputs }: Metafile, nameOf: (path: string) => string): Metafile {
  const keyed = <T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(record).map(([path, value]) => [nameOf(path), change(value)]));
  const { entryPoint = "", ...code } = outputs[CODE_FILE] ?? {
    imports: [],
    exports: [],
    inputs: {},
    bytes: 0,
  };
  return {
    inputs: keyed(inputs, (input) => ({
      ...input,
      imports: input.imports.map((each) => (each.external ? each : { ...each, path: nameOf(each.path) })),
    })),
    outputs: {
      [CODE_FILE]: { ...code, entryPoint: nameOf(entryPoint), inputs: keyed(code.inputs, (input) => input) },
    },
  };
}
