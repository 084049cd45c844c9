import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";

import { isNodeBuiltin } from "../domain/builtins.ts";
import type { Files } from "../platform/files.ts";
import { packageAt } from "./packages.ts";

/** What plugin authors import; always this product's own, wherever the plugin's folder is. */
const AUTHOR_API = "tradsys/plugin";

/** Marks a resolution that this plugin itself asked for. */
const ASKED = Symbol("asked");

/**
 * Resolves the imports that a plugin's dependencies are known to stumble over:
 * - `tradsys/plugin` comes from the toolchain, so that a plugin folder needs no install of its own;
 * - a deep import that a package's `exports` map blocks is taken from the package's folder, with a warning:
 *   it is the only way to take one venue of a library that exports them all through one file;
 * - an optional peer or optional dependency that is not installed stays a `require`, which the loader answers
 *   with MODULE_NOT_FOUND: the package that declared it optional expects just that.
 */
export const importRules = (files: Files): Plugin => ({
  name: "import-rules",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      if (args.kind === "entry-point" || args.pluginData === ASKED || isNodeBuiltin(args.path))
        return undefined;
      if (args.path === AUTHOR_API) return { path: createRequire(import.meta.url).resolve(AUTHOR_API) };
      return resolvePackage(build, args, files);
    });
  },
});

async function resolvePackage(
  build: PluginBuild,
  args: OnResolveArgs,
  files: Files,
): Promise<OnResolveResult> {
  const { path, importer, resolveDir, kind } = args;
  const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: ASKED });
  if (found.errors.length === 0) {
    return {
      path: found.path,
      external: found.external,
      namespace: found.namespace,
      sideEffects: found.sideEffects,
    };
  }
  const deep = await deepImport(path, resolveDir, files);
  if (deep !== undefined) {
    const text = `${path} is not among the exports of its package`;
    return { path: deep, warnings: [{ text, detail: "IMPORT_DEEP" }] };
  }
  if (await isOptional(path, importer, files)) return { path, external: true };
  return { errors: found.errors };
}

const [PACKAGE_NAME, SUBPATH] = [1, 2];
const splitSpecifier = (specifier: string) => /^((?:@[^/]+\/)?[^/]+)\/?(.*)$/.exec(specifier);

/** The file that a blocked deep import means, looked up the way Node walks `node_modules`. */
async function deepImport(specifier: string, from: string, files: Files): Promise<string | undefined> {
  const parts = splitSpecifier(specifier);
  const [name, subpath] = [parts?.[PACKAGE_NAME], parts?.[SUBPATH]];
  if (name === undefined || subpath === undefined || subpath === "" || subpath.includes(".."))
    return undefined;
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name, subpath);
    if ((await files.kind(path)) === "file") return path;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether the importing package declares the wanted one as something it can do without. */
async function isOptional(specifier: string, importer: string, files: Files): Promise<boolean> {
  const name = splitSpecifier(specifier)?.[PACKAGE_NAME];
  const owner = await packageAt(importer, files);
  if (name === undefined || owner === undefined) return false;
  const { optionalDependencies, peerDependenciesMeta } = owner.json;
  return optionalDependencies?.[name] !== undefined || peerDependenciesMeta?.[name]?.optional === true;
}
