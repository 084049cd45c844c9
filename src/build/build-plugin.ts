import { join } from "node:path";

import { version as esbuildVersion } from "esbuild";

import { bundleFiles } from "../bundle/format.ts";
import { CODE_FILE, type BundleManifest } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Files } from "../platform/files.ts";
import { compilePlugin } from "./compile.ts";
import { billOfMaterials, licenseNotices } from "./notices.ts";
import { packBundle } from "./pack.ts";
import { nameInputs, packageFinder, packagesOf, type Input } from "./packages.ts";

/** Largest source file that is read, in bytes. */
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;

export interface BuiltBundle {
  readonly fileName: string;
  readonly bytes: Buffer;
  readonly content: Digest;
  readonly blob: Digest;
  readonly manifest: BundleManifest;
  /** `name@version` of every npm package inside. */
  readonly packages: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * Compiles a plugin's sources into a bundle. Equal sources give equal bytes, wherever the folder is.
 *
 * @param folder Absolute path of the folder that holds `plugin.yaml`.
 * @throws {TradsysError} `ENTRY_MISSING`, or what `compilePlugin` finds in the sources.
 */
export async function buildPlugin(manifest: Manifest, folder: string, files: Files): Promise<BuiltBundle> {
  if ((await files.kind(join(folder, manifest.entry))) !== "file") {
    throw new TradsysError(
      "ENTRY_MISSING",
      `the entry \`${manifest.entry}\` of ${manifest.name} does not exist`,
      {
        hint: "`entry` names a source file relative to plugin.yaml.",
        location: { file: join(folder, "plugin.yaml") },
      },
    );
  }
  const findPackage = packageFinder(files);
  const compiled = await compilePlugin(manifest, folder, findPackage);
  const { code, options, warnings } = compiled;
  const inputs = await nameInputs(compiled.inputs, folder, findPackage);
  const packages = packagesOf(inputs);
  const [licenses, inputsDigest] = await Promise.all([
    licenseNotices(packages, files),
    digestInputs(manifest, inputs, files),
  ]);

  const packed = packBundle(
    { ...manifest, build: { esbuild: esbuildVersion, options, inputs: inputsDigest } },
    new Map([
      [CODE_FILE, code],
      ["LICENSES.txt", Buffer.from(licenses)],
      ["sbom.cdx.json", Buffer.from(billOfMaterials(manifest, packages))],
    ]),
  );
  return {
    ...packed,
    fileName: bundleFiles(manifest).packed,
    packages: packages.map(({ name, version }) => `${name}@${version}`),
    warnings,
  };
}

async function digestInputs(manifest: Manifest, inputs: readonly Input[], files: Files): Promise<Digest> {
  const digests = await Promise.all(
    inputs.map(async ({ name, path }) => [name, sha256(await files.read(path, MAX_SOURCE_BYTES))] as const),
  );
  return sha256(canonical([manifest, digests]));
}
