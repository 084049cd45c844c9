import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { buildPlugin } from "../../src/build/build-plugin.ts";
import type { Manifest } from "../../src/domain/manifest.ts";
import { parsePlugin } from "../../src/manifest/parse.ts";
import { nodeFiles } from "../../src/platform/files.ts";

/** A temporary folder with these files, by their path in it. */
export async function folderWith(files: Readonly<Record<string, string>>) {
  const folder = await mkdtempDisposable(join(tmpdir(), "plugin-"));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return folder;
}

/** The manifest of a small plugin, with whatever is said about it beyond that. */
export function manifestWith(more: object = {}): Manifest {
  const parsed = parsePlugin(
    JSON.stringify({
      apiVersion: "tradsys/plugin/v1",
      kind: "indicator",
      name: "@acme/sample",
      version: "1.0.0",
      license: "Apache-2.0",
      entry: "src/index.ts",
      hostApi: "^3.0.0",
      facets: { main: {} },
      ...more,
    }),
    "plugin.yaml",
  );
  if (!parsed.ok) throw new TypeError(`a test used a bad manifest: ${JSON.stringify(parsed.error)}`);
  return parsed.value.value;
}

/** Builds the files as a plugin; paths are relative to its folder, which holds `src/index.ts`. */
export async function buildFiles(files: Readonly<Record<string, string>>, manifest: object = {}) {
  await using folder = await folderWith(files);
  return await buildPlugin(manifestWith(manifest), folder.path, nodeFiles);
}

/** What a build that fails is refused for. */
export async function refusalOf(files: Readonly<Record<string, string>>, manifest: object = {}) {
  await using folder = await folderWith(files);
  return await buildPlugin(manifestWith(manifest), folder.path, nodeFiles).then(
    () => undefined,
    (error: unknown) => error,
  );
}
