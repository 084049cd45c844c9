import { join, resolve } from "node:path";

import { build, version as esbuildVersion, type BuildOptions, type Message, type Metafile } from "esbuild";

import { isNodeBuiltin, mayUseBuiltin } from "../domain/builtins.ts";
import { canonical } from "../domain/canonical.ts";
import type { ErrorCode } from "../domain/codes.ts";
import type { Diagnostic } from "../domain/diagnostic.ts";
import { sha256 } from "../domain/digest.ts";
import { failWith } from "../domain/errors.ts";
import type { Digest } from "../domain/ids.ts";
import type { Manifest } from "../domain/manifest.ts";
import { importRules } from "./imports.ts";
import { isOwnSource, type FindPackage } from "./packages.ts";

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
} as const satisfies BuildOptions;

export interface Compiled {
  readonly code: Uint8Array;
  /** Absolute paths of every source file that went in. */
  readonly inputs: readonly string[];
  readonly options: Digest;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Compiles a plugin's sources into one function-wrapper module.
 *
 * @throws {TradsysError} with one diagnostic for each thing that is wrong, at its place in the source.
 */
export async function compilePlugin(
  manifest: Manifest,
  folder: string,
  findPackage: FindPackage,
): Promise<Compiled> {
  const result = await build({
    ...OPTIONS,
    absWorkingDir: folder,
    entryPoints: [`./${manifest.entry}`],
    outfile: "dist/plugin.js",
    external: [...manifest.hostProvided],
    plugins: [importRules(findPackage)],
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch((failure: unknown) => {
    if (isBuildFailure(failure)) throw failWith(distinct(failure.errors.map((e) => diagnostic(e, folder))));
    throw failure;
  });

  const { own, foreign } = forbiddenBuiltins(manifest, result.metafile, folder);
  if (own.length > 0) throw failWith(own);
  const [output] = result.outputFiles;
  if (!output) throw new TypeError("esbuild wrote no file");
  return {
    code: output.contents,
    inputs: Object.keys(result.metafile.inputs).map((input) => resolve(folder, input)),
    options: sha256(canonical({ ...OPTIONS, esbuild: esbuildVersion, hostProvided: manifest.hostProvided })),
    warnings: [
      ...distinct(result.warnings.map((warning) => diagnostic(warning, folder, "warning"))),
      ...foreign,
    ],
  };
}

/**
 * Built-ins that are imported and that the manifest's permissions do not grant. In the plugin's own code each is
 * an error. Third-party code may import what it never reaches; that gives one warning for all.
 */
function forbiddenBuiltins(manifest: Manifest, { inputs }: Metafile, folder: string) {
  const own: Diagnostic[] = [];
  const names = new Set<string>();
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { path, external } of imports) {
      if (external !== true || !isNodeBuiltin(path) || mayUseBuiltin(manifest.permissions, path)) continue;
      const name = path.replace(/^node:/, "");
      if (isOwnSource(file)) own.push(forbidden(name, join(folder, file)));
      else names.add(name);
    }
  }
  const list = [...names].toSorted().join(", ");
  const foreign: Diagnostic = {
    code: "IMPORT_FORBIDDEN",
    severity: "warning",
    message: `third-party code imports ${list}, which plugin.yaml does not permit; if it is reached, the loader refuses it`,
    hint: "Add to permissions.builtins what the plugin really needs.",
  };
  return { own, foreign: names.size > 0 ? [foreign] : [] };
}

const forbidden = (name: string, file: string): Diagnostic => ({
  code: "IMPORT_FORBIDDEN",
  severity: "error",
  message: `\`${name}\` is imported, and plugin.yaml does not permit it`,
  location: { file },
  hint: `If the plugin needs it, add \`${name}\` to permissions.builtins, or the hosts or paths it reaches to permissions.net or permissions.fs.`,
});

function diagnostic(
  message: Message,
  folder: string,
  severity: Diagnostic["severity"] = "error",
): Diagnostic {
  const { location, text } = message;
  const { code, hint } = classify(message);
  return {
    code,
    severity,
    message: text,
    ...(location && {
      location: {
        file: join(folder, location.file),
        start: { line: location.line, column: location.column + 1 },
        end: { line: location.line, column: location.column + Math.max(location.length, 1) + 1 },
      },
    }),
    ...(hint !== undefined && { hint }),
  };
}

function classify({ text, detail }: Message): { code: ErrorCode; hint?: string } {
  if (detail === "IMPORT_DEEP") {
    return {
      code: "IMPORT_DEEP",
      hint: "Pin the package to an exact version: its inside may change in any release.",
    };
  }
  if (text.startsWith("Top-level await")) {
    return {
      code: "TOP_LEVEL_AWAIT",
      hint: "Move it into `activate` or a facet's `start`, which may be async.",
    };
  }
  const unresolved = /^Could not resolve "([^"]+)"/.exec(text)?.[1];
  if (unresolved === undefined) return { code: "BUILD_FAILED" };
  const hint = /^[./]/.test(unresolved)
    ? "Check the path and the file's extension."
    : `Run \`npm install ${unresolved}\` where the plugin is built, or list it in hostProvided.`;
  return { code: "IMPORT_UNRESOLVED", hint };
}

const distinct = (found: readonly Diagnostic[]): Diagnostic[] => [
  ...new Map(found.map((d) => [canonical([d.code, d.message]), d])).values(),
];

const isBuildFailure = (error: unknown): error is { readonly errors: readonly Message[] } =>
  error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0;
