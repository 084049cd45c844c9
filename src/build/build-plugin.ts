import { join } from "node:path";

import { version as esbuildVersion, type Metafile } from "esbuild";

import { bundleFiles } from "../bundle/format.ts";
import { CODE_FILE, MANIFEST_FILE, type OpenBundle } from "../domain/bundle.ts";
import { canonical } from "../domain/canonical.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { failWith, TradsysError } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Files } from "../platform/files.ts";
import { openCompilation, type Compilation } from "./compile.ts";
import { debugArtifact } from "./debug.ts";
import { inspect } from "./inspect.ts";
import { sourceLocator } from "./locate.ts";
import { billOfMaterials, licenseNotices } from "./notices.ts";
import { beginEntry, packBundle } from "./pack.ts";
import { nameInputs, packageFinder, packagesOf, type Input } from "./packages.ts";
import { sharesOf, type Share } from "./sizes.ts";

/** Largest source file that is read, in bytes. */
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;

export interface BuiltBundle extends OpenBundle {
  readonly fileName: string;
  readonly bytes: Buffer;
  /** Source map and metafile, where they were asked for. */
  readonly debug: { readonly fileName: string; readonly bytes: Buffer } | undefined;
  /** `name@version` of every npm package inside. */
  readonly packages: readonly string[];
  /** Absolute paths of the folders of these. */
  readonly packageFolders: readonly string[];
  /** What the code is made of, the largest first. */
  readonly shares: readonly Share[];
  /** What esbuild read. Its paths are relative to the plugin's folder. */
  readonly metafile: Metafile;
  readonly warnings: readonly Diagnostic[];
}

interface BuildOptions {
  /** Makes the second artifact too. */
  readonly debug?: boolean;
}

/** Builds one plugin, again and again if need be. */
export interface PluginBuild extends AsyncDisposable {
  /** @throws {TradsysError} `ENTRY_MISSING`, or whatever is wrong with the sources. */
  build(): Promise<BuiltBundle>;
}

/**
 * Compiles a plugin's sources into a bundle. Equal sources give equal bytes, wherever the folder is.
 *
 * @param folder Absolute path of the folder that holds `plugin.yaml`, without symbolic links.
 * @throws {TradsysError} `ENTRY_MISSING`, or whatever is wrong with the sources.
 */
export async function buildPlugin(manifest: Manifest, folder: string, files: Files): Promise<BuiltBundle> {
  await using opened = await openBuild(manifest, folder, { files });
  return await opened.build();
}

/** Prepares to build a plugin; what did not change between two builds is not compiled twice. */
export async function openBuild(
  manifest: Manifest,
  folder: string,
  { files, debug = false }: BuildOptions & { readonly files: Files },
): Promise<PluginBuild> {
  const compilation = await openCompilation(manifest, folder, { sourceMap: debug });
  return {
    async build() {
      await refuseMissingEntry(manifest, folder, files);
      return bundleOf(compilation, { manifest, folder, files, debug });
    },
    [Symbol.asyncDispose]: () => compilation[Symbol.asyncDispose](),
  };
}

interface Source extends BuildOptions {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly files: Files;
}

async function bundleOf(compilation: Compilation, source: Source): Promise<BuiltBundle> {
  const { manifest, folder, files, debug } = source;
  const findPackage = packageFinder(files);
  const compiled = await compilation.compile(findPackage);
  const { code, options, metafile } = compiled;
  // Other threads compress the code while this one looks at it.
  const packing = beginEntry(CODE_FILE, code);
  const inputs = await nameInputs(compiled.inputs, folder, findPackage);
  const packages = packagesOf(inputs);
  const [findings, licenses, inputsDigest] = await Promise.all([
    inspect({
      manifest,
      folder,
      metafile,
      code: Buffer.from(code).toString(),
      packages,
      locator: () => sourceLocator(manifest, folder, files),
    }),
    licenseNotices(packages, files),
    digestInputs(manifest, inputs, files),
  ]);
  if (findings.some(({ severity }) => severity === "error")) throw failWith(findings);

  const packed = await packBundle(
    { ...manifest, build: { esbuild: esbuildVersion, options, inputs: inputsDigest } },
    new Map([
      ["LICENSES.txt", Buffer.from(licenses)],
      ["sbom.cdx.json", Buffer.from(billOfMaterials(manifest, packages))],
    ]),
    [packing],
  );
  const names = bundleFiles(manifest);
  const manifestText = packed.files.get(MANIFEST_FILE)?.toString() ?? "";
  return {
    ...packed,
    fileName: names.packed,
    debug: debug
      ? {
          fileName: names.packed.replace(/\.tar\.gz$/, "-debug.tar.gz"),
          bytes: await debugArtifact(compiled, { manifest: manifestText, folder, findPackage }),
        }
      : undefined,
    packages: packages.map(({ name, version }) => `${name}@${version}`),
    packageFolders: packages.map((each) => each.folder),
    shares: sharesOf(metafile, inputs, folder),
    metafile,
    warnings: [...compiled.warnings, ...findings],
  };
}

async function refuseMissingEntry(manifest: Manifest, folder: string, files: Files): Promise<void> {
  if ((await files.kind(join(folder, manifest.entry))) === "file") return;
  throw new TradsysError(
    "ENTRY_MISSING",
    `the entry \`${manifest.entry}\` of ${manifest.name} does not exist`,
    {
      hint: "`entry` names a source file relative to plugin.yaml.",
      location: { file: join(folder, "plugin.yaml") },
    },
  );
}

async function digestInputs(manifest: Manifest, inputs: readonly Input[], files: Files): Promise<Digest> {
  const digests = await Promise.all(
    inputs.map(async ({ name, path }) => [name, sha256(await files.read(path, MAX_SOURCE_BYTES))] as const),
  );
  return sha256(canonical([manifest, digests]));
}
