import { join, resolve } from "node:path";

import type { Metafile } from "esbuild";

import { canonical } from "../domain/canonical.ts";
import { CODE_FOLDER, type Compiled } from "./compile.ts";
import { compress } from "./compress.ts";
import { archive } from "./pack.ts";
import type { Input } from "./packages.ts";

/**
 * The second artifact of a build: the source map and esbuild's metafile, which help to understand a bundle and are
 * not needed to run it. Sources go by the names that they have on every machine, so that it is as reproducible as
 * the bundle; it starts with the bundle's own `plugin.json`, which says by digest what the map belongs to.
 */
export async function debugArtifact(
  compiled: Compiled,
  {
    manifest,
    folder,
    inputs,
  }: { readonly manifest: string; readonly folder: string; readonly inputs: readonly Input[] },
): Promise<Buffer> {
  const names = new Map(inputs.map(({ name, path }) => [path, name]));
  const nameOf = (path: string): string => names.get(resolve(folder, path)) ?? path;
  const map = compiled.map && {
    "dist/plugin.js.map": named(compiled.map, (path) => nameOf(join(CODE_FOLDER, path))),
  };
  return compress(
    archive(
      manifest,
      new Map(
        Object.entries({ ...map, "metafile.json": canonical(renamed(compiled.metafile, nameOf)) }).map(
          ([file, text]) => [file, Buffer.from(text)],
        ),
      ),
    ),
  );
}

function named(bytes: Uint8Array, nameOf: (path: string) => string): string {
  const map = JSON.parse(Buffer.from(bytes).toString()) as { readonly sources: readonly string[] };
  return canonical({ ...map, sources: map.sources.map(nameOf) });
}

function renamed({ inputs, outputs }: Metafile, nameOf: (path: string) => string): Metafile {
  const keyed = <T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(record).map(([path, value]) => [nameOf(path), change(value)]));
  return {
    inputs: keyed(inputs, (input) => ({
      ...input,
      imports: input.imports.map((each) => (each.external ? each : { ...each, path: nameOf(each.path) })),
    })),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([path, output]) => [
        path,
        {
          ...output,
          ...(output.entryPoint !== undefined && { entryPoint: nameOf(output.entryPoint) }),
          inputs: keyed(output.inputs, (input) => input),
        },
      ]),
    ),
  };
}
