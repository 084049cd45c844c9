import { glob } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import type { Diagnostic } from "../../domain/diagnostic.ts";
import type { Io } from "../command.ts";

export interface FoundFile {
  /** Absolute path. */
  readonly path: string;
  /** Named by the user, or after what it must be. Anything else counts only if its text says what it is. */
  readonly certain: boolean;
}

interface Found {
  /** Each once, in the order of the arguments and then by path. */
  readonly files: readonly FoundFile[];
  /** Folders where a change may change what is found, or what is in it. */
  readonly folders: readonly string[];
  /** One finding for each argument that leads to nothing. */
  readonly missing: readonly Diagnostic[];
}

/**
 * The manifests that arguments stand for: files, folders with all that is below them, and patterns, for shells
 * that leave them alone.
 */
export async function findManifests(io: Io, args: readonly string[]): Promise<Found> {
  const found = await Promise.all(args.map((arg) => find(io, arg)));
  const byPath = new Map<string, FoundFile>();
  for (const file of found.flatMap(({ files }) => files)) {
    if (!byPath.get(file.path)?.certain) byPath.set(file.path, file);
  }
  return {
    files: [...byPath.values()],
    folders: [...new Set(found.flatMap(({ folders }) => folders))],
    missing: found.flatMap(({ missing }) => missing),
  };
}

async function find(io: Io, arg: string): Promise<Found> {
  const path = resolve(io.cwd, arg);
  const kind = await io.files.kind(path);
  if (kind === "folder") return below(path);
  if (kind !== "missing") return ofFiles([path]);
  if (!/[*?[{]/.test(arg)) return nothing(path, "there is no such file");
  const { files } = await matching(arg, io.cwd, isInstalled);
  return files.length > 0 ? ofFiles(files) : nothing(path, "no file matches this pattern");
}

async function below(folder: string): Promise<Found> {
  const { files, folders } = await matching("**", folder, isNotSource);
  const candidates = files
    .filter((path) => /\.(?:ya?ml|json)$/.test(path))
    .map((path) => ({ path, certain: /[\\/]plugin\.yaml$/.test(path) }));
  return { files: candidates, folders: [folder, ...folders], missing: [] };
}

const isInstalled = (name: string): boolean => name === "node_modules";
const isNotSource = (name: string): boolean => isInstalled(name) || name === "dist" || /^\.[^.]/.test(name);

/** @param isSkipped Names of folders that are not entered. */
async function matching(pattern: string, cwd: string, isSkipped: (name: string) => boolean) {
  const found = glob(pattern, { cwd, withFileTypes: true, exclude: ({ name }) => isSkipped(name) });
  const entries = await Array.fromAsync(found);
  const paths = (wanted: boolean): string[] =>
    entries
      .filter((entry) => entry.isDirectory() === wanted)
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted();
  return { files: paths(false), folders: paths(true) };
}

const ofFiles = (paths: readonly string[]): Found => ({
  files: paths.map((path) => ({ path, certain: true })),
  folders: paths.map((path) => dirname(path)),
  missing: [],
});

const nothing = (file: string, message: string): Found => ({
  files: [],
  folders: [dirname(file)],
  missing: [{ code: "FILE_MISSING", severity: "error", message, location: { file } }],
});
