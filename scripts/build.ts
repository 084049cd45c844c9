/** Builds the package: validators from schemas, one set of ES modules with shared chunks, type declarations. */
import { execFile } from "node:child_process";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { build, type BuildOptions } from "esbuild";
import { rollup, type ExistingRawSourceMap } from "rollup";

import manifest from "../package.json" with { type: "json" };
import { licenseNotices } from "../src/build/notices.ts";
import { nameInputs, packageFinder, packagesOf } from "../src/build/packages.ts";
import { nodeFiles } from "../src/platform/files.ts";
import { compileSchemas } from "./compile-schemas.ts";

const root = dirname(import.meta.dirname);
const dist = join(root, "dist");

await compileSchemas();
await rm(dist, { recursive: true, force: true });
const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Everything that every start needs comes along in few files; large tools are loaded where they are used.
  external: Object.keys(manifest.dependencies),
  // The form that yaml gives to bundlers: ES modules, of which only what is used comes along.
  alias: { yaml: join(root, "node_modules/yaml/browser/index.js") },
  chunkNames: "chunks/[name]-[hash]",
  // Comments and spacing are a third of what every start would have to read.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
} as const satisfies BuildOptions;
const { metafile } = await build({
  ...common,
  entryPoints: {
    index: "src/index.ts",
    "plugin/index": "src/plugin/index.ts",
    "testing/index": "src/testing/index.ts",
    "risk/index": "src/risk/index.ts",
    "exchange/index": "src/exchange/index.ts",
    "cli/tradsys": "src/cli/tradsys.ts",
    "cli/build-plugin": "src/cli/build-plugin.ts",
    "cli/smoke": "src/cli/smoke/smoke.ts",
  },
  metafile: true,
});
// By themselves, each one file and what it may never load: a trading process waits for every file that it reads.
await build({ ...common, entryPoints: { "runtime/compile-child": "src/runtime/loading/compile-child.ts" } });
const pieces = join(dist, "pieces");
await build({ ...common, outdir: pieces, entryPoints: { "runtime/index": "src/runtime/index.ts" } });
await inFewFiles(join(pieces, "runtime/index.js"));
await rm(pieces, { recursive: true });
// By its name a module: an isolate that starts reads this one file, and no package.json to learn what it is.
await build({
  ...common,
  entryPoints: { "runtime/isolated-plugin": "src/runtime/isolation/child.ts" },
  outExtension: { ".js": ".mjs" },
});
const sources = Object.keys(metafile.inputs).map((input) => join(root, input));
const packages = packagesOf(await nameInputs(sources, root, packageFinder(nodeFiles)));
await writeFile(join(dist, "LICENSES.txt"), await licenseNotices(packages, nodeFiles));
await Promise.all(["tradsys", "build-plugin"].map((name) => chmod(join(dist, "cli", `${name}.js`), 0o755)));

if (!process.argv.includes("--no-types")) {
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const project = join(root, "scripts/tsconfig.declarations.json");
  await promisify(execFile)(process.execPath, [join(dirname(tsc), "bin/tsc"), "-p", project], { cwd: root });
}

/**
 * esbuild gives what several parts share files of their own, nine of them to wait for. Rollup leaves it in one, which
 * what is loaded later takes it from; beside it only the file that exports what is public.
 */
async function inFewFiles(entry: string): Promise<void> {
  const bundle = await rollup({
    input: { "runtime/index": entry },
    external: (id) => isBuiltin(id),
    logLevel: "silent",
    plugins: [
      {
        name: "source-maps",
        load: async (file) => ({
          code: await readFile(file, "utf8"),
          map: JSON.parse(await readFile(`${file}.map`, "utf8")) as ExistingRawSourceMap,
        }),
      },
    ],
  });
  const [entryFileNames, chunkFileNames] = ["[name].js", "chunks/[name]-[hash].js"];
  await bundle.write({
    dir: dist,
    format: "esm",
    entryFileNames,
    chunkFileNames,
    compact: true,
    sourcemap: true,
  });
  await bundle.close();
}
