import { resolve } from "node:path";

import { context, stop, version as esbuildVersion, type BuildOptions, type Metafile } from "esbuild";

import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import { importRules } from "./imports.ts";
import { buildFailure, diagnosticsOf } from "./messages.ts";
import { unavailableGlobals } from "./network.ts";
import type { FindPackage } from "./packages.ts";

/** What decides the output besides the sources. Recorded by digest in every bundle. */
const OPTIONS = {
  bundle: true,
  // One function-wrapper module: the form that starts fastest from verified bytes and that can be unloaded.
  format: "cjs",
  platform: "node",
  target: "node24",
  // A dynamic import would go around the loader's `require`.
  supported: { "dynamic-import": false },
  // Whitespace and syntax are minified also for reproducibility: unminified output names folders in comments.
  minify: true,
  // Libraries tell errors apart by class name.
  keepNames: true,
  treeShaking: true,
  legalComments: "none",
  charset: "utf8",
  // A tsconfig.json that happens to lie above the plugin must not change what is built.
  tsconfigRaw: "{}",
  nodePaths: [],
  sourcesContent: false,
} as const satisfies BuildOptions;

/** Where the code is written, as far as source maps are concerned. */
export const CODE_FOLDER = "dist";

export interface Compiled {
  readonly code: Uint8Array;
  /** The source map, where one was asked for. Its paths are relative to `CODE_FOLDER` in the plugin's folder. */
  readonly map: Uint8Array | undefined;
  /** Paths in it are relative to the plugin's folder. */
  readonly metafile: Metafile;
  /** Absolute paths of every source file that went in. */
  readonly inputs: readonly string[];
  readonly options: Digest;
  readonly warnings: readonly Diagnostic[];
}

/** A plugin that is compiled again and again: what did not change is not read again. */
export interface Compilation extends AsyncDisposable {
  /** @throws {TradsysError} with one diagnostic for each thing that is wrong, at its place in the source. */
  compile(findPackage: FindPackage): Promise<Compiled>;
}

/** Ends the process that compiles, once nothing is open any more: left alone it would complain at the end of ours. */
export const stopCompiler = (): Promise<void> => stop();

/** Prepares to compile a plugin's sources into one function-wrapper module. */
export async function openCompilation(
  manifest: Manifest,
  folder: string,
  { sourceMap = false }: { readonly sourceMap?: boolean } = {},
): Promise<Compilation> {
  const chosen = { ...OPTIONS, define: unavailableGlobals(manifest), external: [...manifest.hostProvided] };
  const packages: { find: FindPackage } = { find: async () => undefined };
  const building = await context({
    ...chosen,
    absWorkingDir: folder,
    entryPoints: [`./${manifest.entry}`],
    outfile: `${CODE_FOLDER}/plugin.js`,
    plugins: [importRules((file) => packages.find(file))],
    // In a file of its own and not named by the code: with a map or without, the code is the same.
    sourcemap: sourceMap && "external",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const options = sha256(canonical({ ...chosen, esbuild: esbuildVersion }));
  return {
    async compile(findPackage) {
      packages.find = findPackage;
      const { metafile, outputFiles, warnings } = await building.rebuild().catch((failure: unknown) => {
        throw buildFailure(failure, folder);
      });
      const code = outputFiles.find(({ path }) => path.endsWith(".js"))?.contents;
      if (!code) throw new TypeError("esbuild wrote no file");
      return {
        code,
        map: outputFiles.find(({ path }) => path.endsWith(".map"))?.contents,
        metafile,
        inputs: Object.keys(metafile.inputs).map((input) => resolve(folder, input)),
        options,
        warnings: diagnosticsOf(warnings, folder, "warning"),
      };
    },
    [Symbol.asyncDispose]: () => building.dispose(),
  };
}
