import { createRequire } from "node:module";
import { dirname } from "node:path";

import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";

import { isNodeBuiltin } from "../domain/builtins.ts";
import { isInstalled, type FindPackage, type NpmPackage } from "./packages.ts";

/** What plugin authors import; always this product's own, wherever the plugin's folder is. */
const AUTHOR_API = "tradsys/plugin";

/** A specifier that is neither a path nor begins with `node:`; Go's expressions have no lookahead. */
const BARE = /^(?:[^./n]|n(?:[^o]|o(?:[^d]|d(?:[^e]|e(?:[^:]|$)|$)|$)|$))/;

/** Marks a resolution that this plugin itself asked for. */
const ASKED = Symbol("asked");

/**
 * Resolves the imports that a plugin's dependencies are known to stumble over:
 * - `tradsys/plugin` comes from the toolchain, so that a plugin folder needs no install of its own;
 * - what a package declares optional (a peer or a dependency) stays a `require`, installed here or not: the
 *   loader answers it with MODULE_NOT_FOUND, which such packages expect, and every machine builds the same;
 * - a deep import by the plugin's author that a package's `exports` map blocks is taken from the package's folder, with a warning:
 *   it is the only way to take one venue of a library that exports them all through one file.
 */
export const importRules = (findPackage: FindPackage): Plugin => ({
  name: "import-rules",
  setup(build) {
    build.onResolve({ filter: BARE }, async (args): Promise<OnResolveResult | undefined> => {
      const { path, importer, resolveDir, kind, pluginData } = args;
      if (kind === "entry-point" || pluginData === ASKED || isNodeBuiltin(path)) return undefined;
      if (path === AUTHOR_API) return { path: createRequire(import.meta.url).resolve(AUTHOR_API) };
      if (isOptionalFor(await findPackage(importer), path)) return { path, external: true };
      // A published package that goes past an exports map works nowhere: esbuild alone says the same, and faster.
      if (isInstalled(importer)) return undefined;

      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: ASKED });
      if (found.errors.length === 0) return found;
      const deep = await deepImport(build, args);
      const text = `${path} is not among the exports of its package`;
      // Otherwise esbuild says what is wrong, unless the code is ready to do without: `try { require("x") } catch {}`.
      return deep ? { path: deep, warnings: [{ text, detail: "IMPORT_DEEP" }] } : undefined;
    });
  },
});

const [PACKAGE_NAME, SUBPATH] = [1, 2];
const splitSpecifier = (specifier: string) => /^((?:@[^/]+\/)?[^/]+)\/?(.*)$/.exec(specifier);

/** The file that a blocked deep import means, looked up the way Node walks `node_modules`. */
async function deepImport(build: PluginBuild, args: OnResolveArgs): Promise<string | undefined> {
  const { path, importer, kind } = args;
  if (splitSpecifier(path)?.[SUBPATH] === "") return undefined;
  for (let folder = args.resolveDir; ; folder = dirname(folder)) {
    // A relative path is what an `exports` map has no say in.
    const file = `./node_modules/${path}`;
    const found = await build.resolve(file, { importer, kind, resolveDir: folder, pluginData: ASKED });
    if (found.errors.length === 0) return found.path;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether the importing package declares the wanted one as something it can do without. */
function isOptionalFor(owner: NpmPackage | undefined, specifier: string): boolean {
  const name = splitSpecifier(specifier)?.[PACKAGE_NAME];
  if (name === undefined || owner === undefined) return false;
  const { optionalDependencies, peerDependenciesMeta } = owner.json;
  return optionalDependencies?.[name] !== undefined || peerDependenciesMeta?.[name]?.optional === true;
}
