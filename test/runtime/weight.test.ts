import { isBuiltin } from "node:module";
import { join } from "node:path";

import { build } from "esbuild";
import { expect, it } from "vitest";

const repository = join(import.meta.dirname, "../..");

it("is made of its own sources and of nothing that builds, resolves or reads manifests", async () => {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: ["src/runtime/index.ts"],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    outdir: "dist",
  });
  const folders = Object.keys(metafile.inputs).map((input) => input.split("/").slice(0, 2).join("/"));
  expect(new Set(folders)).toEqual(
    new Set([
      "src/bundle",
      "src/domain",
      "src/platform",
      "src/plugin",
      "src/runtime",
      "src/signing",
      "src/store",
    ]),
  );
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(outside.filter((path) => !isBuiltin(path))).toEqual([]);
});
